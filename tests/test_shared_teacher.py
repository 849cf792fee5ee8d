"""A teacher of several languages in the place of a language's own."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.products import BEST
from scripts.distill.shared_teacher import adopt_teacher
from scripts.distill.teacher_info import (
    INFO,
    fingerprint,
    read_teacher_info,
    write_teacher_info,
)

from .conftest import Run


def test_it_is_taken_over_and_measured(small_run: Run, tmp_path: Path) -> None:
    output = tmp_path / "teacher"
    score = adopt_teacher(small_run.teacher, small_run.corpus, output, lang="en", gpu_id=-1)
    before, after = read_teacher_info(small_run.teacher), read_teacher_info(output)
    assert after == replace(before, dev_score=score)
    # On the same texts it was measured by spaCy.
    assert score == pytest.approx(before.dev_score)
    names = [p.relative_to(small_run.teacher) for p in small_run.teacher.rglob("*") if p.is_file()]
    assert sorted(names) == sorted(p.relative_to(output) for p in output.rglob("*") if p.is_file())
    for name in names:
        # On the disk once, but for what is said of it.
        assert (output / name).samefile(small_run.teacher / name) == (name != Path(INFO))


def test_it_is_copied_where_files_have_one_name(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    output = tmp_path / "teacher"
    adopt_teacher(small_run.teacher, small_run.corpus, output, lang="en", gpu_id=-1)
    assert not (output / "words.txt").samefile(small_run.teacher / "words.txt")
    assert fingerprint(output / BEST) == fingerprint(small_run.teacher / BEST)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["negative", "neutral"]}, r"it has the labels negative, neutral, expected neg"),
        ({"exclusive": False}, r"leave --vars\.shared_teacher out"),
        ({"black_box": True}, r"it is a black box.*--vars\.black_box"),
    ],
)
def test_teachers_that_do_not_fit_stop(
    change: dict[str, object], message: str, small_run: Run, tmp_path: Path
) -> None:
    info = read_teacher_info(small_run.teacher)
    (tmp_path / "shared").mkdir()
    write_teacher_info(tmp_path / "shared", replace(info, **change))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        adopt_teacher(
            tmp_path / "shared", small_run.corpus, tmp_path / "teacher", lang="en", gpu_id=-1
        )
    assert not (tmp_path / "teacher").exists()


def test_missing_teacher_stops(small_run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"Can't find .*{INFO}"):
        adopt_teacher(tmp_path, small_run.corpus, tmp_path / "teacher", lang="en", gpu_id=-1)
    assert srsly.read_json(small_run.teacher / INFO)["black_box"] is False
