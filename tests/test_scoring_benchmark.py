"""Scoring against nlp.pipe: the same scores, and figures that fit each other."""

import math
from pathlib import Path

import pytest
import torch

from scripts.distill import scoring_benchmark as module
from scripts.distill.scoring import load_teacher
from scripts.distill.scoring_benchmark import (
    PIPE,
    benchmark_scoring,
    measure_limit,
    operations_per_piece,
)

from .conftest import Run, RunStep


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MATRIX_WIDTH", 64)
    monkeypatch.setattr(module, "MATRIX_SECONDS", 0.01)


def test_ways_give_the_same(small_run: Run) -> None:
    texts = small_run.corpus / "synthetic.parquet"
    speeds = {
        speed.name: speed
        for speed in benchmark_scoring(small_run.teacher, texts, n_texts=40, rounds=1, seed=0)
    }
    assert speeds[PIPE].times_pipe == 1
    assert speeds[PIPE].max_difference == 0
    plain = speeds["score, float32"]
    assert plain.max_difference < 1e-4
    assert plain.same_labels == 1
    ratio = plain.texts_per_second / speeds[PIPE].texts_per_second
    assert math.isclose(plain.times_pipe, ratio)
    assert plain.share_of_limit > 0


def test_operations_are_two_for_each_weight_of_the_layers(small_run: Run) -> None:
    nlp = load_teacher(small_run.teacher)
    # Two layers of width 32: four square matrices, and two from 32 to 64.
    assert operations_per_piece(nlp) == 2 * 2 * (4 * 32 * 32 + 2 * 32 * 64)
    assert measure_limit(torch.float32) > 0


def test_step_prints_a_table(small_run: Run, run_step: RunStep) -> None:
    texts: Path = small_run.corpus / "synthetic.parquet"
    arguments = (small_run.teacher, texts, "--n-texts", 20, "--rounds", 1)
    outcome = run_step("bench_scoring", *arguments)
    assert outcome.code == 0, outcome.output
    assert "times nlp.pipe" in outcome.output
