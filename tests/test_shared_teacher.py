"""A teacher of several languages in the place of a language's own."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import srsly

from scripts.distill import outputs
from scripts.distill.errors import InputError
from scripts.distill.outputs import link_or_copy
from scripts.distill.products import BEST
from scripts.distill.shared_teacher import adopt_teacher
from scripts.distill.teacher_info import (
    INFO,
    fingerprint,
    read_teacher_info,
    write_teacher_info,
)

from .conftest import Run


def test_it_is_taken_over_and_measured(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "LARGE_FILE", 50_000)
    output = tmp_path / "teacher"
    score = adopt_teacher(small_run.teacher, small_run.corpus, output, lang="en", gpu_id=-1)
    before, after = read_teacher_info(small_run.teacher), read_teacher_info(output)
    assert after == replace(before, dev_score=score)
    # On the same texts it was measured by spaCy.
    assert score == pytest.approx(before.dev_score)
    names = [p.relative_to(small_run.teacher) for p in small_run.teacher.rglob("*") if p.is_file()]
    assert sorted(names) == sorted(p.relative_to(output) for p in output.rglob("*") if p.is_file())
    # Weights are on the disk once.
    shared = {name for name in names if (output / name).samefile(small_run.teacher / name)}
    assert shared == {name for name in names if (output / name).stat().st_size >= 50_000}
    assert Path(BEST, "transformer", "model") in shared
    assert fingerprint(output / BEST) == before.fingerprint


def test_large_files_are_on_the_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "LARGE_FILE", 3)
    source = tmp_path / "shared" / "model"
    source.mkdir(parents=True)
    (source / "large").write_text("abc")
    (source / "small").write_text("ab")
    (tmp_path / "elsewhere").write_text("abcd")
    (source / "link").symlink_to(Path("../../elsewhere"))

    def copy(name: str) -> dict[str, bool]:
        target = tmp_path / name / "deeper" / "model"
        shutil.copytree(source, target, copy_function=link_or_copy)
        assert [p.read_text() for p in sorted(target.iterdir())] == ["abc", "abcd", "ab"]
        assert not (target / "link").is_symlink()
        return {p.name: p.samefile(source / p.name) for p in target.iterdir()}

    assert copy("linked") == {"large": True, "link": True, "small": False}

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert copy("copied") == {"large": False, "link": False, "small": False}


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
