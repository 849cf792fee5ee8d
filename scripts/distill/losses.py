"""Distillation losses: what a student pays for scoring a text otherwise than its teacher."""

import itertools
import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from spacy.util import registry
from thinc.types import Floats2d
from thinc.util import get_array_module

from .errors import SettingError


class LossAndGrad(NamedTuple):
    """The mean loss of a document; the gradient of the *sum* over the documents, as spaCy's other
    components hand it to the optimizer. Shape of the gradient: (batch, labels).
    """

    loss: float
    grad: Floats2d


class DistillLoss(Protocol):
    """A loss between the teacher's and the student's logits, and where it has use for them the gold
    labels. It keeps nothing between calls: the same arguments give the same result.
    """

    def __call__(
        self,
        teacher_scores: Floats2d,
        student_scores: Floats2d,
        *,
        exclusive: bool,
        gold_scores: Floats2d | None = None,
        step: int = 0,
    ) -> LossAndGrad:
        """Compare them.

        teacher_scores (Floats2d): Teacher logits. Shape: (batch, labels).
        student_scores (Floats2d): Student logits, same shape.
        exclusive (bool): Whether labels exclude each other (softmax) or not (logistic).
        gold_scores (Floats2d | None): 0 or 1 for each label, NaN where it isn't known; same shape.
        step (int): How many batches have been learned from, for what changes during training.
        RETURNS (LossAndGrad): Mean loss of a document; gradient on the student's logits.
        RAISES (ValueError): Shapes differ, or a score of teacher or student is not finite.
        """
        ...


def validate_scores(teacher_scores: Floats2d, student_scores: Floats2d) -> None:
    """Check that two sets of logits can be compared.

    teacher_scores (Floats2d): Teacher logits. Shape: (batch, labels).
    student_scores (Floats2d): Student logits, same shape.
    RAISES (ValueError): The shapes differ, or a score is not finite.
    """
    if teacher_scores.shape != student_scores.shape:
        raise SettingError(
            f"Teacher scores of shape {teacher_scores.shape} and student scores of shape "
            f"{student_scores.shape}, expected equal shapes (batch, labels)"
        )
    xp = get_array_module(student_scores)
    for name, scores in (("teacher", teacher_scores), ("student", student_scores)):
        finite = xp.isfinite(scores)
        if not finite.all():
            row, column = (int(i) for i in xp.argwhere(~finite)[0])
            raise SettingError(
                f"Score {column + 1} of the {name} for document {row + 1} of the batch is "
                f"{float(scores[row, column])}. Expected finite numbers."
            )


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


def cross_entropy(targets: Floats2d, student_scores: Floats2d, *, exclusive: bool) -> LossAndGrad:
    """Cross-entropy between target probabilities and the student's.

    targets (Floats2d): Probabilities, soft or 0 and 1; NaN where one isn't known, which costs
        nothing. Shape: (batch, labels).
    student_scores (Floats2d): Student logits, same shape.
    exclusive (bool): Whether the labels are one distribution, or each label one of its own, whose
        losses are added.
    RETURNS (LossAndGrad): Mean loss of a document; gradient on the student's logits.
    """
    xp = get_array_module(student_scores)
    known = ~xp.isnan(targets)
    if exclusive:
        known &= known.all(axis=1, keepdims=True)  # a distribution with holes is none
    targets = xp.where(known, targets, 0)
    if exclusive:
        log_student = log_softmax(student_scores)
        total = -(targets * log_student).sum()
        # The row's sum is 1 but where a document has none of the labels (0, and nothing is learned).
        grad = xp.exp(log_student) * targets.sum(axis=1, keepdims=True) - targets
    else:
        log_student = log_sigmoid(student_scores)
        losses = targets * log_student + (1 - targets) * log_sigmoid(-student_scores)
        total = -(losses * known).sum()
        grad = (xp.exp(log_student) - targets) * known
    return LossAndGrad(float(total) / max(len(targets), 1), grad)


def soften(teacher_scores: Floats2d, *, exclusive: bool) -> Floats2d:
    """Turn logits into probabilities: softmax over the labels, or the logistic of each.

    teacher_scores (Floats2d): Logits. Shape: (batch, labels).
    exclusive (bool): Whether labels exclude each other.
    RETURNS (Floats2d): Same shape.
    """
    log_probabilities = log_softmax(teacher_scores) if exclusive else log_sigmoid(teacher_scores)
    return get_array_module(teacher_scores).exp(log_probabilities)


def validate_temperature(temperature: float, loss: str) -> None:
    """Check that a temperature is a finite number above 0.

    temperature (float): The temperature.
    loss (str): Registered name of the loss, for the message.
    RAISES (ValueError): It isn't.
    """
    if not 0 < temperature < float("inf"):
        raise SettingError(
            f"Can't use temperature = {temperature} in {loss}. Expected a number above 0."
        )


@registry.losses("distill.soft_cross_entropy.v1")
def make_soft_cross_entropy(temperature: float = 1.0) -> DistillLoss:
    """Cross-entropy between softened teacher and student distributions (Hinton et al. 2015, eq. 4).

    For exclusive labels the distribution is the softmax of logits / T; for the others each label is
    a distribution of its own, the logistic of logits / T, and their losses are added. The loss is
    multiplied by T squared, so that its gradient keeps its size as T changes (section 2.1).

    temperature (float): T, above 0. 1 leaves the distributions as they are; higher values bring out
        what the teacher thinks of unlikely labels.
    RETURNS (DistillLoss): The loss.
    RAISES (ValueError): The temperature isn't above 0.
    """
    validate_temperature(temperature, "distill.soft_cross_entropy.v1")

    def soft_cross_entropy(
        teacher_scores: Floats2d,
        student_scores: Floats2d,
        *,
        exclusive: bool,
        gold_scores: Floats2d | None = None,
        step: int = 0,
    ) -> LossAndGrad:
        validate_scores(teacher_scores, student_scores)
        targets = soften(teacher_scores / temperature, exclusive=exclusive)
        result = cross_entropy(targets, student_scores / temperature, exclusive=exclusive)
        return LossAndGrad(result.loss * temperature**2, result.grad * temperature)

    return soft_cross_entropy


