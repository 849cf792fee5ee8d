"""The benchmark measures all models in turn and relates them within a round."""

import time

import pytest

from scripts.distill import benchmark as module
from scripts.distill.benchmark import TOKENIZER, benchmark, time_rounds

from .conftest import Run, RunStep


def test_slower_work_measures_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_SECONDS", 0.01)
    order: list[str] = []
    workers = {
        "fast": lambda texts: time.sleep(0.002),
        "slow": lambda texts: time.sleep(0.02),
    }
    speeds = time_rounds(workers, ["one two", "three"], 3, order.append)
    assert order == ["fast", "slow"] * 3
    assert all(fast > 2 * slow for fast, slow in zip(speeds["fast"], speeds["slow"]))
    assert max(speeds["slow"]) <= 3 / 0.02


def test_models_of_a_run(small_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_SECONDS", 0.01)
    results = benchmark(
        small_run.corpus,
        small_run.training,
        lang="en",
        architectures=["bow", "cnn"],
        rounds=1,
    )
    by_name = {result.name: result for result in results}
    assert set(by_name) == {TOKENIZER, "teacher", "student_bow", "student_cnn", "tfidf_logreg"}
    assert by_name["teacher"].times_teacher == 1
    assert by_name[TOKENIZER].share_of_tokenizer == 1
    assert by_name["student_bow"].times_teacher > 1
    speeds = [result.words_per_second for result in results]
    assert speeds == sorted(speeds, reverse=True)


def test_step_prints_a_table(
    small_run: Run, run_step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MIN_SECONDS", 0.01)
    outcome = run_step("bench", small_run.corpus, small_run.training, "--rounds", 1)
    assert outcome.code == 0
    assert "times the teacher" in outcome.output
