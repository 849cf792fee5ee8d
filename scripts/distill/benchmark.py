"""Throughput side by side: every model in turn, over and over, in one process.

Machines speed up and slow down while they are measured; what holds is the ratio between two models
in the same round.
"""

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import spacy
from threadpoolctl import threadpool_limits

from .documents import read_gold
from .errors import InputError
from .evaluation import TEACHER, list_candidates
from .measure import count_words, is_file_of_scores, load_predictor, seconds_per_pass
from .measuring import THREADS
from .products import read_stats, require

TOKENIZER = "tokenizer alone"
# A pass over the texts is repeated within a round until so many seconds have gone by.
MIN_SECONDS = 0.5


class Throughput(NamedTuple):
    """Words a second (median of the rounds) and the ratio to two yardsticks: the median over rounds
    of the ratio within a round.
    """

    name: str
    words_per_second: float
    times_teacher: float
    share_of_tokenizer: float


def time_rounds(
    workers: Mapping[str, Callable[[list[str]], object]],
    texts: Sequence[str],
    rounds: int,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, list[float]]:
    """Measure workers in turn.

    workers (Mapping[str, Callable]): What is to be timed, by name; each takes a list of texts.
    texts (Sequence[str]): The texts; at least one.
    rounds (int): How often each is measured, at least 1.
    progress (Callable[[str], object]): Told the name of each worker that has been measured.
    RETURNS (dict[str, list[float]]): Words a second, separated by whitespace, for each round.
    """
    words = count_words(texts)
    speeds: dict[str, list[float]] = {name: [] for name in workers}
    for work in workers.values():
        work(list(texts)[:8])  # whatever is made at the first call is made now
    for _ in range(rounds):
        for name, work in workers.items():
            speeds[name].append(words / seconds_per_pass(work, list(texts), MIN_SECONDS))
            progress(name)
    return speeds


def benchmark(
    corpus: Path,
    training: Path,
    *,
    lang: str,
    architectures: Sequence[str],
    rounds: int,
    progress: Callable[[str], object] = lambda name: None,
) -> list[Throughput]:
    """Compare the throughput of a run's models with the teacher's and with tokenization alone, all on
    one thread.

    corpus (Path): The folder of the gold corpus; its test texts are read.
    training (Path): The folder of the models.
    lang (str): Language code.
    architectures (Sequence[str]): Names of the students' architectures.
    rounds (int): How often each model is measured.
    progress (Callable[[str], object]): Told the name of each model that has been measured.
    RETURNS (list[Throughput]): Fastest first.
    RAISES (InputError): A model or the corpus is missing.
    """
    if is_file_of_scores(training / TEACHER):
        raise InputError(
            "Can't compare throughput: the teacher is a file of scores, which has none. Expected a "
            "teacher that scores texts itself."
        )
    labels = read_stats(corpus)["labels"]
    candidates = list_candidates(training, architectures)
    for candidate in candidates:
        require(candidate.path, step=candidate.step)
    nlp = spacy.blank(lang)
    workers: dict[str, Callable[[list[str]], object]] = {
        TOKENIZER: lambda texts: list(nlp.pipe(texts))
    }
    # A baseline is as fast as its student.
    for candidate in candidates:
        if candidate.step != "baseline" or candidate.kind == "tfidf_logreg":
            workers[candidate.name] = load_predictor(candidate.path, labels)
    texts = read_gold(corpus / "test.spacy", lang).texts
    os.environ["RAYON_NUM_THREADS"] = str(THREADS)  # of transformers' tokenizers
    with threadpool_limits(THREADS):
        speeds = time_rounds(workers, texts, rounds, progress)

    def ratio(name: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(speeds[name], speeds[other]))

    results = [
        Throughput(
            name, statistics.median(speeds[name]), ratio(name, TEACHER), ratio(name, TOKENIZER)
        )
        for name in workers
    ]
    return sorted(results, key=lambda result: -result.words_per_second)
