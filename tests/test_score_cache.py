"""What a teacher has scored is kept."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy
import pytest

from scripts.distill.errors import InputError
from scripts.distill.score_cache import KEYS_PER_QUERY, open_cache

from .conftest import ROOT

LABELS = ["bad", "good"]
WRITER = """
import sys
import numpy
from pathlib import Path
from scripts.distill.score_cache import open_cache
with open_cache(Path(sys.argv[1]), "teacher", ["bad", "good"]) as cache:
    for i in range(200):
        cache.put([f"text {i}", f"{sys.argv[2]} {i}"], numpy.full((2, 2), i, dtype="float32"))
"""


def test_scores_come_back_by_text(tmp_path: Path) -> None:
    logits = numpy.array([[1.5, -2.0], [0.1, 7.0]], dtype="float32")
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        assert cache.get(["a lamp", "été 🎉"]) == {}
        cache.put(["a lamp", "été 🎉"], logits)
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        found = cache.get(["another", "été 🎉", "a lamp", "A lamp"])
    assert sorted(found) == [1, 2]
    numpy.testing.assert_array_equal(found[1], logits[1])
    numpy.testing.assert_array_equal(found[2], logits[0])


def test_labels_are_told_apart_by_name(tmp_path: Path) -> None:
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        cache.put(["a lamp"], numpy.array([[1, 2]], dtype="float32"))
    with open_cache(tmp_path, "teacher", LABELS[::-1]) as cache:
        numpy.testing.assert_array_equal(cache.get(["a lamp"])[0], [2, 1])
        cache.put(["a pan"], numpy.array([[4, 3]], dtype="float32"))
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        numpy.testing.assert_array_equal(cache.get(["a pan"])[0], [3, 4])
    with (
        pytest.raises(InputError, match=r"bad, good, wanted joy, anger"),
        open_cache(tmp_path, "teacher", ["joy", "anger"]),
    ):
        pass


def test_teachers_share_nothing(tmp_path: Path) -> None:
    with open_cache(tmp_path, "one", LABELS) as cache:
        cache.put(["a lamp"], numpy.zeros((1, 2), dtype="float32"))
    with open_cache(tmp_path, "other", LABELS) as cache:
        assert cache.get(["a lamp"]) == {}


def test_more_texts_than_a_query_takes(tmp_path: Path) -> None:
    texts = [str(i) for i in range(2 * KEYS_PER_QUERY + 1)]
    logits = numpy.arange(2 * len(texts), dtype="float32").reshape(-1, 2)
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        cache.put(texts, logits)
        found = cache.get(texts)
    numpy.testing.assert_array_equal(numpy.stack([found[i] for i in range(len(texts))]), logits)


def test_processes_write_at_once(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], cwd=ROOT)
        for name in ("one", "two")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    texts = [f"{name} {i}" for name in ("text", "one", "two") for i in range(200)]
    with open_cache(tmp_path, "teacher", LABELS) as cache:
        found = cache.get(texts)
    assert [found[i].tolist() for i in range(600)] == [[i % 200] * 2 for i in range(600)]


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_damaged_files_are_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "teacher.sqlite"
    if content is None:  # a database of something else
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE scores (a INTEGER)")
        connection.close()
    else:
        path.write_bytes(content)
    with (
        pytest.raises(InputError, match=r"teacher\.sqlite.*damaged or something else, delete it"),
        open_cache(tmp_path, "teacher", LABELS) as cache,
    ):
        cache.get(["a lamp"])


@pytest.mark.parametrize("inside", ["", "more/scores"])
def test_folders_that_cannot_be_made_are_named(tmp_path: Path, inside: str) -> None:
    (tmp_path / "scores").write_text("no folder")
    with (
        pytest.raises(InputError, match=r"Can't keep scores in .*scores: .*--vars\.score_cache"),
        open_cache(tmp_path / "scores" / inside, "teacher", LABELS),
    ):
        pass
    assert (tmp_path / "scores").read_text() == "no folder"


def test_locked_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.distill.score_cache.WAIT_SECONDS", 0.1)
    with open_cache(tmp_path, "teacher", LABELS):
        pass
    with closing(sqlite3.connect(tmp_path / "teacher.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(
                InputError, match=r"teacher\.sqlite: database is locked.*Wait for the other"
            ),
            open_cache(tmp_path, "teacher", LABELS) as cache,
        ):
            cache.put(["a lamp"], numpy.zeros((1, 2), dtype="float32"))
