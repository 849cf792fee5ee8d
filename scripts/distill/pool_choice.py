"""Which of the pool's texts students learn from, by what the teacher says of them."""

from pathlib import Path
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from .errors import InputError
from .metrics import get_confidence, to_probabilities
from .records import POOL, copy_scores, iter_scores, read_texts_meta


class Choice(NamedTuple):
    """How many of the pool's texts were kept, how many were left out because the teacher wasn't sure,
    and how many because their label had more than the rarest.
    """

    kept: int
    unsure: int
    surplus: int


def choose_pool(
    scored: Path, output: Path, *, min_confidence: float, balance: bool, seed: int
) -> Choice:
    """Copy a file of scores but for some of the pool's texts; all others stay. Texts are in memory one
    row group at a time; of all the pool's, how sure the teacher is and of which label.

    scored (Path): Parquet file of all scores.
    output (Path): Parquet file for those that are kept.
    min_confidence (float): Texts that the teacher is less sure of are left out, from 0 to 1.
    balance (bool): Whether to keep as many texts of each label as of the rarest, drawn evenly. The
        label is what the teacher says.
    seed (int): Seed of the draw.
    RETURNS (Choice): How many.
    RAISES (InputError): There is nothing to balance.
    """
    meta = read_texts_meta(scored, scored=True)
    members, sure_enough, classes = [], [], []
    for group in iter_scores(scored):
        members.append(numpy.array(group.methods) == POOL)
        logits = group.logits[members[-1]].astype("float64")
        probabilities = to_probabilities(logits, meta.exclusive)
        sure_enough.append(get_confidence(probabilities, meta.exclusive) >= min_confidence)
        classes.append(probabilities.argmax(axis=1).astype("uint32"))
    in_pool, keep = numpy.concatenate(members), numpy.concatenate(sure_enough)
    sure = int(keep.sum())
    if balance and sure:
        if not meta.exclusive:
            raise InputError(
                "Can't balance the pool's texts by label: a text may have several. Expected labels that "
                "exclude each other. Set --vars.pool_labels all."
            )
        keep &= _draw_evenly(meta.labels, numpy.concatenate(classes), keep, seed)
    rows = numpy.ones(len(in_pool), dtype=bool)
    rows[in_pool] = keep
    copy_scores(scored, output, rows)
    return Choice(int(keep.sum()), len(keep) - sure, sure - int(keep.sum()))


def _draw_evenly(
    labels: list[str],
    classes: NDArray[numpy.uint32],
    among: NDArray[numpy.bool_],
    seed: int,
) -> NDArray[numpy.bool_]:
    """Draw as many texts of each class as the rarest has. All arrays have the shape (texts,)."""
    counts = numpy.bincount(classes[among], minlength=len(labels))
    if not counts.all():
        found = ", ".join(f"{label} {count}" for label, count in zip(labels, counts))
        raise InputError(
            f"Can't balance the pool's texts: the teacher's labels are {found}. Expected at least one "
            "of each. Set --vars.pool_labels all, or lower --vars.pool_confidence."
        )
    rng = numpy.random.default_rng(seed)
    drawn = numpy.zeros(len(classes), dtype=bool)
    for label in range(len(labels)):
        members = numpy.flatnonzero(among & (classes == label))
        drawn[rng.choice(members, int(counts.min()), replace=False)] = True
    return drawn
