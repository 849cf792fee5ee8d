"""The cascade: who answers which text, and what it costs."""

import re
import subprocess
import sys

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from scripts.distill.cascade import (
    Outcome,
    choose_threshold,
    classify,
    compare_answers,
    describe_cascade,
    is_unsure,
    measure_cascade,
)
from scripts.distill.errors import InputError

from .conftest import ROOT, Run

# Ten texts; the student is right about those it is sure of, the teacher about all but the fourth.
CONFIDENCE = numpy.array([0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5])
STUDENT = numpy.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 0], dtype=bool)
TEACHER = numpy.array([1, 1, 1, 0, 1, 1, 1, 1, 1, 1], dtype=bool)
OUTCOME = Outcome(CONFIDENCE, STUDENT, TEACHER)


def make_pipeline(answers: dict[str, float], factory: str = "textcat") -> Language:
    """A pipeline that says of a text that it is "yes" with the probability given."""
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe(factory, name="sorter")
    for label in ("yes", "no"):
        textcat.add_label(label)
    nlp.initialize()

    def predict(docs: list[Doc]) -> NDArray[numpy.float64]:
        return numpy.array([[answers[doc.text], 1 - answers[doc.text]] for doc in docs])

    textcat.predict = predict
    return nlp


def test_texts_below_the_threshold_go_to_the_teacher() -> None:
    confidence = numpy.array([0.5, 0.8, 1.0])
    assert is_unsure(confidence, 0).tolist() == [False, False, False]
    assert is_unsure(confidence, 0.8).tolist() == [True, False, False]
    assert is_unsure(confidence, 1).tolist() == [True, True, True]


def test_student_answers_and_asks() -> None:
    student = make_pipeline({"a": 0.9, "b": 0.6, "c": 0.2})
    teacher = make_pipeline({"a": 0.1, "b": 0.1, "c": 0.1})
    answers = classify(student, teacher, ["a", "b", "c"], 0.75)
    assert [answer.cats["yes"] for answer in answers] == [0.9, 0.1, 0.2]
    assert [answer.by_teacher for answer in answers] == [False, True, False]
    assert list(answers[1].cats) == ["yes", "no"]
    assert classify(student, teacher, [], 0.75) == []
    assert [answer.by_teacher for answer in classify(student, teacher, ["a", "b"], 1)] == [True] * 2


def test_labels_that_do_not_exclude_each_other() -> None:
    # The decision that is least sure counts: "no" with 0.9 is as sure as "yes" with 0.1.
    student = make_pipeline({"a": 0.9, "b": 0.6}, "textcat_multilabel")
    teacher = make_pipeline({"a": 0.3, "b": 0.3}, "textcat_multilabel")
    answers = classify(student, teacher, ["a", "b"], 0.8)
    assert [answer.by_teacher for answer in answers] == [False, True]
    assert answers[1].cats["yes"] == 0.3


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_impossible_thresholds_are_refused(threshold: float) -> None:
    nlp = make_pipeline({})
    with pytest.raises(InputError, match=rf"threshold {threshold}.*from 0 .* to 1"):
        classify(nlp, nlp, [], threshold)


def test_pipelines_that_do_not_fit_are_refused() -> None:
    student, other, none = make_pipeline({}), spacy.blank("en"), spacy.blank("en")
    other.add_pipe("textcat").add_label("maybe")
    with pytest.raises(InputError, match=r"labels are maybe, the student's yes, no"):
        classify(student, other, ["a"], 0.5)
    with pytest.raises(InputError, match=r"no components.*'textcat'"):
        classify(student, none, ["a"], 0.5)


def test_answers_are_compared_with_gold() -> None:
    gold = numpy.array([[1, 0], [0, 1]])
    student, teacher = numpy.array([[0.9, 0.1], [0.6, 0.4]]), numpy.array([[0.2, 0.8], [0.2, 0.8]])
    found = compare_answers(gold, student, teacher, True)
    assert found.confidence.tolist() == [0.9, 0.6]
    assert found.student_right.tolist() == [True, False]
    assert found.teacher_right.tolist() == [False, True]


def test_point() -> None:
    found = measure_cascade(OUTCOME, 0.7, 100.0, 10.0)
    # The four below .7 go to the teacher, which mends three of them; the student errs about one.
    assert found.share_to_teacher == pytest.approx(0.4)
    assert found.accuracy == pytest.approx(0.9)
    # Ten texts: .1 s for the student, .4 s for the teacher.
    assert found.docs_per_second == pytest.approx(10 / 0.5)
    assert measure_cascade(OUTCOME, 0.7, 100.0, None).docs_per_second is None


def test_threshold_is_the_lowest_that_serves() -> None:
    # The teacher is right about 9. So is a cascade that asks it about .6 and less: it errs about the
    # sixth text alone.
    assert choose_threshold(OUTCOME) == pytest.approx(0.625)
    worse = OUTCOME._replace(teacher_right=numpy.zeros(10, dtype=bool))
    assert choose_threshold(worse) == 0  # the student is better anyway
    better = OUTCOME._replace(
        student_right=numpy.zeros(10, dtype=bool), teacher_right=numpy.ones(10, dtype=bool)
    )
    assert choose_threshold(better) == 1


def test_half_a_point_is_allowed() -> None:
    teacher, student = numpy.ones(1000, dtype=bool), numpy.ones(1000, dtype=bool)
    student[:6] = False
    outcome = Outcome(numpy.arange(500, 1500) / 1500, student, teacher)
    threshold = choose_threshold(outcome)
    assert measure_cascade(outcome, threshold, None, None).accuracy == 0.995
    assert measure_cascade(outcome, threshold, None, None).share_to_teacher == 0.001


def test_description() -> None:
    found = describe_cascade("student_cnn", OUTCOME, OUTCOME, 100.0, 10.0)
    assert found["student"] == "student_cnn"
    assert found["threshold"] == pytest.approx(0.625)
    assert found["share_to_teacher"] == pytest.approx(0.3)
    assert found["accuracy"] == found["dev_accuracy"] == found["teacher_accuracy_dev"] == 0.9
    curve = found["curve"]
    shares = [point["share_to_teacher"] for point in curve]
    assert shares == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1])
    assert curve[0]["accuracy"] == pytest.approx(STUDENT.mean())
    assert curve[-1]["accuracy"] == pytest.approx(TEACHER.mean())
    speeds = [point["docs_per_second"] for point in curve]
    assert speeds == sorted(speeds, reverse=True)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0.2, 1), st.booleans(), st.booleans()), min_size=1))
def test_curve_runs_from_student_to_teacher(texts: list[tuple[float, bool, bool]]) -> None:
    confidence, student, teacher = (numpy.array(column) for column in zip(*texts))
    outcome = Outcome(confidence.astype(float), student, teacher)
    found = describe_cascade("student_bow", outcome, outcome, None, None)
    curve = found["curve"]
    assert (curve[0]["share_to_teacher"], curve[-1]["share_to_teacher"]) == (0, 1)
    assert curve[0]["accuracy"] == pytest.approx(student.mean())
    assert curve[-1]["accuracy"] == pytest.approx(teacher.mean())
    shares = [point["share_to_teacher"] for point in curve]
    assert shares == sorted(shares)
    assert found["dev_accuracy"] >= found["teacher_accuracy_dev"] - 0.005 - 1e-9


def test_example_of_the_readme(small_run: Run) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    (example,) = (
        code
        for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        if "classify(" in code
    )
    result = subprocess.run(
        [sys.executable, "-c", example],
        cwd=small_run.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"\{'negative': .*, 'positive': .*\} (True|False)\n", result.stdout)
