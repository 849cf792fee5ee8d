"""Throughput of a run's models, related to their teacher's and to that of tokenizing alone."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import spacy

from .documents import read_gold
from .errors import InputError
from .evaluation import as_models, list_candidates
from .measure import is_file_of_scores
from .model_names import TEACHER, is_baseline
from .products import read_stats, require
from .side_by_side import Model, compare_speeds, list_requirements, measure_models

TOKENIZER = "tokenizer alone"


class Throughput(NamedTuple):
    """Words a second (median of the rounds) and the ratio to two yardsticks: the median over rounds
    of the ratio within a round.
    """

    name: str
    words_per_second: float
    times_teacher: float
    share_of_tokenizer: float


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
    one thread: see side_by_side.

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
    stats = read_stats(corpus)
    candidates = list_candidates(training, architectures)
    for candidate in candidates:
        require(candidate.path, step=candidate.step)
    texts = read_gold(corpus / "test.spacy", lang).texts
    # A baseline is as fast as its student.
    fit = [c for c in candidates if not is_baseline(c.name)]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Path(folder) / "tokenizer"
        spacy.blank(lang).to_disk(tokenizer)
        alone = Model(tokenizer, list_requirements(tokenizer), has_labels=False)
        models = {TOKENIZER: alone, **as_models(fit)}
        labels = stats["labels"]
        measured = measure_models(models, texts, labels, rounds=rounds, progress=progress)

    def compare(name: str, other: str) -> float:
        # A teacher that isn't timed was refused above.
        return cast(float, compare_speeds(measured[name], measured[other]))

    results = [
        Throughput(
            name,
            measured[name].cost["words_per_second"],
            compare(name, TEACHER),
            compare(name, TOKENIZER),
        )
        for name in models
    ]
    return sorted(results, key=lambda result: -result.words_per_second)
