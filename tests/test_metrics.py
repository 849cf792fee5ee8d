from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.stats import binomtest

from scripts.distill.metrics import (
    compare,
    decide,
    evaluate,
    expected_calibration_error,
    get_confidence,
    is_correct,
    kl_divergence,
    reliability_curve,
)

# Four texts of three classes: 0 and 1 right with .7 and .8, 2 right with .4, 0 taken for 1 with .5.
GOLD = numpy.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
STUDENT = numpy.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])
TEACHER = numpy.array([[0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.2, 0.5, 0.3]])
# Three texts that carry one, two and no label of two; the student sees the first of each too often.
MULTI_GOLD = numpy.array([[1, 0], [1, 1], [0, 0]])
MULTI_STUDENT = numpy.array([[0.9, 0.3], [0.8, 0.6], [0.5, 0.1]])
MULTI_TEACHER = numpy.array([[0.9, 0.3], [0.8, 0.4], [0.25, 0.1]])


def make_distributions(weights: NDArray[Any]) -> NDArray[numpy.float64]:
    return weights / weights.sum(axis=1, keepdims=True)


distributions = arrays.arrays(float, (4, 3), elements=st.floats(0.01, 1)).map(make_distributions)
flags = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30)


def test_decide_on_the_most_probable_label() -> None:
    assert decide(STUDENT, True).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]


def test_decide_on_every_label_from_a_half() -> None:
    probabilities = numpy.array([[0.5, 0.9], [0.499, 0.1]])
    assert decide(probabilities, False).tolist() == [[1, 1], [0, 0]]


@settings(deadline=None, max_examples=50)
@given(distributions)
def test_exclusive_decisions_are_one_label_a_text(probabilities: NDArray[numpy.float64]) -> None:
    decided = decide(probabilities, True)
    assert decided.sum(axis=1).tolist() == [1] * len(probabilities)
    assert (probabilities[decided == 1] == probabilities.max(axis=1)).all()


@pytest.mark.parametrize(
    "gold, probabilities, exclusive, expected",
    [
        (GOLD, STUDENT, True, [True, True, True, False]),
        # All labels of a text have to be right.
        (MULTI_GOLD, MULTI_STUDENT, False, [True, True, False]),
    ],
)
def test_is_correct(
    gold: NDArray[Any], probabilities: NDArray[Any], exclusive: bool, expected: list[bool]
) -> None:
    assert is_correct(gold, probabilities, exclusive).tolist() == expected


@pytest.mark.parametrize(
    "confidence, correct, expected",
    [
        ([1.0, 1.0], [1, 1], 0.0),
        ([1.0, 1.0], [0, 0], 1.0),
        # One bin, half of it right: over and under even out within a bin.
        ([0.95, 0.95], [1, 0], 0.45),
        ([0.5, 0.5], [1, 0], 0.0),
        # Two bins, weighted by their sizes: (1 * |.1 - 0| + 3 * |.9 - 2/3|) / 4.
        ([0.1, 0.9, 0.9, 0.9], [0, 1, 1, 0], 0.2),
        # 0.66 and 0.67 lie on two sides of 10/15.
        ([0.66, 0.67], [1, 0], (0.34 + 0.67) / 2),
        ([0.67, 0.73], [1, 0], (1.4 - 1) / 2),
    ],
)
def test_expected_calibration_error(
    confidence: list[float], correct: list[int], expected: float
) -> None:
    curve = reliability_curve(numpy.array(confidence), numpy.array(correct))
    found = expected_calibration_error(curve)
    assert found == pytest.approx(expected)


def test_reliability_curve() -> None:
    confidence = numpy.array([0.1, 0.9, 0.92, 0.92, 1.0, 1.0000001])
    curve = reliability_curve(confidence, numpy.array([0, 1, 1, 0, 1, 1]))
    # Empty bins are left out; the last one starts at 14/15, and sums above 1 stay in it.
    assert [bin.count for bin in curve] == [1, 3, 2]
    assert [bin.confidence for bin in curve] == pytest.approx([0.1, 2.74 / 3, 1.0])
    assert [bin.accuracy for bin in curve] == pytest.approx([0, 2 / 3, 1])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_calibration_error_is_bounded(decisions: list[tuple[float, bool]]) -> None:
    confidence, correct = (numpy.array(column, dtype=float) for column in zip(*decisions))
    curve = reliability_curve(confidence, correct)
    assert sum(bin.count for bin in curve) == len(confidence)
    assert list(curve) == sorted(curve)
    error = expected_calibration_error(curve)
    # It is no less than the distance of the means, which is the error over a single bin.
    assert abs(confidence.mean() - correct.mean()) - 1e-9 <= error <= 1 + 1e-9


def test_kl_divergence_of_exclusive_labels() -> None:
    teacher, student = (
        numpy.array([[0.5, 0.5], [1.0, 0.0]]),
        numpy.array([[0.25, 0.75], [0.5, 0.5]]),
    )
    first = 0.5 * numpy.log(0.5 / 0.25) + 0.5 * numpy.log(0.5 / 0.75)
    assert kl_divergence(teacher, student, True) == pytest.approx((first + numpy.log(2)) / 2)


