from pathlib import Path
from typing import NamedTuple

import numpy
import pytest

from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.measure import load_predictor
from scripts.distill.metrics import decide
from scripts.distill.tfidf import (
    STRENGTHS,
    TfidfTrained,
    make_classifier,
    train_tfidf,
)

from .separable import CASE_NAMES, CASES, SIGNS, write_separable_corpus


class Trained(NamedTuple):
    """A corpus, its labels in an order that isn't the alphabet's, and what was trained on it."""

    corpus: Path
    labels: list[str]
    exclusive: bool
    result: TfidfTrained


@pytest.fixture(scope="module", params=CASES, ids=CASE_NAMES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    labels, exclusive = request.param
    folder = tmp_path_factory.mktemp("tfidf")
    corpus = write_separable_corpus(folder / "corpus", labels, exclusive)
    return Trained(corpus, labels, exclusive, train_tfidf(corpus, folder / "model", lang="en"))


def test_learns_a_separable_corpus(trained: Trained) -> None:
    test = read_gold(trained.corpus / "test.spacy", "en")
    found = load_predictor(trained.result.path, trained.labels)(test.texts)
    assert found.shape == test.labels.shape
    assert (decide(found, trained.exclusive) == test.labels).all()
    assert trained.result.dev_score > 0.95


def test_probabilities(trained: Trained) -> None:
    texts = [" ".join(SIGNS[label] for label in trained.labels), "nothing that is known", ""]
    found = load_predictor(trained.result.path, trained.labels)(texts)
    assert ((found > 0) & (found < 1)).all()
    if trained.exclusive:
        assert found.sum(axis=1) == pytest.approx(numpy.ones(3))
    else:
        # Several labels can be likely at once.
        assert (found[0] > 0.5).all()


def test_columns_are_in_corpus_order(trained: Trained) -> None:
    texts = [SIGNS[label] for label in trained.labels]
    found = load_predictor(trained.result.path, trained.labels)(texts)
    assert found.argmax(axis=1).tolist() == list(range(len(trained.labels)))


def test_dev_decides_the_strength(trained: Trained) -> None:
    train, dev = (read_gold(trained.corpus / f"{split}.spacy", "en") for split in ("train", "dev"))
    targets = train.labels.argmax(axis=1) if trained.exclusive else train.labels
    scores = []
    for strength in STRENGTHS:
        classifier = make_classifier(strength, trained.exclusive).fit(train.texts, targets)
        decided = decide(classifier.predict_proba(dev.texts), trained.exclusive)
        # Micro-averaged F-score: twice the hits over all that was said and was to be said.
        scores.append(2 * (decided & dev.labels).sum() / (decided.sum() + dev.labels.sum()))
    assert trained.result.dev_score == pytest.approx(max(scores))
    assert trained.result.strength == STRENGTHS[int(numpy.argmax(scores))]


def test_same_seed_same_classifier_in_the_place_of_the_old(
    trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stale.txt").write_text("old", encoding="utf8")
    again = train_tfidf(trained.corpus, tmp_path / "model", lang="en")
    assert list((tmp_path / "model").iterdir()) == [again.path]
    assert again[1:] == trained.result[1:]
    texts = read_gold(trained.corpus / "test.spacy", "en").texts
    first, second = (
        load_predictor(result.path, trained.labels)(texts) for result in (trained.result, again)
    )
    assert (first == second).all()


def test_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'prepare'"):
        train_tfidf(tmp_path / "corpus", tmp_path / "model", lang="en")
    assert not (tmp_path / "model").exists()
