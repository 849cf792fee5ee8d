"""The rival that needs no neural network: TF-IDF and logistic regression (scikit-learn)."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from .documents import read_gold
from .outputs import atomic_folder
from .products import read_stats

MODEL = "model.joblib"
# Inverse strengths of regularization to choose from on dev.
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)


class TfidfTrained(NamedTuple):
    """The classifier's file, its score on dev from 0 to 1, and the regularization chosen there."""

    path: Path
    dev_score: float
    strength: float


def make_classifier(strength: float, exclusive: bool) -> Pipeline:
    """Make an untrained classifier over TF-IDF weights of 1- and 2-grams.

    strength (float): Inverse strength of regularization (scikit-learn's C), above 0.
    exclusive (bool): One classifier for all labels, or one for each.
    RETURNS (Pipeline): A scikit-learn pipeline from texts to labels.
    """
    regression = LogisticRegression(C=strength, max_iter=1000)
    classifier = regression if exclusive else OneVsRestClassifier(regression)
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), classifier)


def train_tfidf(
    corpus: Path, output: Path, *, lang: str, progress: Callable[[], object] = lambda: None
) -> TfidfTrained:
    """Train on the gold labels; dev decides the regularization.

    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for the result.
    lang (str): Language code.
    progress (Callable[[], object]): Called after each strength.
    RETURNS (TfidfTrained): The classifier.
    RAISES (InputError): The corpus isn't there.
    """
    exclusive = read_stats(corpus)["exclusive"]
    (texts, gold), (dev_texts, dev_gold) = (
        read_gold(corpus / f"{split}.spacy", lang) for split in ("train", "dev")
    )
    targets = gold.argmax(axis=1) if exclusive else gold
    scores, classifiers = [], []
    for strength in STRENGTHS:
        classifier = make_classifier(strength, exclusive).fit(texts, targets)
        predicted = classifier.predict(dev_texts)
        score = f1_score(
            dev_gold.argmax(axis=1) if exclusive else dev_gold,
            predicted,
            average="micro",
            zero_division=0,
        )
        scores.append(float(score))
        classifiers.append(classifier)
        progress()
    best = scores.index(max(scores))
    with atomic_folder(output) as temporary:
        joblib.dump(classifiers[best], temporary / MODEL)
    return TfidfTrained(output / MODEL, scores[best], STRENGTHS[best])
