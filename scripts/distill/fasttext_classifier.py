"""A trained fastText classifier: what it is given to read, and its probabilities.

Imports neither spaCy nor what trains it, so that its cost can be measured without theirs.
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

MODEL = "model.bin"
# Before the number of a label. Words are lower-cased: none begins like this.
LABEL_PREFIX = "LABEL"
WORD = re.compile(r"\w+|[^\w\s]")


def is_installed() -> bool:
    """Tell whether fastText can be imported; it is optional."""
    return importlib.util.find_spec("fasttext") is not None


def split_words(text: str) -> str:
    """Lower-case a text and split its words from punctuation, as fastText's tutorial does: fastText
    itself splits at whitespace alone.

    text (str): The text.
    RETURNS (str): Runs of letters, digits and underscores, and other characters one by one, with a
        space between them.
    """
    return " ".join(WORD.findall(text.lower()))


def load_fasttext(path: Path, n_labels: int) -> Callable[[list[str]], NDArray[numpy.float64]]:
    """Load a classifier.

    path (Path): The file that train_fasttext made.
    n_labels (int): How many labels it has.
    RETURNS (Callable[[list[str]], NDArray[float64]]): From texts to probabilities of the shape
        (texts, labels), labels in corpus order.
    """
    import fasttext

    # fasttext.load_model does this and prints a warning.
    return as_predictor(fasttext.FastText._FastText(model_path=str(path)).f, n_labels)


def as_predictor(model: Any, n_labels: int) -> Callable[[list[str]], NDArray[numpy.float64]]:
    """Give a classifier's probabilities for every label, in order.

    model (Any): The inner object, `.f`, of what fastText's functions return. The `predict` around it
        raises an error under numpy 2, and for a list of texts gives wrong probabilities.
    n_labels (int): How many labels it has.
    RETURNS (Callable[[list[str]], NDArray[float64]]): See load_fasttext.
    """
    exclusive = model.getArgs().loss.name == "softmax"

    def predict(texts: list[str]) -> NDArray[numpy.float64]:
        # The last column is for texts without labels: see fasttext_peer.write_lines.
        found = numpy.zeros((len(texts), n_labels + 1))
        for row, text in zip(found, texts):
            for probability, label in model.predict(f"{split_words(text)}\n", -1, 0.0, "strict"):
                row[int(label.removeprefix(LABEL_PREFIX))] = probability
        probabilities = found[:, :n_labels]
        # fastText adds 0.00001 to each.
        if exclusive:
            return probabilities / probabilities.sum(axis=1, keepdims=True)
        return probabilities.clip(0, 1)

    return predict
