"""The benchmark relates all models to their teacher and to tokenizing alone."""

import pytest

from scripts.distill import side_by_side
from scripts.distill.benchmark import TOKENIZER, benchmark
from scripts.distill.fasttext_classifier import is_installed

from .conftest import Run, RunStep


def test_models_of_a_run(small_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "ROUND_SECONDS", 0.01)
    results = benchmark(
        small_run.corpus,
        small_run.training,
        lang="en",
        architectures=["bow", "cnn"],
        rounds=1,
    )
    by_name = {result.name: result for result in results}
    peers = ["tfidf_logreg", *(["fasttext"] if is_installed() else [])]
    assert set(by_name) == {TOKENIZER, "teacher", "student_bow", "student_cnn", *peers}
    assert by_name["teacher"].times_teacher == 1
    assert by_name[TOKENIZER].share_of_tokenizer == 1
    assert by_name["student_bow"].times_teacher > 1
    speeds = [result.words_per_second for result in results]
    assert speeds == sorted(speeds, reverse=True)


def test_step_prints_a_table(
    small_run: Run, run_step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "ROUND_SECONDS", 0.01)
    outcome = run_step("bench", small_run.corpus, small_run.training, "--rounds", 1)
    assert outcome.code == 0
    assert "times the teacher" in outcome.output
