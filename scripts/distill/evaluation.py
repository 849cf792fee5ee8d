"""Evaluate every model on the same test set and compare them: metrics.json."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import psutil
import srsly
from numpy.typing import NDArray

from .documents import read_gold
from .metrics import compare, evaluate, is_correct
from .outputs import atomic_file
from .products import BEST, choose_student, model_folder, read_stats, require
from .records import GOLD, POOL, read_column
from .teacher_info import INFO, hash_file, read_teacher_info
from .tfidf import MODEL as TFIDF_MODEL

TEACHER, TFIDF = "teacher", "tfidf_logreg"
BLACK_BOX = "black_box"
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",  # of transformers' tokenizers
)
THREADS = 1


class Candidate(NamedTuple):
    """A model to evaluate: its name in metrics.json, what kind it is, where it lies, and the step
    that makes it.
    """

    name: str
    kind: str
    path: Path
    step: str


class Pair(NamedTuple):
    """Names of two models to compare."""

    a: str
    b: str


class Measured(NamedTuple):
    """What a process found out about a model. probabilities has the shape (texts, labels)."""

    probabilities: NDArray[numpy.float64]
    cost: dict[str, Any]


def list_candidates(training: Path, architectures: Sequence[str]) -> list[Candidate]:
    """List the models that a run makes.

    training (Path): The folder that holds their folders.
    architectures (Sequence[str]): Names of the students' architectures, such as "bow".
    RETURNS (list[Candidate]): Teacher, students, baselines, TF-IDF with logistic regression.
    """
    folder = training / TEACHER
    if (folder / INFO).is_file() and read_teacher_info(folder).black_box:
        candidates = [Candidate(TEACHER, BLACK_BOX, folder, TEACHER)]
    else:
        candidates = [Candidate(TEACHER, "transformer", folder / BEST, TEACHER)]
    for step in ("student", "baseline"):
        for architecture in architectures:
            name = f"{step}_{architecture}"
            path = model_folder(training, step, architecture) / BEST
            candidates.append(Candidate(name, architecture, path, step))
    tfidf = Candidate(TFIDF, "tfidf_logreg", training / TFIDF / TFIDF_MODEL, "baseline")
    return [*candidates, tfidf]


def measure_in_subprocess(model: Path, texts: list[str], labels: Sequence[str]) -> Measured:
    """Measure a model in a fresh process on one thread.

    model (Path): A spaCy pipeline's folder, or a joblib file.
    texts (list[str]): The texts.
    labels (Sequence[str]): The labels, in the order wanted.
    RETURNS (Measured): Probabilities and cost.
    RAISES (subprocess.CalledProcessError): The process failed; its message is on stderr.
    """
    threads = {name: str(THREADS) for name in THREAD_VARIABLES}
    with tempfile.TemporaryDirectory() as folder:
        request, output = Path(folder) / "request.json", Path(folder) / "measured.npz"
        srsly.write_json(request, {"texts": texts, "labels": list(labels)})
        subprocess.run(
            [sys.executable, "-m", "scripts.distill.measure", model.resolve(), request, output],
            check=True,
            env={**os.environ, **threads},
            cwd=Path(__file__).parents[2],
        )
        with numpy.load(output) as result:
            return Measured(result["probabilities"], json.loads(str(result["cost"])))


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


def list_comparisons(architectures: Sequence[str]) -> list[Pair]:
    """List the pairs to compare: every student with its teacher, its baseline and TF-IDF with
    logistic regression, and the teacher with the latter.

    architectures (Sequence[str]): Names of the students' architectures.
    RETURNS (list[Pair]): Pairs of names.
    """
    pairs = [Pair(TEACHER, TFIDF)]
    for architecture in architectures:
        student = f"student_{architecture}"
        pairs += [Pair(student, b) for b in (TEACHER, f"baseline_{architecture}", TFIDF)]
    return pairs


def evaluate_models(
    corpus: Path,
    scored: Path,
    training: Path,
    output: Path,
    *,
    lang: str,
    architectures: Sequence[str],
    seed: int,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, Any]:
    """Evaluate teacher, students, baselines and TF-IDF with logistic regression on test.

    corpus (Path): The folder of the gold corpus.
    scored (Path): What the students learned from; it is counted.
    training (Path): The folder of the models.
    output (Path): The file metrics.json.
    lang (str): Language code.
    architectures (Sequence[str]): Names of the students' architectures.
    seed (int): Seed that the models were trained with; also the bootstrap's.
    progress (Callable[[str], object]): Told the name of each model that has been measured.
    RETURNS (dict[str, Any]): What was written.
    RAISES (InputError): A model or the corpus is missing.
    """
    stats = read_stats(corpus)
    candidates = list_candidates(training, architectures)
    require(scored, step="score")
    for candidate in candidates:
        require(candidate.path, step=candidate.step)
    texts, gold = read_gold(corpus / "test.spacy", lang)
    measured = {}
    for candidate in candidates:
        measured[candidate.name] = measure_in_subprocess(candidate.path, texts, stats["labels"])
        progress(candidate.name)
    data = {
        **stats,
        **_describe_scored(scored),
        "best_student": f"student_{choose_student(training, architectures)}",
        "machine": describe_machine(),
    }
    metrics = {
        "lang": lang,
        "labels": stats["labels"],
        "data": data,
        "models": _describe_models(candidates, measured, gold, stats, seed),
        "comparisons": _compare_models(architectures, measured, gold, stats["exclusive"], seed),
    }
    with atomic_file(output) as temporary:
        srsly.write_json(temporary, metrics)
    return metrics


def _describe_scored(scored: Path) -> dict[str, Any]:
    methods = Counter(read_column(scored, "method"))
    synthetic = methods.total() - methods[GOLD] - methods[POOL]
    return {
        "scored": dict(methods),
        "synthetic": synthetic,
        "scored_fingerprint": hash_file(scored),
    }


def _describe_models(
    candidates: Sequence[Candidate],
    measured: Mapping[str, Measured],
    gold: NDArray[numpy.int64],
    stats: Mapping[str, Any],
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Quality, cost and size of each model, by its name. gold has the shape (texts, labels)."""
    labels, exclusive = stats["labels"], stats["exclusive"]
    teacher = measured[TEACHER].probabilities
    return {
        name: {
            "kind": kind,
            **evaluate(gold, measured[name].probabilities, teacher, labels, exclusive),
            **measured[name].cost,
            # How large a black box is can't be seen from here.
            "size_mb": None if kind == BLACK_BOX else size_mb(path),
            "seeds": [seed],
        }
        for name, kind, path, _ in candidates
    }


def _compare_models(
    architectures: Sequence[str],
    measured: Mapping[str, Measured],
    gold: NDArray[numpy.int64],
    exclusive: bool,
    seed: int,
) -> list[dict[str, Any]]:
    """Compare the accuracy of pairs of models, text by text. gold has the shape (texts, labels)."""
    correct = {
        name: is_correct(gold, result.probabilities, exclusive) for name, result in measured.items()
    }
    return [
        {"a": a, "b": b, **compare(correct[a], correct[b], seed)._asdict()}
        for a, b in list_comparisons(architectures)
    ]
