"""Measure one model in a process of its own: its probabilities, speed and memory.

Run as `python -m scripts.distill.measure MODEL TEXTS OUTPUT`, by evaluation.py, with threads pinned
by its environment.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import psutil
from numpy.typing import NDArray

from .teacher_info import INFO, read_teacher_info

LATENCY_TEXTS = 100
# A pass over the texts is repeated until so many seconds have been measured.
MIN_SECONDS = 2.0


class Measurement(NamedTuple):
    """What the process found out. probabilities has the shape (texts, labels); cost holds
    words_per_second, docs_per_second, latency_ms and peak_rss_mb.
    """

    probabilities: NDArray[numpy.float64]
    cost: dict[str, Any]


Predict = Callable[[list[str]], NDArray[numpy.float64]]


def load_predictor(path: Path, labels: list[str]) -> Predict:
    """Load a model as a function from texts to probabilities.

    path (Path): A spaCy pipeline's folder, the folder of a black box, or a joblib file of a
        scikit-learn classifier.
    labels (list[str]): The labels, in the order wanted.
    RETURNS (Predict): From texts to probabilities of the shape (texts, labels).
    """
    if (path / INFO).is_file():
        from .black_box import find_black_box
        from .metrics import to_probabilities

        info = read_teacher_info(path)
        box = find_black_box(info)
        columns = [info.labels.index(label) for label in labels]
        return lambda texts: to_probabilities(box.score(texts), info.exclusive)[:, columns]
    if path.is_dir():
        import spacy

        nlp = spacy.load(path)

        def predict_spacy(texts: list[str]) -> NDArray[numpy.float64]:
            cats = [doc.cats for doc in nlp.pipe(texts)]
            return numpy.array([[doc_cats[label] for label in labels] for doc_cats in cats])

        return predict_spacy
    import joblib

    from .tfidf import predict_probabilities

    classifier = joblib.load(path)
    return lambda texts: predict_probabilities(classifier, texts)


def is_file_of_scores(path: Path) -> bool:
    """Tell whether a model is a file of scores in a teacher's place.

    path (Path): The model.
    RETURNS (bool): Whether it is.
    """
    return (path / INFO).is_file() and Path(read_teacher_info(path).transformer).is_file()


def peak_rss_mb() -> float:
    """Tell the most memory that this process has held so far, in MB (10^6 bytes)."""
    if os.name == "nt":
        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def seconds_per_pass(
    work: Callable[[list[str]], object], texts: list[str], min_seconds: float
) -> float:
    """Time passes over texts, one after the other until enough seconds have gone by.

    work (Callable[[list[str]], object]): What is to be timed.
    texts (list[str]): What it is given at each pass.
    min_seconds (float): How many seconds to measure at least.
    RETURNS (float): Seconds a pass, on average.
    """
    passes, seconds = 0, 0.0
    while seconds < min_seconds or not passes:
        start = time.perf_counter()
        work(texts)
        seconds += time.perf_counter() - start
        passes += 1
    return seconds / passes


def count_words(texts: Sequence[str]) -> int:
    """Count the words of texts, as separated by whitespace."""
    return sum(len(text.split()) for text in texts)


def measure(predict: Predict, texts: list[str]) -> Measurement:
    """Measure a model on texts, end to end: tokenization included.

    predict (Predict): The model.
    texts (list[str]): The texts; at least one.
    RETURNS (Measurement): Probabilities and cost. Words are separated by whitespace.
    """
    probabilities = predict(texts)  # the first pass also warms up
    seconds = seconds_per_pass(predict, texts, MIN_SECONDS)
    latencies = [
        1000 * seconds_per_pass(predict, [text], 0) for text in islice(cycle(texts), LATENCY_TEXTS)
    ]
    p50, p99 = numpy.percentile(latencies, [50, 99])
    cost = {
        "words_per_second": count_words(texts) / seconds,
        "docs_per_second": len(texts) / seconds,
        "latency_ms": {"p50": float(p50), "p99": float(p99)},
        "peak_rss_mb": peak_rss_mb(),
    }
    return Measurement(probabilities, cost)


def main() -> None:
    """Measure the model named on the command line and write the result."""
    model, request, output = (Path(argument) for argument in sys.argv[1:])
    task = json.loads(request.read_text(encoding="utf8"))
    predict = load_predictor(model, task["labels"])
    measurement = measure(predict, task["texts"])
    cost = measurement.cost
    if is_file_of_scores(model):  # looking scores up says nothing of what gave them
        cost = {**dict.fromkeys(cost), "latency_ms": {"p50": None, "p99": None}}
    with output.open("wb") as file:
        numpy.savez(
            file,
            probabilities=measurement.probabilities,
            dev=predict(task["dev_texts"]) if task["dev_texts"] else (),
            cost=numpy.array(json.dumps(cost)),
        )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the step that started this process says so
