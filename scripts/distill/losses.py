"""Distillation losses: what a student pays for scoring a text otherwise than its teacher."""

from typing import NamedTuple, Protocol

from spacy.util import registry
from thinc.types import Floats2d
from thinc.util import get_array_module


class LossAndGrad(NamedTuple):
    """The mean loss of a document; the gradient of the *sum* over the documents, as spaCy's other
    components hand it to the optimizer. Shape of the gradient: (batch, labels).
    """

    loss: float
    grad: Floats2d


class SoftLoss(Protocol):
    """A loss between the teacher's and the student's logits."""

    def __call__(
        self, teacher_scores: Floats2d, student_scores: Floats2d, *, exclusive: bool
    ) -> LossAndGrad:
        """Compare them.

        teacher_scores (Floats2d): Teacher logits. Shape: (batch, labels).
        student_scores (Floats2d): Student logits, same shape.
        exclusive (bool): Whether labels exclude each other (softmax) or not (logistic).
        RETURNS (LossAndGrad): Mean loss of a document; gradient on the student's logits.
        RAISES (ValueError): Shapes differ or a score is not finite.
        """
        ...


def validate_scores(teacher_scores: Floats2d, student_scores: Floats2d) -> None:
    """Check that two sets of logits can be compared.

    teacher_scores (Floats2d): Teacher logits. Shape: (batch, labels).
    student_scores (Floats2d): Student logits, same shape.
    RAISES (ValueError): The shapes differ, or a score is not finite.
    """
    if teacher_scores.shape != student_scores.shape:
        raise ValueError(
            f"Teacher scores of shape {teacher_scores.shape} and student scores of shape "
            f"{student_scores.shape}, expected equal shapes (batch, labels)"
        )
    xp = get_array_module(student_scores)
    for name, scores in (("teacher", teacher_scores), ("student", student_scores)):
        if not xp.isfinite(scores).all():
            raise ValueError(f"A score of the {name} is not finite")


def log_softmax(logits: Floats2d) -> Floats2d:
    """Log of the softmax over the last axis, computed without overflow.

    logits (Floats2d): Shape: (batch, labels).
    RETURNS (Floats2d): Same shape.
    """
    xp = get_array_module(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))


def log_sigmoid(logits: Floats2d) -> Floats2d:
    """Log of the logistic function, computed without overflow.

    logits (Floats2d): Any shape.
    RETURNS (Floats2d): Same shape.
    """
    xp = get_array_module(logits)
    return -xp.logaddexp(0, -logits)


@registry.losses("distill.soft_cross_entropy.v1")
def make_soft_cross_entropy(temperature: float = 1.0) -> SoftLoss:
    """Cross-entropy between softened teacher and student distributions (Hinton et al. 2015, eq. 4).

    For exclusive labels the distribution is the softmax of logits / T; for the others each label is
    a distribution of its own, the logistic of logits / T, and their losses are added. The loss is
    multiplied by T squared, so that its gradient keeps its size as T changes (section 2.1).

    temperature (float): T, above 0. 1 leaves the distributions as they are; higher values bring out
        what the teacher thinks of unlikely labels.
    RETURNS (SoftLoss): The loss.
    RAISES (ValueError): The temperature isn't above 0.
    """
    if not temperature > 0:
        raise ValueError(
            f"Can't use temperature = {temperature} in distill.soft_cross_entropy.v1. Expected a "
            "number above 0."
        )

    def soft_cross_entropy(
        teacher_scores: Floats2d, student_scores: Floats2d, *, exclusive: bool
    ) -> LossAndGrad:
        validate_scores(teacher_scores, student_scores)
        xp = get_array_module(student_scores)
        teacher, student = teacher_scores / temperature, student_scores / temperature
        if exclusive:
            targets, log_student = xp.exp(log_softmax(teacher)), log_softmax(student)
            total = -(targets * log_student).sum()
        else:
            targets, log_student = xp.exp(log_sigmoid(teacher)), log_sigmoid(student)
            total = -(targets * log_student + (1 - targets) * log_sigmoid(-student)).sum()
        grad = temperature * (xp.exp(log_student) - targets)
        return LossAndGrad(float(total) * temperature**2 / max(len(targets), 1), grad)

    return soft_cross_entropy
