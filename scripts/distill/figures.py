"""A model's entry in metrics.json: quality on test, over seeds where there are several, and cost."""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import psutil
from numpy.typing import NDArray

from .documents import read_gold
from .metrics import evaluate
from .side_by_side import THREADS

# What is told of each seed.
OVER_SEEDS = ("accuracy", "macro_f1", "ece")
STARS = "stars"  # the task whose labels are numbers


class HeldOut(NamedTuple):
    """Texts that no model learned from, gold labels (0 or 1, of the shape (texts, labels)), the labels'
    names, and whether they exclude each other and are numbers.
    """

    texts: list[str]
    gold: NDArray[numpy.int64]
    labels: list[str]
    exclusive: bool
    stars: bool


def read_held_out(corpus: Path, split: str, lang: str, stats: Mapping[str, Any]) -> HeldOut:
    """Read texts that no model learned from.

    corpus (Path): The folder of the gold corpus.
    split (str): "dev" or "test".
    lang (str): Language code.
    stats (Mapping[str, Any]): The content of stats.json.
    RETURNS (HeldOut): The texts.
    """
    texts, gold = read_gold(corpus / f"{split}.spacy", lang)
    return HeldOut(texts, gold, stats["labels"], stats["exclusive"], stats["task"] == STARS)


def describe_quality(
    test: HeldOut,
    by_seed: Sequence[NDArray[numpy.float64]],
    teacher: NDArray[numpy.float64],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Describe how good a model is.

    test (HeldOut): Texts and gold labels.
    by_seed (Sequence[NDArray[float64]]): Its probabilities with each seed, of the shape (texts, labels).
    teacher (NDArray[float64]): Its teacher's. Same shape.
    seeds (Sequence[int]): The seeds.
    RETURNS (dict[str, Any]): Figures of the first seed (see metrics.evaluate), the seeds, and in
        "over_seeds" what differs between them, None for one.
    """
    first, *further = (
        evaluate(test.gold, found, teacher, test.labels, test.exclusive, stars=test.stars)
        for found in by_seed
    )
    values = {key: [figures[key] for figures in (first, *further)] for key in OVER_SEEDS}
    return {
        **first,
        "seeds": list(seeds),
        "over_seeds": {key: describe_spread(values[key]) for key in values} if further else None,
    }


def describe_spread(values: Sequence[float]) -> dict[str, Any]:
    """Describe how far figures lie apart.

    values (Sequence[float]): Two figures or more.
    RETURNS (dict[str, Any]): "mean", "sd" (of the sample, with n - 1) and "values".
    """
    mean, sd = float(numpy.mean(values)), float(numpy.std(values, ddof=1))
    return {"mean": mean, "sd": sd, "values": list(values)}


def add_costs(costs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what several models cost that all read the same texts, one after the other.

    costs (Sequence[Mapping[str, Any]]): Their cost, with the same keys: those of
            side_by_side.Measured, times_teacher and size_mb.
    RETURNS (dict[str, Any]): Their cost together; None where one isn't known, and in place of
        percentiles, which don't add up.
    """
    added: dict[str, Any] = {}
    for key in costs[0]:
        figures = [cost[key] for cost in costs]
        if isinstance(figures[0], Mapping):
            added[key] = dict.fromkeys(figures[0])
        elif None in figures:
            added[key] = None
        elif key.endswith("_per_second") or key == "times_teacher":
            added[key] = 1 / sum(1 / figure for figure in figures)
        else:
            added[key] = sum(figures)
    return added


def size_mb(path: Path) -> float:
    """Add up the size of a file or of all files in a folder.

    path (Path): The file or folder.
    RETURNS (float): MB (10^6 bytes).
    """
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def describe_machine() -> dict[str, Any]:
    """Describe where figures of cost come from.

    RETURNS (dict[str, Any]): System, Python, cores, memory and threads used.
    """
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "threads_measured": THREADS,
    }
