"""Folders of shards: scored here and by Ray, the same; gone on with where a run ended."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.distill.black_box import note_black_box
from scripts.distill.errors import InputError
from scripts.distill.records import POOL, read_scores, read_texts, read_texts_meta
from scripts.distill.shards import score_shards

from .conftest import Run, RunStep, make_reviews

TEXTS = [str(row["text"]) for row in make_reviews(60)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write texts as plain Parquet files, so many in each."""

    def write_shards(sizes: list[int], name: str = "shards") -> Path:
        folder, start = tmp_path / name, 0
        folder.mkdir()
        for i, size in enumerate(sizes):
            table = pa.table({"id": list(range(size)), "text": TEXTS[start : start + size]})
            pq.write_table(table, folder / f"part-{i}.parquet")
            start += size
        return folder

    return write_shards


@pytest.fixture
def black_box(tmp_path: Path, reviews: Path, run_step: RunStep) -> Path:
    """A teacher that needs no transformer."""
    (tmp_path / "pool").mkdir()
    assert run_step("prepare", reviews, tmp_path / "corpus", "--pool", tmp_path / "pool").code == 0
    note_black_box("tests.black_boxes:score", tmp_path / "corpus", tmp_path / "teacher", lang="en")
    return tmp_path / "teacher"


def test_shards_are_scored_and_not_again(
    write: Callable[..., Path], black_box: Path, tmp_path: Path
) -> None:
    shards, output = write([20, 10, 30]), tmp_path / "scores"
    assert score_shards(black_box, shards, output) == (3, 60, 0)
    files = sorted(output.iterdir())
    assert [file.name for file in files] == [f"part-{i}.parquet" for i in range(3)]
    assert [text for file in files for text in read_scores(file).texts] == TEXTS
    rows = list(read_texts(files[1]))
    assert rows[0] == (TEXTS[20], "pool/part-1.parquet:1", POOL)
    assert read_texts_meta(files[0]).exclusive
    before = [file.read_bytes() for file in files]
    # As after a run that was killed: one isn't there, and one is of other texts.
    files[2].unlink()
    pq.write_table(pa.table({"text": TEXTS[:5]}), shards / "part-0.parquet")
    assert score_shards(black_box, shards, output) == (2, 35, 1)
    assert files[2].read_bytes() == before[2]
    assert len(read_scores(files[0]).texts) == 5
    # As many texts, but others.
    pq.write_table(pa.table({"text": TEXTS[40:45]}), shards / "part-0.parquet")
    later = files[0].stat().st_mtime + 1
    os.utime(shards / "part-0.parquet", (later, later))
    assert score_shards(black_box, shards, output) == (1, 5, 2)
    assert read_scores(files[0]).texts == TEXTS[40:45]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("review", ["a"], r"it has the columns review\. Expected one named 'text'"),
        ("text", ["a", None], "row 2: 'text' is empty"),
        ("text", ["a", ""], "row 2: 'text' is empty"),
        ("text", [1, 2], "row 1: 'text' is 1"),
    ],
)
def test_shards_without_texts_are_refused(
    column: str,
    values: list[object],
    message: str,
    black_box: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "shards").mkdir()
    pq.write_table(pa.table({column: values}), tmp_path / "shards" / "a.parquet")
    with pytest.raises(InputError, match=message):
        score_shards(black_box, tmp_path / "shards", tmp_path / "scores")
    assert not list(tmp_path.glob("scores/*"))


