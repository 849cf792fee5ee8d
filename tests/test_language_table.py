"""The table over languages."""

import math
from copy import deepcopy
from typing import Any

import pytest

from scripts.distill.language_table import (
    describe_language,
    make_language_table,
    reduce_errors,
)

from .made_up_metrics import make_metrics


def make_run(lang: str, task: str = "polarity", **accuracies: float) -> dict[str, Any]:
    metrics = deepcopy(make_metrics(task))
    metrics["lang"] = lang
    metrics["data"]["best_student"] = "student_cnn"
    key = "accuracy" if metrics["data"]["exclusive"] else "macro_f1"
    for name, accuracy in accuracies.items():
        metrics["models"][name] |= {key: accuracy, "over_seeds": None}
    return metrics


def test_a_row_for_each_language_and_the_mean() -> None:
    figures: dict[str, Any] = {"tfidf_logreg": 0.75, "teacher": 0.9}
    runs = [
        make_run("en", baseline_cnn=0.8, student_cnn=0.9, **figures),
        make_run("nl", baseline_cnn=0.6, student_cnn=0.7, **figures),
    ]
    table = make_language_table(runs)
    assert table.startswith("Task polarity, accuracy on test.\n\n| language |")
    english, dutch, means = table.splitlines()[-3:]
    assert english.startswith("| en | 75.0% | 80.0% | 90.0% | 90.0% | 50.0% | cnn | 42 |")
    assert dutch.startswith("| nl | 75.0% | 60.0% | 90.0% | 70.0% | 25.0% | cnn | 42 |")
    # 20 of the 60 points that baselines are wrong by.
    assert means.startswith("| mean | 75.0% | 70.0% | 90.0% | 80.0% | 33.3% |  | 42 |")
    assert len({line.count("|") for line in table.splitlines()[2:]}) == 1


def test_labels_that_do_not_exclude_each_other_count_by_f1() -> None:
    row = describe_language(make_run("de", "multilabel", baseline_cnn=0.3, student_cnn=0.37))
    assert (row.baseline, row.student) == (0.3, 0.37)
    assert "macro-averaged F1 on test" in make_language_table([make_run("de", "multilabel")])


def test_figures_of_several_seeds_are_means() -> None:
    run = make_run("en")
    found = describe_language(run)
    over_seeds = run["models"]["student_cnn"]["over_seeds"]["accuracy"]
    assert found.student == over_seeds["mean"] != over_seeds["values"][0]
    assert found.teacher == run["models"]["teacher"]["accuracy"]


def test_one_language_has_no_mean() -> None:
    assert "mean" not in make_language_table([make_run("en")])


def test_speeds_that_are_not_known_are_dashes() -> None:
    run = make_run("en")
    run["models"][run["data"]["best_student"]]["times_teacher"] = None
    assert describe_language(run).speedup is None
    assert " | - | " in make_language_table([run, make_run("nl")])


@pytest.mark.parametrize(
    ("baseline", "student", "expected"), [(0.8, 0.9, 0.5), (0.8, 0.7, -0.5), (0.9, 0.9, 0.0)]
)
def test_share_of_errors(baseline: float, student: float, expected: float) -> None:
    found = reduce_errors(baseline, student)
    assert found is not None
    assert math.isclose(found, expected, abs_tol=1e-9)


def test_no_errors_can_not_be_reduced() -> None:
    assert reduce_errors(1.0, 0.9) is None
