"""Teachers that are no transformers, for tests to name."""

import os
import sys
import time

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from .conftest import GOOD


def score(texts: list[str]) -> list[dict[str, float]]:
    """Count good words."""
    share = [0.9 if any(word in text for word in GOOD) else 0.2 for text in texts]
    return [{"positive": p, "negative": 1 - p} for p in share]


def score_slowly(texts: list[str]) -> list[dict[str, float]]:
    time.sleep(0.005 * len(texts))
    return score(texts)


def score_loudly(texts: list[str]) -> list[dict[str, float]]:
    sys.stdout.write("said by a black box\n")
    os.write(1, b"said by what it calls\n")
    return score(texts)


def score_too_few(texts: list[str]) -> list[dict[str, float]]:
    return score(texts)[1:]


def score_other_labels(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": 1.0, "neutral": 0.0} for _ in texts]


def score_out_of_range(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": 1.5, "negative": -0.5} for _ in texts]


def score_nan(texts: list[str]) -> list[dict[str, float]]:
    return [{"positive": float("nan"), "negative": 0.5} for _ in texts]


def score_nothing(texts: list[str]) -> None:
    return None


def score_lists(texts: list[str]) -> list[list[float]]:
    return [[0.5, 0.5] for _ in texts]


CALLS: list[int] = []


def score_five_times(texts: list[str]) -> list[dict[str, float]]:
    CALLS.append(len(texts))
    if len(CALLS) > 5:
        raise ConnectionError("too many requests")
    return score(texts)


def fail(texts: list[str]) -> None:
    raise ConnectionError("no answer")


def make_classifier(labels: list[str]) -> Pipeline:
    texts = ["a great lamp", "an awful lamp", "a lovely mug", "a broken mug"]
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels)


CLASSIFIER = make_classifier(["positive", "negative"] * 2)
OTHER_CLASSIFIER = make_classifier(["negative", "positive"] * 2)
NUMBER = 3
