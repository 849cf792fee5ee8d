"""A step that is killed and run again ends as one that was left alone, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest

from scripts.distill import augmenters, callbacks, readers, scoring, synthetic, training  # noqa: F401
from scripts.distill.scoring import score_file
from scripts.distill.students import train_student
from scripts.distill.synthetic import build_synthetic
from scripts.distill.teacher_info import read_teacher_info

from .conftest import ROOT, Run


def kill(*args: Any, **kwargs: Any) -> None:
    raise KeyboardInterrupt


def test_augment(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "synthetic.parquet"

    def run() -> None:
        build_synthetic(
            ROOT / "configs" / "augment.cfg",
            small_run.corpus,
            read_teacher_info(small_run.teacher),
            output,
            lang="en",
            n_texts=400,
            tagger="lexicon",
            seed=0,
        )

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("scripts.distill.records.pq.write_table", kill)
        run()
    assert not list(tmp_path.iterdir())
    run()
    assert output.read_bytes() == (small_run.corpus / "synthetic.parquet").read_bytes()


def test_score(small_run: Run, tmp_path: Path) -> None:
    output = tmp_path / "scored.parquet"
    texts = small_run.corpus / "synthetic.parquet"
    with pytest.raises(KeyboardInterrupt):
        score_file(small_run.teacher, texts, output, progress=kill)
    assert not list(tmp_path.iterdir())
    score_file(small_run.teacher, texts, output)
    assert output.read_bytes() == (small_run.corpus / "scored.parquet").read_bytes()


def test_student(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "student_bow"

    def run() -> None:
        train_student(
            small_run.folder / "configs" / "student_bow.cfg",
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            output,
            lang="en",
            seed=0,
            gpu_id=-1,
        )

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training.shutil, "rmtree", kill)  # after training, before the last touches
        run()
    # What a process that is killed for good leaves: the next run clears it away.
    (tmp_path / ".student_bow.partial" / "model-best").mkdir(parents=True, exist_ok=True)
    run()
    assert [path.name for path in tmp_path.iterdir()] == ["student_bow"]
    weights = Path("student_bow", "model-best", "textcat", "model")
    assert (tmp_path / weights).read_bytes() == (small_run.training / weights).read_bytes()
