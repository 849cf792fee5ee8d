"""What the report says in words: true to the figures, and honest where a student is worse."""

from typing import Any

import pytest

from scripts.distill.conclusions import find_bias, summarize
from scripts.distill.wording import describe_difference, join_words, points, times

from .made_up_metrics import make_metrics


def compare(metrics: dict[str, Any], other: str, delta: float, low: float, high: float) -> None:
    """Change how the best student compares with another model."""
    (entry,) = (
        c for c in metrics["comparisons"] if (c["a"], c["b"]) == ("student_ensemble", other)
    )
    entry.update(delta_accuracy=delta, ci95=[low, high])


def say(metrics: dict[str, Any]) -> dict[str, str]:
    return {point.topic: point.text for point in summarize(metrics).points}


@pytest.mark.parametrize(
    ("delta", "low", "high", "expected"),
    [
        (0.0321, 0.011, 0.052, "it is better by 3.2 points (95% interval +1.1 to +5.2)"),
        (-0.0321, -0.052, -0.011, "it is worse by 3.2 points (95% interval -5.2 to -1.1)"),
        (
            0.0321,
            -0.011,
            0.052,
            "no difference that 336 texts could show (+3.2 points, 95% interval -1.1 to +5.2)",
        ),
        (
            0.0,
            0.0,
            0.0,
            "no difference that 336 texts could show (0.0 points, 95% interval 0.0 to 0.0)",
        ),
    ],
)
def test_differences_in_words(delta: float, low: float, high: float, expected: str) -> None:
    comparison = {"delta_accuracy": delta, "ci95": [low, high]}
    assert describe_difference(comparison, 336) == expected.replace(" -", " \N{MINUS SIGN}")


def test_a_student_that_gained_is_to_be_shipped() -> None:
    metrics = make_metrics()
    compare(metrics, "teacher", -0.01, -0.03, 0.01)
    assert summarize(metrics).headline == (
        "Ship student_ensemble: as good as its teacher for all that 336 texts can tell, 40 times as "
        "fast"
    )
    compare(metrics, "teacher", -0.06, -0.08, -0.04)
    assert "6.2 points behind its teacher" in summarize(metrics).headline


@pytest.mark.parametrize("gain", [-0.02, 0.0, 0.0004])
def test_a_student_without_gain_is_shipped_without_praise(gain: float) -> None:
    metrics = make_metrics()
    compare(metrics, "baseline_ensemble", gain, gain - 0.03, gain + 0.03)
    assert summarize(metrics).headline == (
        "Ship student_ensemble, but don't say that its teacher helped: 336 texts show no gain in "
        "accuracy"
    )
    assert "no difference that 336 texts could show" in say(metrics)["What the teacher brought"]


def test_a_gain_that_may_be_chance_is_called_that() -> None:
    metrics = make_metrics()
    compare(metrics, "teacher", -0.01, -0.03, 0.01)
    compare(metrics, "baseline_ensemble", 0.042, -0.006, 0.086)
    assert summarize(metrics).headline == (
        "Ship student_ensemble: as good as its teacher for all that 336 texts can tell, 40 times as "
        "fast; what its teacher brought (+4.2 points) may be chance"
    )


@pytest.mark.parametrize("rival", ["baseline_ensemble", "tfidf_logreg"])
def test_a_student_that_is_worse_is_not_to_be_shipped(rival: str) -> None:
    metrics = make_metrics()
    compare(metrics, rival, -0.05, -0.08, -0.02)
    headline = summarize(metrics).headline
    assert headline.startswith("Don't ship student_ensemble yet")
    assert rival in headline
    if rival == "baseline_ensemble":
        assert "Distilling made this model worse." in say(metrics)["What the teacher brought"]


def test_all_topics_are_there_where_figures_are() -> None:
    assert list(say(make_metrics())) == [
        "Against its teacher",
        "What the teacher brought",
        "Against simpler ways",
        "Other seeds",
        "Speed",
        "Size",
        "Can its probabilities be believed?",
        "Where accuracy counts more than speed",
        "All students together",
    ]
    metrics = make_metrics()
    metrics["models"]["student_ensemble"]["over_seeds"] = None
    del metrics["models"]["students_mean"]
    assert set(say(make_metrics())) - set(say(metrics)) == {"Other seeds", "All students together"}


def test_labels_that_dont_exclude_each_other_must_all_be_right() -> None:
    text = say(make_metrics("multilabel"))["Against its teacher"]
    assert "finds exactly the right labels for 44.0%" in text
    assert "mean F1 of its labels" in text


def test_stars_are_counted() -> None:
    metrics = make_metrics("stars")
    metrics["models"]["student_ensemble"]["mae"] = 0.4242
    assert "0.42 stars off on average" in say(metrics)["Against its teacher"]


@pytest.mark.parametrize(("ece", "verdict"), [(0.012, "Yes"), (0.05, "Roughly"), (0.2, "No")])
def test_calibration_in_words(ece: float, verdict: str) -> None:
    metrics = make_metrics()
    metrics["models"]["student_ensemble"]["ece"] = ece
    text = say(metrics)["Can its probabilities be believed?"]
    assert text.startswith(f"{verdict}: they are {100 * ece:.1f} points off on average")


def test_bias_weighs_bins_by_their_size() -> None:
    bins = [
        {"confidence": 0.6, "accuracy": 0.8, "count": 1},
        {"confidence": 0.9, "accuracy": 0.8, "count": 3},
    ]
    assert find_bias(bins) == pytest.approx(0.025)


def test_a_cascade_that_saves_nothing_is_advised_against() -> None:
    metrics = make_metrics()
    topic = "Where accuracy counts more than speed"
    assert say(metrics)[topic].startswith("Let student_ensemble answer where")
    metrics["cascade"]["docs_per_second"] = metrics["models"]["teacher"]["docs_per_second"] * 1.05
    assert say(metrics)[topic].startswith("No cascade pays here")
    assert "accuracy as a cascade" not in {tile.label for tile in summarize(metrics).tiles}


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (
            0.0,
            "Dev asks for no cascade: student_ensemble alone is at most half a point below the "
            "teacher there (85.9% against 86.2%). On test it gets 78.9%, the teacher 85.1%.",
        ),
        (
            0.6283,
            "At the threshold that dev asks for (62.83% sure), no test text goes to the teacher.",
        ),
    ],
)
def test_a_cascade_that_asks_nothing_on_test(threshold: float, expected: str) -> None:
    metrics = make_metrics()
    metrics["cascade"].update(threshold=threshold, share_to_teacher=0.0, docs_per_second=3000.0)
    assert say(metrics)["Where accuracy counts more than speed"].startswith(expected)
    assert "accuracy as a cascade" not in {tile.label for tile in summarize(metrics).tiles}


def test_the_mean_is_named_where_it_is_better() -> None:
    metrics = make_metrics()
    metrics["models"]["students_mean"]["accuracy"] = 0.5
    assert "All students together" not in say(metrics)


def test_wording() -> None:
    assert [points(x) for x in (0.0123, -0.0123, 0.0004, -0.0004)] == [
        "+1.2",
        "\N{MINUS SIGN}1.2",
        "0.0",
        "0.0",
    ]
    assert [times(x) for x in (39.87, 2.44, 1550.4)] == ["40", "2.4", "1,550"]
    assert join_words([0]) == "0"
    assert join_words([0, 1, 2]) == "0, 1 and 2"
