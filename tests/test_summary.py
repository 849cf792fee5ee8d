"""Several runs in one table."""

from pathlib import Path
from typing import Any

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.summary import read_runs, summarize

from .conftest import RunStep

FIGURES = {
    "macro_f1": 0.8,
    "roc_auc": 0.9,
    "ece": 0.05,
    "agreement": 0.95,
    "words_per_second": 1000.0,
    "size_mb": 2.0,
    "over_seeds": None,
}


def make_model(accuracy: float, **figures: Any) -> dict[str, Any]:
    return {**FIGURES, "accuracy": accuracy, **figures}


def make_run(
    task: str = "polarity", labels: str = "ab", **models: dict[str, Any]
) -> dict[str, Any]:
    return {"labels": list(labels), "data": {"task": task}, "models": models}


def test_means_and_deviations() -> None:
    runs = [
        make_run(teacher=make_model(0.9, words_per_second=None), fasttext=make_model(0.7)),
        make_run(teacher=make_model(0.92, ece=0.07, words_per_second=None)),
        make_run(teacher=make_model(0.94, ece=0.09, words_per_second=None)),
    ]
    header, _, teacher, fasttext = summarize(runs).splitlines()
    assert header.split("|")[1:5] == [" model ", " runs ", " accuracy ", " macro F1 "]
    expected = ["teacher", "3", "92.0% ± 2.0", "80.0% ± 0.0", "0.900 ± 0.000", "0.070 ± 0.020"]
    cells = [cell.strip() for cell in teacher.split("|")[1:-1]]
    assert cells == [*expected, "95.0% ± 0.0", "-", "2.0 ± 0.0"]
    cells = [cell.strip() for cell in fasttext.split("|")[1:-1]]
    assert cells == ["fasttext", "1", "70.0%", "80.0%", "0.900", "0.050", "95.0%", "1,000", "2.0"]


def test_runs_of_several_seeds_count_as_their_mean() -> None:
    over_seeds = {
        key: {"mean": mean, "sd": 0.01, "values": [0.5, 0.6]}
        for key, mean in (("accuracy", 0.8), ("macro_f1", 0.7), ("ece", 0.1))
    }
    runs = [
        make_run(teacher=make_model(0.85, over_seeds=over_seeds)),
        make_run(teacher=make_model(0.9)),
    ]
    (*_, teacher) = summarize(runs).splitlines()
    assert "| 85.0% ± 7.1 | 75.0% ± 7.1 |" in teacher


def test_step_prints_the_table(run_step: RunStep, tmp_path: Path) -> None:
    for name in ("one", "two"):
        srsly.write_json(tmp_path / f"{name}.json", make_run(teacher=make_model(0.9)))
    outcome = run_step("summary", tmp_path / "one.json", tmp_path / "two.json")
    assert outcome.code == 0
    assert "| teacher | 2 | 90.0% ± 0.0 |" in outcome.output
    assert "2 runs:" in outcome.output


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (
            make_run("stars", "abc"),
            r"one\.json and .*two\.json.*polarity with .*a, b.*stars.*a, b, c",
        ),
        (make_run("polarity", "ba"), r"labels a, b,.*labels b, a"),
    ],
)
def test_runs_that_do_not_fit_are_refused(
    other: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    srsly.write_json(tmp_path / "one.json", make_run())
    srsly.write_json(tmp_path / "two.json", other)
    with pytest.raises(InputError, match=expected):
        read_runs([tmp_path / "one.json", tmp_path / "two.json"])


def test_missing_and_repeated_runs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    with pytest.raises(InputError, match=r"metrics\.json.*step 'evaluate'"):
        read_runs([path])
    srsly.write_json(path, make_run())
    with pytest.raises(InputError, match="twice"):
        read_runs([path, path])
