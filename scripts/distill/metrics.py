"""How good a classifier is: against gold labels, against its teacher, against another one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray
from scipy.special import expit, rel_entr, softmax
from scipy.stats import binned_statistic, bootstrap
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)
from sklearn.metrics.pairwise import paired_cosine_distances
from statsmodels.stats.contingency_tables import mcnemar

THRESHOLD = 0.5
CALIBRATION_BINS = 15
BOOTSTRAP_RESAMPLES = 9999
BOOTSTRAP_BATCH = 100  # resamples in memory at a time

GoldLabels = NDArray[numpy.int64]
Probabilities = NDArray[numpy.float64]
# Rows gold, columns predicted; of labels that don't exclude each other, yes and no for each.
Confusion = list[list[int]] | dict[str, list[list[int]]]


@dataclass(frozen=True, order=True)
class Bin:
    """Decisions of about the same confidence: its mean, the share that is right, how many they are."""

    confidence: float
    accuracy: float
    count: int


class Comparison(NamedTuple):
    """Accuracy of one classifier less another's on the same texts, with the 95% interval of the
    difference and the p-value of McNemar's exact test.
    """

    delta_accuracy: float
    ci95: tuple[float, float]
    mcnemar_p: float


def decide(probabilities: Probabilities, exclusive: bool) -> GoldLabels:
    """Turn probabilities into labels.

    probabilities (NDArray[float64]): Shape: (texts, labels).
    exclusive (bool): The most probable label, or every label of 0.5 and above.
    RETURNS (NDArray[int64]): 0 or 1, same shape.
    """
    if not exclusive:
        return (probabilities >= THRESHOLD).astype(int)
    return numpy.eye(probabilities.shape[1], dtype=int)[probabilities.argmax(axis=1)]


def dev_score(gold: GoldLabels, logits: NDArray[numpy.float64], exclusive: bool) -> float:
    """Score a classifier as spaCy's training does it on dev.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    logits (NDArray[float64]): Same shape.
    exclusive (bool): See decide.
    RETURNS (float): Micro-averaged F-score, which is the accuracy for exclusive labels; from 0 to 1.
    """
    predicted = decide(to_probabilities(logits, exclusive), exclusive)
    return float(f1_score(gold, predicted, average="micro", zero_division=0))


def to_probabilities(logits: NDArray[numpy.float64], exclusive: bool) -> Probabilities:
    """Turn logits into probabilities.

    logits (NDArray[float64]): Shape: (texts, labels).
    exclusive (bool): Softmax over a text's labels, or the logistic of each.
    RETURNS (NDArray[float64]): Same shape.
    """
    return softmax(logits, axis=1) if exclusive else expit(logits)


def is_correct(
    gold: GoldLabels, probabilities: Probabilities, exclusive: bool
) -> NDArray[numpy.bool_]:
    """Tell for each text whether all its labels are right.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    probabilities (NDArray[float64]): Same shape.
    exclusive (bool): See decide.
    RETURNS (NDArray[bool]): Shape: (texts,).
    """
    return (decide(probabilities, exclusive) == gold).all(axis=1)


def reliability_curve(confidence: Probabilities, correct: NDArray[Any]) -> list[Bin]:
    """Set confidence against accuracy over 15 bins of equal width (Guo et al. 2017, section 2).

    confidence (NDArray[float64]): Probabilities. Shape: (decisions,).
    correct (NDArray): Whether each decision is right (0 or 1). Same shape.
    RETURNS (list[Bin]): The bins that hold decisions, least confident first.
    """
    confidence = confidence.clip(0, 1)  # sums of float32 may end a little above 1
    binned = binned_statistic(
        confidence, [confidence, correct], bins=CALIBRATION_BINS, range=(0, 1)
    )
    counts = numpy.bincount(binned.binnumber, minlength=CALIBRATION_BINS + 1)[1:]
    columns = zip(*binned.statistic, counts)
    return [Bin(float(mean), float(right), int(n)) for mean, right, n in columns if n]


def get_confidence(
    probabilities: NDArray[numpy.float64], exclusive: bool
) -> NDArray[numpy.float64]:
    """Say how sure a classifier is of what it decides about each text.

    probabilities (NDArray[float64]): Shape: (texts, labels).
    exclusive (bool): The probability of the label chosen; else that of the decision (yes or no) that
        is least sure.
    RETURNS (NDArray[float64]): Shape: (texts,).
    """
    if exclusive:
        return probabilities.max(axis=1).clip(0, 1)  # sums of float32 may end a little above 1
    return numpy.maximum(probabilities, 1 - probabilities).min(axis=1)


def expected_calibration_error(curve: Sequence[Bin]) -> float:
    """Mean distance between confidence and accuracy over the bins of a reliability curve, each bin
    weighted by its size (Guo et al. 2017, eq. 5).

    curve (Sequence[Bin]): See reliability_curve.
    RETURNS (float): From 0 (calibrated) to 1.
    """
    gaps = [bin.count * abs(bin.confidence - bin.accuracy) for bin in curve]
    return float(sum(gaps) / sum(bin.count for bin in curve))


def kl_per_text(
    teacher: Probabilities, student: Probabilities, exclusive: bool
) -> NDArray[numpy.float64]:
    """Kullback-Leibler divergence of a student's distributions from its teacher's, in nats.

    teacher (NDArray[float64]): Probabilities. Shape: (texts, labels).
    student (NDArray[float64]): Same shape.
    exclusive (bool): One distribution over the labels, or one for each label, added up.
    RETURNS (NDArray[float64]): 0 or more. Shape: (texts,).
    """
    tiny = numpy.finfo("float32").tiny
    divergence = rel_entr(teacher, student.clip(tiny, None))
    if not exclusive:
        divergence = divergence + rel_entr(1 - teacher, (1 - student).clip(tiny, None))
    return divergence.sum(axis=1)


def kl_divergence(teacher: Probabilities, student: Probabilities, exclusive: bool) -> float:
    """Mean of kl_per_text.

    teacher (NDArray[float64]): Probabilities. Shape: (texts, labels).
    student (NDArray[float64]): Same shape.
    exclusive (bool): See kl_per_text.
    RETURNS (float): 0 or more.
    """
    return float(kl_per_text(teacher, student, exclusive).mean())


def _brier(gold: GoldLabels, probabilities: Probabilities, exclusive: bool) -> float:
    if exclusive:
        labels = list(range(gold.shape[1]))
        # Sums of float32 are off 1 by more than scikit-learn lets pass.
        probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
        scores = probabilities[:, 1] if len(labels) == 2 else probabilities
        return float(brier_score_loss(gold.argmax(axis=1), scores, labels=labels))
    columns = zip(gold.T, probabilities.T)
    return float(numpy.mean([brier_score_loss(y, p, labels=[0, 1]) for y, p in columns]))


def _confuse(
    gold: GoldLabels, predicted: GoldLabels, labels: Sequence[str], exclusive: bool
) -> Confusion:
    if exclusive:
        truths, found = gold.argmax(axis=1), predicted.argmax(axis=1)
        return confusion_matrix(truths, found, labels=range(len(labels))).tolist()
    matrices = multilabel_confusion_matrix(gold, predicted)
    return {label: matrix.tolist() for label, matrix in zip(labels, matrices)}


def _mean_absolute_error(gold: GoldLabels, predicted: GoldLabels, labels: Sequence[str]) -> float:
    stars = numpy.array([int(label) for label in labels])
    return float(mean_absolute_error(gold @ stars, predicted @ stars))


def _score_labels(
    gold: GoldLabels, predicted: GoldLabels, labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    columns = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    return {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for label, precision, recall, f1, support in zip(labels, *columns)
    }


def _reliability(gold: GoldLabels, probabilities: Probabilities, exclusive: bool) -> list[Bin]:
    """The curve of the label chosen, or of all labels."""
    if exclusive:
        correct = is_correct(gold, probabilities, exclusive)
        return reliability_curve(probabilities.max(axis=1), correct)
    return reliability_curve(probabilities.ravel(), gold.ravel())


def evaluate(
    gold: GoldLabels,
    probabilities: Probabilities,
    teacher: Probabilities,
    labels: Sequence[str],
    exclusive: bool,
    *,
    stars: bool = False,
) -> dict[str, Any]:
    """Measure a classifier's quality.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels); each label 0 and 1 at least once.
    probabilities (NDArray[float64]): The classifier's. Same shape.
    teacher (NDArray[float64]): Its teacher's. Same shape.
    labels (Sequence[str]): Names of the columns.
    exclusive (bool): Whether labels exclude each other.
    stars (bool): Whether labels are numbers, so that one can be nearer to another.
    RETURNS (dict[str, Any]): accuracy (of the whole set of labels, where they don't exclude each
        other), macro_f1, per_label, roc_auc (mean over labels, each against the rest), confusion,
        ece and reliability (of the label chosen, or of all labels), brier, mae (of the number chosen;
        None where labels aren't numbers), agreement (share of texts labelled as the teacher does),
        kl_to_teacher (nats), cosine_to_teacher (mean over texts).
    """
    predicted = decide(probabilities, exclusive)
    curve = _reliability(gold, probabilities, exclusive)
    agreed = (predicted == decide(teacher, exclusive)).all(axis=1)
    return {
        "accuracy": float(accuracy_score(gold, predicted)),
        "macro_f1": float(f1_score(gold, predicted, average="macro", zero_division=0)),
        "per_label": _score_labels(gold, predicted, labels),
        "confusion": _confuse(gold, predicted, labels, exclusive),
        "roc_auc": float(roc_auc_score(gold, probabilities, average="macro")),
        "ece": expected_calibration_error(curve),
        "reliability": [asdict(bin) for bin in curve],
        "brier": _brier(gold, probabilities, exclusive),
        "mae": _mean_absolute_error(gold, predicted, labels) if stars else None,
        "agreement": float(agreed.mean()),
        "kl_to_teacher": kl_divergence(teacher, probabilities, exclusive),
        "cosine_to_teacher": float(1 - paired_cosine_distances(teacher, probabilities).mean()),
    }


def compare(a: NDArray[numpy.bool_], b: NDArray[numpy.bool_], seed: int) -> Comparison:
    """Compare two classifiers on the same texts.

    a (NDArray[bool]): Whether the first is right, for each text. Shape: (texts,).
    b (NDArray[bool]): Whether the second is. Same shape.
    seed (int): Seed of the bootstrap.
    RETURNS (Comparison): Difference of accuracies (a less b), its 95% interval by paired bootstrap
        (percentiles of 9,999 resamples), p of McNemar's exact test.
    """
    differences = a.astype(float) - b.astype(float)
    if (differences == differences[0]).all():
        # No spread to resample: the interval is a point.
        ci95 = (float(differences[0]), float(differences[0]))
    else:
        interval = bootstrap(
            (differences,),
            numpy.mean,
            n_resamples=BOOTSTRAP_RESAMPLES,
            batch=BOOTSTRAP_BATCH,
            method="percentile",
            rng=numpy.random.default_rng(seed),
        ).confidence_interval
        ci95 = (float(interval.low), float(interval.high))
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    p = float(mcnemar(table, exact=True).pvalue)
    return Comparison(float(differences.mean()), ci95, p)