def test_kl_divergence_adds_up_labels_that_do_not_exclude_each_other() -> None:
    teacher, student = numpy.array([[0.5, 1.0]]), numpy.array([[0.25, 0.5]])
    first = 0.5 * numpy.log(0.5 / 0.25) + 0.5 * numpy.log(0.5 / 0.75)
    assert kl_divergence(teacher, student, False) == pytest.approx(first + numpy.log(2))


@pytest.mark.parametrize("exclusive", [True, False])
def test_kl_divergence_stays_finite_where_the_student_is_certain(exclusive: bool) -> None:
    teacher, student = numpy.array([[0.5, 0.5]]), numpy.array([[1.0, 0.0]])
    found = kl_divergence(teacher, student, exclusive)
    assert numpy.isfinite(found)
    assert found > 10


@settings(deadline=None, max_examples=50)
@given(distributions, distributions, st.booleans())
def test_kl_divergence_is_a_divergence(
    teacher: NDArray[numpy.float64], student: NDArray[numpy.float64], exclusive: bool
) -> None:
    assert kl_divergence(teacher, teacher, exclusive) == pytest.approx(0, abs=1e-12)
    assert kl_divergence(teacher, student, exclusive) >= -1e-12


def test_evaluate_several_classes() -> None:
    found = evaluate(GOLD, STUDENT, TEACHER, ["a", "b", "c"], True)
    assert found["accuracy"] == 3 / 4
    assert found["per_label"] == {
        "a": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
        "b": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1},
        "c": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1},
    }
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    # .7, .8 and .4 are right, .5 is wrong; each has a bin of its own.
    assert found["ece"] == pytest.approx((0.3 + 0.2 + 0.6 + 0.5) / 4)
    # Squared distances added up over the classes: .09+.04+.01, .01+.04+.01, .09+.09+.36, .64+.25+.09.
    assert found["brier"] == pytest.approx((0.14 + 0.06 + 0.54 + 0.98) / 4)
    # Of the pairs of a text that is of the class and one that isn't, those in the right order: all
    # four for a but one tie broken against it (.2 < .3), all for b and c.
    assert found["roc_auc"] == pytest.approx((3 / 4 + 1 + 1) / 3)
    assert found["agreement"] == 3 / 4
    first = 0.6 * numpy.log(0.6 / 0.7) + 0.2 * numpy.log(2)
    third = 0.5 * numpy.log(0.5 / 0.3) + 0.2 * numpy.log(0.2 / 0.4)
    assert found["kl_to_teacher"] == pytest.approx((first + third) / 4)
    # 0 once taken for 1; rows are gold.
    assert found["confusion"] == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    pairs = zip(TEACHER, STUDENT)
    cosines = [a @ b / numpy.sqrt((a @ a) * (b @ b)) for a, b in pairs]
    assert found["cosine_to_teacher"] == pytest.approx(numpy.mean(cosines))
    assert [bin["confidence"] for bin in found["reliability"]] == pytest.approx(
        [0.4, 0.5, 0.7, 0.8]
    )
    assert [bin["accuracy"] for bin in found["reliability"]] == [1, 0, 1, 1]
    assert found["mae"] is None


