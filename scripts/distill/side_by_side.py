"""Measure models side by side: each in a process of its own on one thread, all in every round.

A machine is slower at one moment than at another. Were one model measured after the other, that would
fall on one of them; so all are loaded first, and in each of several rounds each in turn reads the same
texts while the others wait. What is told of a model is the median of its rounds, and what holds between
two models is their ratio within a round. The steps `evaluate` and `bench` both measure like this.

A process of its own shows what a model takes to load and in memory, whatever others have loaded. It is
also an environment of its own, with what the model requires and nothing else: a student's has spaCy
alone and no torch, as on a machine where its wheel is installed; only a teacher finds all that is
installed here. The price is that all models are in memory at the same time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import packages_distributions
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from .environments import find_requirements, link_environment
from .errors import InputError
from .measure import (
    FASTTEXT,
    SKLEARN,
    Round,
    count_words,
    find_library,
    is_black_box,
    is_file_of_scores,
)

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",  # of transformers' tokenizers
)
THREADS = 1
ROUNDS = 5
# A round reads its texts again and again until so many seconds have gone by.
ROUND_SECONDS = 0.4
# So many texts are read one by one in each round.
ROUND_SINGLES = 40
# A round reads one part of the texts, the next round the next part, so that a slow model reads each text
# about once. A part holds no fewer texts than this.
PART_TEXTS = 100


class Model(NamedTuple):
    """A model to measure; what is to be installed for it (requirements of PEP 508), None for all that is
    installed here; and whether it has the labels, or reads texts without saying anything of them.
    """

    path: Path
    requirements: list[str] | None
    has_labels: bool = True


class Measured(NamedTuple):
    """What was found out about a model. probabilities has the shape (texts, labels); cost holds
    load_seconds, words_per_second, docs_per_second, latency_ms and peak_rss_mb, as in metrics.json; dev
    are the probabilities of dev's texts, where asked for; speeds the words a second in each round. Words
    are separated by whitespace.
    """

    probabilities: NDArray[numpy.float64]
    cost: dict[str, Any]
    dev: NDArray[numpy.float64]
    speeds: tuple[float, ...] = ()


def compare_speeds(measured: Measured, other: Measured) -> float | None:
    """Tell how many times as many words a second a model reads as another one.

    measured (Measured): The model.
    other (Measured): The other one, measured in the same rounds.
    RETURNS (float | None): Median over rounds of their ratio within a round; None where it isn't known.
    """
    ratios = [a / b for a, b in zip(measured.speeds, other.speeds)]
    return statistics.median(ratios) if ratios else None


def list_requirements(model: Path) -> list[str]:
    """List what a model needs to be installed, other than a teacher.

    model (Path): A student's or baseline's folder, or the file of another classifier.
    RETURNS (list[str]): Requirements of PEP 508.
    RAISES (InputError): It needs fastText, which isn't installed.
    """
    library = find_library(model)
    if library == SKLEARN:
        return ["scikit-learn", "joblib"]
    if library == FASTTEXT:
        # It comes in packages of several names.
        packages = packages_distributions().get("fasttext")
        if not packages:
            raise InputError(
                f"Can't measure {model}: fastText isn't installed. Expected what "
                "requirements/lock.txt installs. Install it, or run the step 'baseline' with --force to "
                "go on without."
            )
        return packages[:1]
    return ["spacy", *find_requirements(model)]


def plan_rounds(n_texts: int, rounds: int) -> list[Round]:
    """Say which texts each round reads.

    n_texts (int): How many texts there are, at least 1.
    rounds (int): How many rounds, at least 1.
    RETURNS (list[Round]): The rounds; together they read all texts.
    """
    parts = max(1, min(rounds, n_texts // PART_TEXTS))
    return [
        Round(
            batch=list(range(i % parts, n_texts, parts)),
            min_seconds=ROUND_SECONDS,
            singles=[(i * ROUND_SINGLES + j) % n_texts for j in range(ROUND_SINGLES)],
        )
        for i in range(rounds)
    ]


def measure_models(
    models: Mapping[str, Model],
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    dev_texts: Mapping[str, Sequence[str]] = MappingProxyType({}),
    rounds: int = ROUNDS,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, Measured]:
    """Measure models side by side, end to end: tokenization included.

    models (Mapping[str, Model]): The models by name.
    texts (Sequence[str]): The texts; at least one.
    labels (Sequence[str]): The labels, in the order wanted.
    dev_texts (Mapping[str, Sequence[str]]): Texts to give probabilities of and no more, by the name of
        the model that is asked.
    rounds (int): How many rounds, at least 1.
    progress (Callable[[str], object]): Told the name of a model when it has read all texts for the first
        time, and after each round.
    RETURNS (dict[str, Measured]): What was found out about each. A file of scores has no cost.
    RAISES (InputError): A package that a model requires isn't installed as files, a model can't read the
        texts, or its process ended.
    """
    plan = plan_rounds(len(texts), rounds)
    with ExitStack() as stack:
        processes, loaded = {}, {}
        for name, model in models.items():
            processes[name] = stack.enter_context(_start(model))
            request = {
                "model": str(model.path.resolve()),
                "labels": labels if model.has_labels else [],
                "texts": texts,
                "dev_texts": dev_texts.get(name, ()),
            }
            loaded[name] = _ask(name, processes[name], request)
            progress(name)
        timed: dict[str, list[dict[str, Any]]] = {
            name: [] for name, model in models.items() if not is_file_of_scores(model.path)
        }
        for task in plan:
            for name, answers in timed.items():
                answers.append(_ask(name, processes[name], task._asdict()))
                progress(name)
    return {
        name: _summarize(model, loaded[name], timed.get(name, []), plan, texts)
        for name, model in models.items()
    }


@contextmanager
def _start(model: Model) -> "Iterator[subprocess.Popen[str]]":
    """Start a process that measures a model; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        options, environment = [], {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(THREADS))}
        if model.requirements is not None:
            link_environment(Path(folder), model.requirements)
            options, environment["PYTHONPATH"] = ["-S"], folder
        with subprocess.Popen(
            [sys.executable, *options, "-m", "scripts.distill.measure"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf8",
            env=environment,
            cwd=Path(__file__).parents[2],
        ) as process:
            try:
                yield process
            finally:
                process.kill()  # it leaves nothing behind, and unloading takes a while
                with suppress(BrokenPipeError):
                    process.communicate()


def _ask(name: str, process: "subprocess.Popen[str]", content: Mapping[str, Any]) -> dict[str, Any]:
    """Send the process of a model a line and wait for its answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    line = ""
    with suppress(BrokenPipeError):  # it has ended
        process.stdin.write(json.dumps(content) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    if not line:
        raise InputError(
            f"Can't measure '{name}': its process ended with code {process.wait()}. Expected its speed. "
            "What happened may stand above; -9 says that memory ran out: measure fewer models at a time "
            "(--vars.students)."
        )
    found = json.loads(line)
    if "error" in found:
        raise InputError(found["error"])
    return found


def _summarize(
    model: Model,
    loaded: Mapping[str, Any],
    answers: Sequence[Mapping[str, Any]],
    plan: Sequence[Round],
    texts: Sequence[str],
) -> Measured:
    probabilities, dev = (numpy.array(loaded[key]) for key in ("probabilities", "dev"))
    if not answers:  # looking scores up says nothing of what gave them
        names = ("load_seconds", "words_per_second", "docs_per_second", "peak_rss_mb")
        latency = dict.fromkeys(("p50", "p99"))
        return Measured(probabilities, {**dict.fromkeys(names), "latency_ms": latency}, dev)
    words = [count_words([texts[i] for i in task.batch]) for task in plan]
    speeds = [count / answer["seconds"] for count, answer in zip(words, answers)]
    docs = [len(task.batch) / answer["seconds"] for task, answer in zip(plan, answers)]
    latencies = [latency for answer in answers for latency in answer["latencies"]]
    p50, p99 = numpy.percentile(latencies, [50, 99])
    cost = {
        # When a black box was loaded isn't known: importing it may do that, or its first call.
        "load_seconds": None if is_black_box(model.path) else loaded["load_seconds"],
        "words_per_second": statistics.median(speeds),
        "docs_per_second": statistics.median(docs),
        "latency_ms": {"p50": float(p50), "p99": float(p99)},
        "peak_rss_mb": answers[-1]["peak_rss_mb"],
    }
    return Measured(probabilities, cost, dev, tuple(speeds))
