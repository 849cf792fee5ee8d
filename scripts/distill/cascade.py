"""A student that answers where it is sure, and asks its teacher where it isn't.

    from scripts.distill.cascade import classify

    for answer in classify(student, teacher, texts, threshold=0.8):
        print(answer.cats, answer.by_teacher)

The threshold that comes within half a point of the teacher's accuracy on dev stands in metrics.json.
The idea is that of Viola & Jones 2001: the cheap classifier sees every text, the dear one few.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray
from spacy.language import Language

from .errors import InputError
from .metrics import get_confidence, is_correct

# How far below the teacher's accuracy on dev a cascade may be.
ALLOWED_LOSS = 0.005
# So many steps from no text to all texts has the curve.
CURVE_STEPS = 20
EXCLUSIVE, MULTILABEL = "textcat", "textcat_multilabel"


class Answer(NamedTuple):
    """Probabilities of the labels of a text, and whether they are the teacher's."""

    cats: dict[str, float]
    by_teacher: bool


class Outcome(NamedTuple):
    """What is known of texts that student and teacher have both read: the student's confidence, and
    whether either is right. Each of the shape (texts,).
    """

    confidence: NDArray[numpy.float64]
    student_right: NDArray[numpy.bool_]
    teacher_right: NDArray[numpy.bool_]


class Point(NamedTuple):
    """A cascade at one threshold: the share of texts that the teacher sees, accuracy, and texts a second
    as reckoned from the two models' own speeds, None where one isn't known.
    """

    threshold: float
    share_to_teacher: float
    accuracy: float
    docs_per_second: float | None


def is_unsure(confidence: NDArray[numpy.float64], threshold: float) -> NDArray[numpy.bool_]:
    """Tell which texts go to the teacher.

    confidence (NDArray[float64]): The student's. Shape: (texts,).
    threshold (float): From 0 (no text) to 1 (all texts).
    RETURNS (NDArray[bool]): Whether the confidence is below the threshold. Same shape.
    """
    return (confidence < threshold) | (threshold >= 1)


def classify(
    student: Language, teacher: Language, texts: Sequence[str], threshold: float
) -> list[Answer]:
    """Let a student classify texts, and its teacher those that the student is unsure of.

    student (Language): The student's pipeline.
    teacher (Language): The teacher's, with the same labels.
    texts (Sequence[str]): The texts.
    threshold (float): See is_unsure.
    RETURNS (list[Answer]): One for each text.
    RAISES (InputError): The threshold isn't from 0 to 1, or the labels differ.
    """
    if not 0 <= threshold <= 1:
        raise InputError(
            f"Can't use the threshold {threshold}. Expected a number from 0 (the student alone) to 1 "
            "(the teacher alone)."
        )
    name, labels = _find_labels(student)
    _, teacher_labels = _find_labels(teacher)
    if set(labels) != set(teacher_labels):
        raise InputError(
            f"Can't ask the teacher: its labels are {', '.join(teacher_labels)}, the student's "
            f"{', '.join(labels)}. Expected the same ones. Load the teacher that taught this student."
        )
    cats = [doc.cats for doc in student.pipe(texts)]
    rows = numpy.array([[c[label] for label in labels] for c in cats]).reshape(-1, len(labels))
    exclusive = student.get_pipe_meta(name).factory != MULTILABEL
    asked = is_unsure(get_confidence(rows, exclusive), threshold)
    answers = teacher.pipe([text for text, ask in zip(texts, asked) if ask])
    return [
        Answer(next(answers).cats, True) if ask else Answer(own, False)
        for ask, own in zip(asked, cats)
    ]


def _find_labels(nlp: Language) -> tuple[str, list[str]]:
    """Find a pipeline's text categorizer and its labels."""
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory in (EXCLUSIVE, MULTILABEL):
            return name, list(nlp.pipe_labels[name])
    raise InputError(
        f"Can't classify with a pipeline of {', '.join(nlp.pipe_names) or 'no components'}. Expected "
        f"one with the component '{EXCLUSIVE}' or '{MULTILABEL}', such as the folder model-best of a "
        "student or teacher."
    )


def compare_answers(
    gold: NDArray[numpy.int64],
    student: NDArray[numpy.float64],
    teacher: NDArray[numpy.float64],
    exclusive: bool,
) -> Outcome:
    """Compare what student and teacher say with gold labels.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    student (NDArray[float64]): Probabilities. Same shape.
    teacher (NDArray[float64]): Probabilities. Same shape.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (Outcome): Text by text.
    """
    return Outcome(
        get_confidence(student, exclusive),
        is_correct(gold, student, exclusive),
        is_correct(gold, teacher, exclusive),
    )


def measure_cascade(
    outcome: Outcome, threshold: float, student_speed: float | None, teacher_speed: float | None
) -> Point:
    """Measure a cascade.

    outcome (Outcome): The texts; at least one.
    threshold (float): See is_unsure.
    student_speed (float | None): Texts a second.
    teacher_speed (float | None): Texts a second.
    RETURNS (Point): Its figures.
    """
    asked = is_unsure(outcome.confidence, threshold)
    right = numpy.where(asked, outcome.teacher_right, outcome.student_right)
    share, speed = float(asked.mean()), None
    if student_speed and teacher_speed:
        speed = 1 / (1 / student_speed + share / teacher_speed)
    return Point(threshold, share, float(right.mean()), speed)


def choose_threshold(dev: Outcome) -> float:
    """Choose the lowest threshold that comes within half a point of the teacher's accuracy: the
    cheapest such cascade.

    dev (Outcome): Dev texts; at least one.
    RETURNS (float): The threshold.
    """
    goal = dev.teacher_right.mean() - ALLOWED_LOSS
    confidence = numpy.unique(dev.confidence)
    # From one confidence to the next nothing changes: halfway, rounding doesn't either.
    for threshold in (0.0, *(confidence[:-1] + confidence[1:]) / 2):
        if measure_cascade(dev, float(threshold), None, None).accuracy >= goal - 1e-9:
            return float(threshold)
    return 1.0


def describe_cascade(
    name: str, dev: Outcome, test: Outcome, student_speed: float | None, teacher_speed: float | None
) -> dict[str, Any]:
    """Describe the cascade of a student and its teacher: the threshold that dev chooses, and on test
    the whole curve from no text for the teacher to all texts.

    name (str): The student's name in metrics.json.
    dev (Outcome): Dev texts.
    test (Outcome): Test texts.
    student_speed (float | None): Texts a second.
    teacher_speed (float | None): Texts a second.
    RETURNS (dict[str, Any]): Its entry in metrics.json.
    """
    speeds = (student_speed, teacher_speed)
    threshold = choose_threshold(dev)
    shares = numpy.arange(CURVE_STEPS) / CURVE_STEPS
    steps = numpy.quantile(test.confidence, shares, method="lower")
    thresholds = sorted({0.0, *steps[steps > steps[0]].tolist(), 1.0})
    return {
        "student": name,
        **measure_cascade(test, threshold, *speeds)._asdict(),
        "dev_accuracy": measure_cascade(dev, threshold, *speeds).accuracy,
        "teacher_accuracy_dev": float(dev.teacher_right.mean()),
        "curve": [measure_cascade(test, t, *speeds)._asdict() for t in thresholds],
    }