def test_evaluate_two_classes() -> None:
    gold = numpy.array([[1, 0], [0, 1], [0, 1], [1, 0]])
    positive = numpy.array([0.1, 0.9, 0.4, 0.3])
    student = numpy.column_stack([1 - positive, positive])
    found = evaluate(gold, student, student, ["negative", "positive"], True)
    assert found["accuracy"] == 3 / 4
    # negative: two right, one too many; positive: one of two.
    assert found["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    # Of two classes, the squared distance of one: .01, .01, .36, .09.
    assert found["brier"] == pytest.approx(0.47 / 4)
    # .9 twice and right, .6 wrong, .7 right.
    assert found["ece"] == pytest.approx((0.2 + 0.6 + 0.3) / 4)
    assert found["roc_auc"] == 1.0
    assert found["agreement"] == 1.0
    assert found["kl_to_teacher"] == 0.0


def test_evaluate_labels_that_do_not_exclude_each_other() -> None:
    found = evaluate(MULTI_GOLD, MULTI_STUDENT, MULTI_TEACHER, ["x", "y"], False)
    # The set of labels of the third text is wrong.
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["per_label"]["x"]["precision"] == pytest.approx(2 / 3)
    assert found["per_label"]["x"]["recall"] == 1.0
    assert found["macro_f1"] == pytest.approx((4 / 5 + 1) / 2)
    # Mean over the six decisions of .01, .04, .25 and .09, .16, .01.
    assert found["brier"] == pytest.approx(0.56 / 6)
    # Each of .9, .3, .8, .6, .5, .1 has a bin of its own.
    assert found["ece"] == pytest.approx((0.1 + 0.3 + 0.2 + 0.4 + 0.5 + 0.1) / 6)
    assert found["roc_auc"] == 1.0
    assert found["confusion"] == {"x": [[0, 1], [0, 2]], "y": [[2, 0], [0, 1]]}
    # The teacher puts y on no text and x on the first two.
    assert found["agreement"] == pytest.approx(1 / 3)
    second = 0.4 * numpy.log(0.4 / 0.6) + 0.6 * numpy.log(0.6 / 0.4)
    third = 0.25 * numpy.log(0.25 / 0.5) + 0.75 * numpy.log(0.75 / 0.5)
    assert found["kl_to_teacher"] == pytest.approx((second + third) / 3)


def test_errors_of_stars_are_measured_in_stars() -> None:
    # 1 right, 2 right, 5 right, 1 taken for 2.
    found = evaluate(GOLD, STUDENT, TEACHER, ["1", "2", "5"], True, stars=True)
    assert found["mae"] == pytest.approx(1 / 4)
    # 5 taken for 1 as well.
    found = evaluate(GOLD, TEACHER, TEACHER, ["1", "2", "5"], True, stars=True)
    assert found["mae"] == pytest.approx((4 + 1) / 4)
    assert found["cosine_to_teacher"] == pytest.approx(1)


def test_evaluate_a_label_that_is_never_chosen() -> None:
    always_first = numpy.tile([0.8, 0.1, 0.1], (4, 1))
    found = evaluate(GOLD, always_first, TEACHER, ["a", "b", "c"], True)
    assert found["accuracy"] == 1 / 2
    assert found["per_label"]["b"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert found["macro_f1"] == pytest.approx((2 / 3) / 3)
    assert found["roc_auc"] == 0.5


def make_outcomes(both: int, first: int, second: int, none: int) -> list[NDArray[numpy.bool_]]:
    """Make what two classifiers got right, from the four counts of McNemar's table."""
    pairs = [(True, True)] * both + [(True, False)] * first
    pairs += [(False, True)] * second + [(False, False)] * none
    return list(numpy.array(pairs, dtype=bool).T)


@pytest.mark.parametrize(
    "both, first, second, none",
    [(70, 10, 5, 15), (0, 12, 3, 0), (10, 3, 3, 4), (80, 0, 6, 2), (5, 1, 0, 5)],
)
def test_compare(both: int, first: int, second: int, none: int) -> None:
    a, b = make_outcomes(both, first, second, none)
    found = compare(a, b, seed=0)
    assert found.delta_accuracy == pytest.approx((first - second) / len(a))
    assert found.mcnemar_p == pytest.approx(binomtest(first, first + second, 0.5).pvalue)
    low, high = found.ci95
    assert low <= found.delta_accuracy <= high
    assert low < high


def test_interval_is_about_that_of_the_normal_distribution() -> None:
    a, b = make_outcomes(250, 60, 40, 50)
    low, high = compare(a, b, seed=0).ci95
    half = 1.96 * (a.astype(float) - b).std() / numpy.sqrt(len(a))
    assert (low, high) == pytest.approx((0.05 - half, 0.05 + half), abs=0.004)


@pytest.mark.parametrize("first, expected", [(True, 1.0), (False, -1.0)])
def test_compare_without_spread(first: bool, expected: float) -> None:
    a = numpy.full(6, first)
    found = compare(a, ~a, seed=0)
    assert found.delta_accuracy == expected
    assert found.ci95 == (expected, expected)
    assert found.mcnemar_p == pytest.approx(2 * 0.5**6)


def test_compare_with_itself() -> None:
    a = numpy.array([True, False, True])
    assert compare(a, a, seed=0) == (0.0, (0.0, 0.0), 1.0)


@settings(deadline=None, max_examples=20)
@given(flags, st.integers(0, 100))
def test_compare_turned_round(pairs: list[tuple[bool, bool]], seed: int) -> None:
    a, b = numpy.array(pairs, dtype=bool).T
    found, turned = compare(a, b, seed), compare(b, a, seed)
    assert found.delta_accuracy == pytest.approx(-turned.delta_accuracy)
    assert found.mcnemar_p == pytest.approx(turned.mcnemar_p)
    assert found.ci95 == pytest.approx((-turned.ci95[1], -turned.ci95[0]))
    assert found.ci95[0] - 1e-9 <= found.delta_accuracy <= found.ci95[1] + 1e-9
    assert compare(a, b, seed) == found


def test_confidence() -> None:
    probabilities = numpy.array([[0.9, 0.1], [0.4, 0.6]])
    assert get_confidence(probabilities, True).tolist() == [0.9, 0.6]
    # A decision (yes or no) for each label; the text is as sure as the least sure of them.
    probabilities = numpy.array([[0.9, 0.2], [0.05, 0.45]])
    assert get_confidence(probabilities, False).tolist() == [0.8, 0.55]
