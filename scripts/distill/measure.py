"""Measure one model in a process of its own: its probabilities, speed and memory.

Run as `python -m scripts.distill.measure` by side_by_side.py, which says on standard input what to
measure, a line of JSON each time, and gets a line of JSON back on standard output. Nothing is imported
that the model itself doesn't need: it would count as the model's memory.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from .errors import InputError

Predict = Callable[[list[str]], NDArray[numpy.float64]]

SPACY, SKLEARN, FASTTEXT = "spacy", "sklearn", "fasttext"
# What is imported before a model is loaded.
IMPORTS = {
    SPACY: ("spacy",),
    SKLEARN: (
        "joblib",
        "sklearn.feature_extraction.text",
        "sklearn.linear_model",
        "sklearn.multiclass",
        "sklearn.pipeline",
    ),
    FASTTEXT: ("fasttext",),
}


def find_library(path: Path) -> str:
    """Tell which library loads a model.

    path (Path): A spaCy pipeline's folder or the folder of a black box, a joblib file of a scikit-learn
        classifier, or a file of fastText's.
    RETURNS (str): SPACY, SKLEARN or FASTTEXT.
    """
    if path.is_dir():
        return SPACY
    return SKLEARN if path.suffix == ".joblib" else FASTTEXT


def load_predictor(path: Path, labels: list[str]) -> Predict:
    """Load a model as a function from texts to probabilities.

    path (Path): See find_library.
    labels (list[str]): The labels, in the order wanted.
    RETURNS (Predict): From texts to probabilities of the shape (texts, labels). That of a black box
        raises an InputError where it can't score a text.
    RAISES (InputError): It is a black box that has changed or can't be found.
    """
    if is_black_box(path):
        return _load_black_box(path, labels)
    library = find_library(path)
    if library == SPACY:
        return _load_pipeline(path, labels)
    if library == FASTTEXT:
        from .fasttext_classifier import load_fasttext

        return load_fasttext(path, len(labels))
    import joblib

    classifier = joblib.load(path)
    return lambda texts: numpy.asarray(classifier.predict_proba(texts))


def _load_black_box(path: Path, labels: list[str]) -> Predict:
    from .black_box import find_black_box
    from .metrics import to_probabilities
    from .teacher_info import read_teacher_info

    info = read_teacher_info(path)
    box = find_black_box(info)
    columns = [info.labels.index(label) for label in labels]
    return lambda texts: to_probabilities(box.score(texts), info.exclusive)[:, columns]


def _load_pipeline(path: Path, labels: list[str]) -> Predict:
    import spacy

    nlp = spacy.load(path)

    def predict(texts: list[str]) -> NDArray[numpy.float64]:
        cats = [doc.cats for doc in nlp.pipe(texts)]
        return numpy.array([[doc_cats[label] for label in labels] for doc_cats in cats])

    return predict


def is_black_box(path: Path) -> bool:
    """Tell whether a model is a black box in a teacher's place.

    path (Path): The model.
    RETURNS (bool): Whether it is.
    """
    if not path.is_dir():
        return False
    from .teacher_info import INFO

    return (path / INFO).is_file()


def is_file_of_scores(path: Path) -> bool:
    """Tell whether a model is a file of scores in a teacher's place.

    path (Path): The model.
    RETURNS (bool): Whether it is.
    """
    if not is_black_box(path):
        return False
    from .teacher_info import read_teacher_info

    return Path(read_teacher_info(path).transformer).is_file()


def peak_rss_mb() -> float:
    """Tell the most memory that this process has held so far, in MB (10^6 bytes).

    Linux tells it by process in /proc. What getrusage says there is no less than what the process that
    started this one held at that moment.
    """
    if os.name == "nt":
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Elsewhere it counts in KiB, but macOS in bytes.
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


class Round(NamedTuple):
    """What to measure: the numbers of the texts to read together, again and again until so many
    seconds have gone by, and of those to read one by one.
    """

    batch: list[int]
    min_seconds: float
    singles: list[int]


class Timing(NamedTuple):
    """Seconds for the texts of the batch, on average, and milliseconds for each of the single ones."""

    seconds: float
    latencies: list[float]


def time_round(predict: Predict, texts: Sequence[str], task: Round) -> Timing:
    """Measure a model's speed on texts, end to end: tokenization included.

    predict (Predict): The model.
    texts (Sequence[str]): The texts.
    task (Round): Which of them to read, and how.
    RETURNS (Timing): How long it took.
    """
    seconds = seconds_per_pass(predict, [texts[i] for i in task.batch], task.min_seconds)
    latencies = [1000 * seconds_per_pass(predict, [texts[i]], 0) for i in task.singles]
    return Timing(seconds, latencies)


def main() -> None:
    """Load the model that the first line names, let it read all texts, then time it line by line."""
    # Whatever else is printed goes where it can't be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf8")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    task = json.loads(sys.stdin.readline())
    model, texts = Path(task["model"]), task["texts"]
    for name in IMPORTS[find_library(model)]:
        importlib.import_module(name)
    start = time.perf_counter()
    try:
        predict = load_predictor(model, task["labels"])
        seconds = time.perf_counter() - start
        probabilities, dev = (
            predict(chosen).tolist() if chosen else [] for chosen in (texts, task["dev_texts"])
        )
        answer({"load_seconds": seconds, "probabilities": probabilities, "dev": dev})
        for line in iter(sys.stdin.readline, ""):
            timing = time_round(predict, texts, Round(**json.loads(line)))
            answer({**timing._asdict(), "peak_rss_mb": peak_rss_mb()})
    except InputError as error:  # what a black box can't do, or not so often
        answer({"error": str(error)})


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the step that started this process says so