@registry.losses("distill.kl_divergence.v1")
def make_kl_divergence(temperature: float = 1.0) -> DistillLoss:
    """Kullback-Leibler divergence of the student's softened distribution from the teacher's.

    Its gradient is that of the soft cross-entropy; its value is 0 where student and teacher agree,
    since the entropy of the teacher's distribution is taken off. Multiplied by T squared as well.

    temperature (float): T, above 0.
    RETURNS (DistillLoss): The loss.
    RAISES (ValueError): The temperature isn't above 0.
    """
    validate_temperature(temperature, "distill.kl_divergence.v1")
    soft_cross_entropy = make_soft_cross_entropy(temperature)

    def kl_divergence(
        teacher_scores: Floats2d,
        student_scores: Floats2d,
        *,
        exclusive: bool,
        gold_scores: Floats2d | None = None,
        step: int = 0,
    ) -> LossAndGrad:
        entropy = soft_cross_entropy(teacher_scores, teacher_scores, exclusive=exclusive).loss
        loss, grad = soft_cross_entropy(teacher_scores, student_scores, exclusive=exclusive)
        return LossAndGrad(max(loss - entropy, 0.0), grad)  # below 0 is rounding

    return kl_divergence


@registry.losses("distill.mse_logits.v1")
def make_mse_logits() -> DistillLoss:
    """Mean squared error between the logits of teacher and student (Tang et al. 2019, eq. 3).

    Logits of exclusive labels mean the same when a constant is added to all of a document's: both
    sides are centred first. The mean is over a document's labels.

    RETURNS (DistillLoss): The loss.
    """

    def mse_logits(
        teacher_scores: Floats2d,
        student_scores: Floats2d,
        *,
        exclusive: bool,
        gold_scores: Floats2d | None = None,
        step: int = 0,
    ) -> LossAndGrad:
        validate_scores(teacher_scores, student_scores)
        difference = student_scores - teacher_scores
        if exclusive:
            difference = difference - difference.mean(axis=1, keepdims=True)
        documents, labels = difference.shape
        loss = float((difference**2).sum()) / max(documents * labels, 1)
        return LossAndGrad(loss, 2 * difference / labels)

    return mse_logits


@registry.losses("distill.blend.v1")
def make_blend(soft: DistillLoss, gold_weight: float | Iterable[float]) -> DistillLoss:
    """A mix of a loss on the teacher's scores and the cross-entropy with the gold labels:
    (1 - w) x soft + w x gold (Hinton et al. 2015, section 2; Tang et al. 2019, eq. 4).

    A document without gold labels takes part in the soft term only.

    soft (DistillLoss): The loss on the teacher's scores.
    gold_weight (float | Iterable[float]): w, from 0 to 1, or a thinc schedule of it, read at each
        update (with accumulate_gradient there are several of them a step): one that rises from 0 to 1
        is teacher annealing (Clark et al. 2019, section 3.2).
    RETURNS (DistillLoss): The loss.
    RAISES (ValueError): A weight is outside 0 to 1; of a schedule, when its turn comes.
    """
    weights = StepValues(gold_weight)
    _validate_gold_weight(weights[0], 0)

    def blend(
        teacher_scores: Floats2d,
        student_scores: Floats2d,
        *,
        exclusive: bool,
        gold_scores: Floats2d | None = None,
        step: int = 0,
    ) -> LossAndGrad:
        weight = weights[step]
        _validate_gold_weight(weight, step)
        loss, grad = soft(
            teacher_scores, student_scores, exclusive=exclusive, gold_scores=gold_scores, step=step
        )
        loss, grad = (1 - weight) * loss, (1 - weight) * grad
        if gold_scores is not None:
            gold = cross_entropy(gold_scores, student_scores, exclusive=exclusive)
            loss, grad = loss + weight * gold.loss, grad + weight * gold.grad
        return LossAndGrad(loss, grad)

    return blend


def _validate_gold_weight(weight: float, step: int) -> None:
    if not 0 <= weight <= 1:
        raise SettingError(
            f"Can't use gold_weight = {weight} (batch {step + 1}) in distill.blend.v1. Expected a "
            "number from 0 to 1, or a schedule of such numbers."
        )


class StepValues:
    """A number for each step, from a constant or a thinc schedule: an iterator of thinc 8, which is
    remembered as it is read so that a step's value doesn't depend on who has asked before, or a
    function of the step, as thinc 9's are.
    """

    def __init__(self, values: float | Iterable[float]) -> None:
        self._function = values if callable(values) else None
        constant = itertools.repeat(values) if isinstance(values, (int, float)) else values
        self._iterator = iter(()) if self._function else iter(constant)
        self._seen: list[float] = []

    def __getitem__(self, step: int) -> float:
        if self._function is not None:
            return float(self._function(step=step))
        while len(self._seen) <= step:
            # A schedule that ends keeps its last value.
            last = self._seen[-1] if self._seen else math.nan
            self._seen.append(float(next(self._iterator, last)))
        return self._seen[step]
