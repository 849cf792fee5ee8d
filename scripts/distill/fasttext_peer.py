"""The rival that is fastest: fastText (Joulin et al. 2016), trained on the gold labels alone.

It is optional: where the package isn't installed, the step says so and leaves a note in the
classifier's place, and the model has no row in metrics.json.
"""

import tempfile
from collections.abc import Callable, Iterable
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from .documents import read_gold
from .fasttext_classifier import LABEL_PREFIX, MODEL, as_predictor, is_installed, split_words
from .metrics import decide
from .outputs import atomic_folder
from .products import read_stats

NOTE = "not-installed.txt"
# Hidden units, as in the paper.
WIDTH = 10
LEARN_RATES = (0.1, 0.5, 1.0)
EPOCHS = (5, 25, 50)
# fastText's generator (minstd) knows the seeds from 1 to this one, and takes 0 for 1.
SEEDS = 2**31 - 2


class Setting(NamedTuple):
    """What is chosen on dev: the highest learning rate, and passes over the training texts."""

    learn_rate: float
    epochs: int


SETTINGS = tuple(Setting(*pair) for pair in product(LEARN_RATES, EPOCHS))


class FastTextTrained(NamedTuple):
    """The classifier's file, its score on dev from 0 to 1, and the setting chosen there."""

    path: Path
    dev_score: float
    setting: Setting


def write_lines(path: Path, texts: Iterable[str], gold: NDArray[numpy.int64]) -> None:
    """Write texts as fastText reads them: a line for each, its labels first. It skips lines without a
    label: a text that has none gets one of its own.

    path (Path): The file.
    texts (Iterable[str]): The texts.
    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    """
    with path.open("w", encoding="utf8") as file:
        for text, row in zip(texts, gold):
            numbers = numpy.flatnonzero(row).tolist() or [len(row)]
            labels = " ".join(f"{LABEL_PREFIX}{number}" for number in numbers)
            file.write(f"{labels} {split_words(text)}\n")


def count_bigrams(texts: Iterable[str]) -> int:
    """Count the different pairs of neighbouring words.

    texts (Iterable[str]): The texts.
    RETURNS (int): How many there are.
    """
    return len({pair for text in texts for pair in pairwise(split_words(text).split())})


def train_fasttext(
    corpus: Path,
    output: Path,
    *,
    lang: str,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> FastTextTrained | None:
    """Train on words and pairs of words; dev decides learning rate and passes. Labels that don't
    exclude each other have a classifier each (fastText's loss "ova"). The same seed gives the same
    classifier: one thread trains.

    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of the weights and the order.
    progress (Callable[[], object]): Called after each setting.
    RETURNS (FastTextTrained | None): The classifier; None where fastText isn't installed.
    RAISES (InputError): The corpus isn't there.
    """
    exclusive = read_stats(corpus)["exclusive"]
    if not is_installed():
        with atomic_folder(output) as temporary:
            note = "fastText wasn't installed when the step 'baseline' ran.\n"
            (temporary / NOTE).write_text(note, encoding="utf8")
        return None
    train, dev = (read_gold(corpus / f"{split}.spacy", lang) for split in ("train", "dev"))
    buckets = max(1, count_bigrams(train.texts))
    n_labels = train.labels.shape[1]
    scores, models = [], []
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "train.txt"
        write_lines(lines, train.texts, train.labels)
        for setting in SETTINGS:
            model = _fit(lines, setting, exclusive, buckets, seed)
            predicted = decide(as_predictor(model.f, n_labels)(dev.texts), exclusive)
            score = f1_score(dev.labels, predicted, average="micro", zero_division=0)
            scores.append(float(score))
            models.append(model)
            progress()
    best = scores.index(max(scores))
    with atomic_folder(output) as temporary:
        models[best].save_model(str(temporary / MODEL))
    return FastTextTrained(output / MODEL, scores[best], SETTINGS[best])


def _fit(lines: Path, setting: Setting, exclusive: bool, buckets: int, seed: int) -> Any:
    """Train fastText with one setting. By default it keeps two million rows for hashed pairs of words,
    whatever the texts: here as many as there are different pairs.
    """
    import fasttext

    return fasttext.train_supervised(
        input=str(lines),
        lr=setting.learn_rate,
        epoch=setting.epochs,
        dim=WIDTH,
        wordNgrams=2,
        bucket=buckets,
        loss="softmax" if exclusive else "ova",
        label=LABEL_PREFIX,
        seed=1 + seed % SEEDS,
        thread=1,
        verbose=0,
    )
