"""Texts to look at, and the weight of words."""

from typing import Any

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc

from scripts.distill import examples
from scripts.distill.examples import (
    describe_examples,
    find_disagreements,
    find_errors,
    weigh_words,
)

WORTH = {"good": 0.3, "fine": 0.1, "not": -0.2}


def make_pipeline(**cats: float) -> Language:
    """A pipeline that holds a text for the more probable to be "yes", the more of WORTH it holds."""
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat")
    for label in ("yes", "no"):
        textcat.add_label(label)
    nlp.initialize()

    def predict(docs: list[Doc]) -> NDArray[numpy.float64]:
        assert all(len(doc) for doc in docs)  # as most of spaCy's architectures have it
        yes = [0.5 + sum(WORTH.get(token.text, 0) for token in doc) for doc in docs]
        return numpy.array([[p, 1 - p] for p in yes])

    textcat.predict = predict
    return nlp


@pytest.fixture
def nlp() -> Language:
    return make_pipeline()


def test_words_weigh_what_they_add(nlp: Language) -> None:
    found = weigh_words(nlp, "It's good,  not fine.")
    assert [word["text"] for word in found] == ["It", "'s", "good", ",", " ", "not", "fine", "."]
    weights = [0, 0, 0.3, 0, 0, -0.2, 0.1, 0]
    assert [word["weight"] for word in found] == pytest.approx(weights, abs=1e-6)
    # "'s" takes no space with it: "Itgood" would be another word.
    # Of a text that is held for "no", those that speak for "no" weigh.
    found = weigh_words(nlp, "not fine")
    assert [word["weight"] for word in found] == pytest.approx([0.2, -0.1])


def test_one_word_alone_has_no_weight(nlp: Language) -> None:
    for text in ("good", " good"):
        (*_, word) = weigh_words(nlp, text)
        assert word == {"text": "good", "whitespace": "", "weight": 0.0}


def test_long_texts_lose_neighbours_together(
    nlp: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MAX_OCCLUSIONS", 3)
    found = weigh_words(nlp, "a good b c not d e")
    assert [word["weight"] for word in found] == pytest.approx([0.3, 0.3, 0.3, -0.2, -0.2, -0.2, 0])


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet="ab .,'\n\t", max_size=30).filter(lambda text: text.strip()))
def test_words_make_up_the_text(text: str) -> None:
    found = weigh_words(PIPELINE, text)
    assert "".join(word["text"] + word["whitespace"] for word in found) == text


PIPELINE = make_pipeline()


def test_surest_errors_come_first() -> None:
    gold = numpy.eye(2, dtype=int)[[0, 0, 1, 1] * 5]
    student = numpy.tile([[0.4, 0.6], [0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], (5, 1))
    found = find_errors(gold, student, True)
    assert found == [2, 6, 10, 14, 18, 0, 4, 8, 12, 16]
    assert find_errors(gold[1:2], student[1:2], True) == []


def test_surest_errors_where_labels_do_not_exclude_each_other() -> None:
    gold = numpy.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    # Right; wrong by .6; wrong by .9, though the other labels are far from sure.
    student = numpy.array([[0.9, 0.1, 0.1], [0.9, 0.4, 0.1], [0.4, 0.4, 0.9]])
    assert find_errors(gold, student, False) == [2, 1]


@pytest.mark.parametrize("exclusive", [True, False])
def test_largest_disagreements_come_first(exclusive: bool) -> None:
    teacher = numpy.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5]])
    student = numpy.array([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5]])
    assert find_disagreements(student, teacher, exclusive) == [1, 0, 2]


def test_description(nlp: Language) -> None:
    texts = ["good", "not so", "fine"]
    gold = numpy.array([[1, 0], [1, 0], [1, 0]])
    student = numpy.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    teacher = numpy.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
    found = describe_examples(
        "student_bow", nlp, texts, gold, student, teacher, ["yes", "no"], True
    )
    assert found["student"] == "student_bow"
    expected: dict[str, Any] = {
        "text": "not so",
        "gold": ["yes"],
        "student": {"yes": 0.3, "no": 0.7},
        "teacher": {"yes": 0.4, "no": 0.6},
        "words": [
            {"text": "not", "whitespace": " ", "weight": pytest.approx(0.2)},
            {"text": "so", "whitespace": "", "weight": pytest.approx(0)},
        ],
    }
    assert found["errors"] == [expected]
    assert [example["text"] for example in found["disagreements"]] == ["fine", "not so", "good"]
