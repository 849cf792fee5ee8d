"""How fast a teacher scores, against its own `nlp.pipe` and against what the machine can multiply."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy
import torch
from spacy.language import Language
from spacy_transformers import Transformer

from .metrics import decide, to_probabilities
from .records import read_texts_meta, sample_texts
from .scoring import (
    bfloat16,
    count_pieces,
    excludes_labels,
    has_fast_bfloat16,
    load_teacher,
    score_texts,
)

PIPE = "nlp.pipe"
# Width of the square matrices that the machine's limit is measured with, and for how long.
MATRIX_WIDTH, MATRIX_SECONDS = 2048, 1.0


class ScoringSpeed(NamedTuple):
    """A way to score: texts and word pieces a second (medians of the rounds), the ratio to nlp.pipe
    (median over rounds of the ratio within a round), which share of the machine's limit its useful
    multiplications take (padding doesn't count; NaN where the limit isn't known), and how far its
    probabilities are from those of nlp.pipe at most, and which share of texts has the same labels.
    """

    name: str
    texts_per_second: float
    pieces_per_second: float
    times_pipe: float
    share_of_limit: float
    max_difference: float
    same_labels: float


def operations_per_piece(nlp: Language) -> float:
    """Count what a transformer computes for a word piece, but for what depends on the length of the
    text (Kaplan et al. 2020, table 1: two operations for each weight of a layer).

    nlp (Language): The teacher.
    RETURNS (float): Floating-point operations; 0 where the layers can't be told from embeddings.
    """
    transformer = cast(Transformer, nlp.get_pipe("transformer")).model.transformer
    layers = getattr(getattr(transformer, "encoder", None), "layer", None)
    if layers is None:
        return 0.0
    return 2.0 * sum(weight.numel() for weight in layers.parameters() if weight.ndim == 2)


def measure_limit(dtype: torch.dtype) -> float:
    """Measure how fast the machine multiplies large matrices.

    dtype (torch.dtype): Of the matrices.
    RETURNS (float): Floating-point operations a second, at best.
    """
    a = torch.randn(MATRIX_WIDTH, MATRIX_WIDTH, dtype=torch.float32).to(dtype)
    a @ a
    best, end = 0.0, time.perf_counter() + MATRIX_SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        a @ a
        best = max(best, 2 * MATRIX_WIDTH**3 / (time.perf_counter() - start))
    return best


def benchmark_scoring(
    teacher: Path,
    texts_path: Path,
    *,
    n_texts: int,
    rounds: int,
    seed: int,
    progress: Callable[[str], object] = lambda name: None,
) -> list[ScoringSpeed]:
    """Score a sample of texts by nlp.pipe and by score_texts in turn, with all threads, on the CPU.

    teacher (Path): The teacher's folder.
    texts_path (Path): What the step `augment` wrote.
    n_texts (int): How many of its texts, drawn evenly.
    rounds (int): How often each way is measured.
    seed (int): Seed of the draw.
    progress (Callable[[str], object]): Told the name of each way that has been measured.
    RETURNS (list[ScoringSpeed]): nlp.pipe first; bfloat16 where the processor multiplies it fast.
    RAISES (InputError): An input is missing.
    """
    nlp = load_teacher(teacher)
    texts = [row.text for row in sample_texts(texts_path, n_texts, seed)]
    ways = _list_ways(nlp, texts, read_texts_meta(texts_path).labels)
    limits = {dtype: measure_limit(dtype) for dtype in {way.dtype for way in ways.values()}}
    found: dict[str, numpy.ndarray] = {}
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            found[name] = way.score()
            speeds[name].append(len(texts) / (time.perf_counter() - start))
            progress(name)
    pieces, operations = sum(count_pieces(nlp, texts)) / len(texts), operations_per_piece(nlp)
    decided = {name: decide(p, excludes_labels(nlp)) for name, p in found.items()}
    results = []
    for name, way in ways.items():
        speed = statistics.median(speeds[name])
        results.append(
            ScoringSpeed(
                name,
                speed,
                speed * pieces,
                statistics.median(a / b for a, b in zip(speeds[name], speeds[PIPE])),
                speed * pieces * operations / limits[way.dtype] if operations else float("nan"),
                float(numpy.abs(found[name] - found[PIPE]).max()),
                float((decided[name] == decided[PIPE]).all(axis=1).mean()),
            )
        )
    return results


class Way(NamedTuple):
    """A way to score: gives probabilities of the shape (texts, labels), and multiplies in a type."""

    score: Callable[[], numpy.ndarray]
    dtype: torch.dtype


def _list_ways(nlp: Language, texts: Sequence[str], labels: Sequence[str]) -> dict[str, Way]:
    def pipe() -> numpy.ndarray:
        return numpy.array([[doc.cats[label] for label in labels] for doc in nlp.pipe(texts)])

    def score() -> numpy.ndarray:
        logits = score_texts(nlp, texts, labels).astype("float64")
        return to_probabilities(logits, excludes_labels(nlp))

    def score_in_bfloat16() -> numpy.ndarray:
        with bfloat16(nlp):
            return score()

    ways = {PIPE: Way(pipe, torch.float32), "score, float32": Way(score, torch.float32)}
    if has_fast_bfloat16():
        ways["score, bfloat16"] = Way(score_in_bfloat16, torch.bfloat16)
    return ways
