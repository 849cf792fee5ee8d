"""What a process that measures one model finds out."""

import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest

from scripts.distill.measure import (
    FASTTEXT,
    SKLEARN,
    SPACY,
    Round,
    count_words,
    find_library,
    seconds_per_pass,
    time_round,
)

from .conftest import ROOT

PEAK = "from scripts.distill.measure import peak_rss_mb\nprint(peak_rss_mb())"


def read_peak(code: str) -> float:
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(result.stdout)


def test_peak_memory_is_the_most_that_was_held() -> None:
    lean = read_peak(PEAK)
    assert 10 < lean < 200
    grown = read_peak(f"import numpy\nnumpy.ones(25_000_000)\n{PEAK}")  # 200 MB, given back
    assert 150 < grown - lean < 250


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux tells it in /proc")
def test_peak_memory_is_not_that_of_the_process_before() -> None:
    lean = read_peak(PEAK)
    ballast = numpy.ones(50_000_000)  # 400 MB
    assert read_peak(PEAK) < lean + 50
    assert ballast.sum() > 0


def test_batches_and_single_texts_are_timed() -> None:
    seen: list[list[str]] = []

    def predict(texts: list[str]) -> numpy.ndarray:
        seen.append(texts)
        time.sleep(0.01 * len(texts))
        return numpy.zeros((len(texts), 2))

    timing = time_round(predict, ["a", "b", "c"], Round([0, 2], 0.03, [1, 2]))
    assert seen == [["a", "c"], ["a", "c"], ["b"], ["c"]]
    assert 0.02 <= timing.seconds < 0.2
    assert len(timing.latencies) == 2
    assert all(10 <= latency < 100 for latency in timing.latencies)


def test_at_least_one_pass_is_made() -> None:
    passes: list[list[str]] = []
    assert seconds_per_pass(passes.append, ["a"], 0) >= 0
    assert passes == [["a"]]


def test_words_are_separated_by_whitespace() -> None:
    assert count_words(["One two,\nthree", "", " four "]) == 4


def test_library_is_told_by_the_form(tmp_path: Path) -> None:
    assert find_library(tmp_path) == SPACY
    assert find_library(tmp_path / "model.joblib") == SKLEARN
    assert find_library(tmp_path / "model.bin") == FASTTEXT