def test_folders_that_do_not_fit_are_refused(black_box: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no files that end in \.parquet"):
        score_shards(black_box, tmp_path / "empty", tmp_path / "scores")
    for inside in (".", "scores", "some/scores", "../empty/scores"):
        with pytest.raises(InputError, match=r"the texts are in .*empty.*Name another folder"):
            score_shards(black_box, tmp_path / "empty", tmp_path / "empty" / inside)
    assert not list((tmp_path / "empty").iterdir())
    (tmp_path / "empty" / "a.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match=r"1 of 1 shards.*Can't read .*a\.parquet") as error:
        score_shards(black_box, tmp_path / "empty", tmp_path / "scores")
    assert "The others are done" not in str(error.value)
    (tmp_path / "empty" / "part=1").mkdir()
    (tmp_path / "empty" / "part=1" / "b.parquet").touch()
    with pytest.raises(InputError, match="Expected all files side by side"):
        score_shards(black_box, tmp_path / "empty", tmp_path / "scores")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pool-confidence", 0.5], "Can't use --pool-confidence"),
        (["--pool-labels", "balanced"], "Can't use --pool-labels"),
        (["--cache", "x"], "Can't use --cache"),
        (["--workers", 2], "Can't use --workers"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    options: list[object],
    message: str,
    write: Callable[..., Path],
    black_box: Path,
    tmp_path: Path,
    run_step: RunStep,
) -> None:
    result = run_step("score", black_box, write([5]), tmp_path / "scores", *options)
    assert result.code == 1
    assert message in result.output
    assert not (tmp_path / "scores").exists()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def rename_column(path: Path) -> None:
    pq.write_table(pa.table({"review": ["a"]}), path)


@pytest.mark.parametrize(
    ("spoil", "message", "countable"),
    [(rename_column, "part-1.*Expected one named", 11), (truncate, "Can't read .*part-1", 10)],
)
def test_a_bad_shard_stops_no_others(
    spoil: Callable[[Path], None],
    message: str,
    countable: int,
    write: Callable[..., Path],
    black_box: Path,
    tmp_path: Path,
) -> None:
    shards, output = write([5, 5, 5]), tmp_path / "scores"
    spoil(shards / "part-1.parquet")
    totals: list[int] = []
    with pytest.raises(
        InputError, match=rf"Can't score 1 of 3 shards.*{message}.*The others are done\."
    ):
        score_shards(black_box, shards, output, start=totals.append)
    assert totals == [countable]
    names = sorted(path.name for path in output.iterdir())
    assert names == ["part-0.parquet", "part-2.parquet"]


def test_what_was_scored_before_stops_no_others(
    write: Callable[..., Path], black_box: Path, tmp_path: Path
) -> None:
    shards, output = write([5, 5, 5]), tmp_path / "scores"
    score_shards(black_box, shards, output)
    # Texts that can't be read any more, and as old as before; scores that can't be.
    texts = shards / "part-0.parquet"
    times = (texts.stat().st_atime, texts.stat().st_mtime)
    truncate(texts)
    os.utime(texts, times)
    truncate(output / "part-1.parquet")
    (output / "part-2.parquet").unlink()
    with pytest.raises(InputError, match=r"Can't score 1 of 3 shards.*Can't read .*part-0"):
        score_shards(black_box, shards, output)
    assert read_scores(output / "part-1.parquet").texts == TEXTS[5:10]
    assert read_scores(output / "part-2.parquet").texts == TEXTS[10:15]


# Ray leaves sockets and files open when it stops.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_ray_scores_as_one_process_does(
    small_run: Run, write: Callable[..., Path], tmp_path: Path, run_step: RunStep
) -> None:
    ray = pytest.importorskip("ray", reason="Ray has no package for this Python")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        shards = write([15, 15, 15, 15])
        here, there = tmp_path / "here", tmp_path / "there"
        assert run_step("score", small_run.teacher, shards, here).code == 0
        result = run_step(
            "score", small_run.teacher, shards, there, "--engine", "ray", "--workers", 2
        )
        assert result.code == 0, result.output
        assert "60 texts in 4 shards scored" in result.output
        for file in sorted(here.iterdir()):
            a, b = read_scores(file), read_scores(there / file.name)
            assert a.texts == b.texts
            numpy.testing.assert_allclose(a.logits, b.logits, atol=1e-5)
        # A shard that can't be scored is named, the others are done.
        bad = write([10, 10], "more")
        pq.write_table(pa.table({"review": ["a"]}), bad / "part-1.parquet")
        result = run_step("score", small_run.teacher, bad, tmp_path / "o", "--engine", "ray")
        assert result.code == 1
        assert "Can't score 1 of 2 shards" in result.output
        assert "part-1.parquet: it has the columns review" in result.output
        assert [path.name for path in (tmp_path / "o").iterdir()] == ["part-0.parquet"]
    finally:
        ray.shutdown()


def test_shards_are_scored_again_in_another_precision(
    write: Callable[..., Path], black_box: Path, tmp_path: Path
) -> None:
    shards, output = write([20, 10]), tmp_path / "scores"
    assert score_shards(black_box, shards, output, precision="float32").shards == 2
    assert {read_texts_meta(file).precision for file in output.iterdir()} == {"float32"}
    assert score_shards(black_box, shards, output).already == 2
    assert score_shards(black_box, shards, output, precision="float32").already == 2
    assert score_shards(black_box, shards, output, precision="bfloat16").shards == 2
