"""Texts to look at: where a student errs although it is sure, where it is furthest from its teacher, and
which words weigh.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from .metrics import get_confidence, is_correct, kl_per_text

SHOWN = 10
# The words of a longer text are left out several at a time, neighbours together.
MAX_OCCLUSIONS = 300


def find_errors(
    gold: NDArray[numpy.int64], student: NDArray[numpy.float64], exclusive: bool
) -> list[int]:
    """Find the texts that a student is wrong about although it is sure.

    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    student (NDArray[float64]): Probabilities. Same shape.
    exclusive (bool): Whether labels exclude each other; where they don't, the decision that is
        furthest from gold counts.
    RETURNS (list[int]): Rows of at most ten texts, the surest first.
    """
    wrong = numpy.flatnonzero(~is_correct(gold, student, exclusive))
    sure = get_confidence(student, True) if exclusive else abs(gold - student).max(axis=1)
    return wrong[numpy.argsort(-sure[wrong], kind="stable")][:SHOWN].tolist()


def find_disagreements(
    student: NDArray[numpy.float64], teacher: NDArray[numpy.float64], exclusive: bool
) -> list[int]:
    """Find the texts of which a student and its teacher think most differently.

    student (NDArray[float64]): Probabilities. Shape: (texts, labels).
    teacher (NDArray[float64]): Probabilities. Same shape.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (list[int]): Rows of at most ten texts, by Kullback-Leibler divergence, largest first.
    """
    divergence = kl_per_text(teacher, student, exclusive)
    return numpy.argsort(-divergence, kind="stable")[:SHOWN].tolist()


def count_left_out(n_words: int) -> int:
    """Tell how many words in a row are left out of a text at a time, and share a weight.

    n_words (int): How many words the text has.
    RETURNS (int): 1 but for long texts.
    """
    return max(math.ceil(n_words / MAX_OCCLUSIONS), 1)


def weigh_words(nlp: Language, text: str) -> list[dict[str, Any]]:
    """Weigh the words of a text by occlusion (Zeiler & Fergus 2014, section 4.2): how much the
    probability of the label that a text classifier holds most probable falls when a word is left out.

    nlp (Language): The classifier's pipeline; its tokenizer says what words are.
    text (str): The text.
    RETURNS (list[dict[str, Any]]): "text", "whitespace" and "weight" of each word. Of a text of more
        than 300 words several in a row are left out at a time and share a weight. Where nothing is
        left of the text, the weight is 0: many classifiers can't read an empty one.
    """
    whole = nlp(text)
    size = count_left_out(len(whole))
    label = max(whole.cats, key=lambda name: whole.cats[name])
    rest = [_leave_out(whole, start, start + size) for start in range(0, len(whole), size)]
    readable = [text for text in rest if text.strip()]
    left = dict(zip(readable, (doc.cats[label] for doc in nlp.pipe(readable))))
    falls = [whole.cats[label] - left[text] if text in left else 0.0 for text in rest]
    return [
        {"text": token.text, "whitespace": token.whitespace_, "weight": falls[i // size]}
        for i, token in enumerate(whole)
    ]


def _leave_out(doc: Doc, start: int, end: int) -> str:
    """The text without some words; those before and after them aren't joined."""
    words = [token.text_with_ws for token in doc]
    before, out, after = "".join(words[:start]), "".join(words[start:end]), "".join(words[end:])
    joined = before and not before[-1].isspace() and out[-1].isspace()
    return f"{before} {after}" if joined else before + after


def describe_examples(
    name: str,
    nlp: Language,
    texts: Sequence[str],
    gold: NDArray[numpy.int64],
    student: NDArray[numpy.float64],
    teacher: NDArray[numpy.float64],
    labels: Sequence[str],
    exclusive: bool,
) -> dict[str, Any]:
    """Describe texts to look at.

    name (str): The student's name in metrics.json.
    nlp (Language): Its pipeline.
    texts (Sequence[str]): The texts.
    gold (NDArray[int64]): 0 or 1. Shape: (texts, labels).
    student (NDArray[float64]): Its probabilities. Same shape.
    teacher (NDArray[float64]): Its teacher's. Same shape.
    labels (Sequence[str]): Names of the columns.
    exclusive (bool): Whether labels exclude each other.
    RETURNS (dict[str, Any]): Their entry in metrics.json.
    """

    def describe(row: int) -> dict[str, Any]:
        return {
            "text": texts[row],
            "gold": [label for label, is_gold in zip(labels, gold[row]) if is_gold],
            "student": dict(zip(labels, student[row].tolist())),
            "teacher": dict(zip(labels, teacher[row].tolist())),
            "words": weigh_words(nlp, texts[row]),
        }

    return {
        "student": name,
        "errors": [describe(row) for row in find_errors(gold, student, exclusive)],
        "disagreements": [describe(row) for row in find_disagreements(student, teacher, exclusive)],
    }
