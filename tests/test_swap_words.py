"""Words that may take the place of others: their case, their spelling, how often they are drawn."""

import math
import random
from collections import Counter

import pytest
from spacy.language import Language

from scripts.distill.swap_words import (
    Candidates,
    draw,
    list_words_by_tag,
    match_case,
    weigh_vocabulary,
    weigh_words,
)
from scripts.distill.tagging import make_lexicon_tagger


def test_frequent_words_are_drawn_more_often() -> None:
    words = ["people", "violins", "xylophones"]
    for weights in (weigh_vocabulary(words, "en"), weigh_vocabulary(words, "nl")):
        assert weights[0] > weights[1] > weights[2] > 0
    candidates = Candidates(words, [0.9, 0.99, 1.0])
    drawn = Counter(draw(candidates, random.Random(seed)) for seed in range(1000))
    assert 850 < drawn["people"] < 950
    assert drawn["violins"] > drawn["xylophones"] > 0
    # Even where all others are very rare.
    rare = Candidates(words, [1.0, 1.0 + 1e-12, 1.0 + 2e-12])
    met = {draw(rare, random.Random(seed), unlike="people") for seed in range(50)}
    assert met == {"violins", "xylophones"}


def test_vocabulary_weighs_as_much_as_documents(nlp: Language) -> None:
    tagger = make_lexicon_tagger(nlp)
    docs = [nlp.make_doc("Lamps, kettles and batteries.")]
    found = weigh_words(docs, ["violins", "zebras", "lamps"], tagger, nlp)["noun:s"]
    assert set(found.words) == {"lamps", "kettles", "batteries", "violins", "zebras"}
    assert found.sums[:3] == [1.0, 2.0, 3.0]
    assert math.isclose(found.sums[-1], 6.0)


@pytest.mark.parametrize(
    ("word", "like", "expected"),
    [
        ("lamp", "Kettle", "Lamp"),
        ("lamp", "KETTLE", "LAMP"),
        ("lamp", "A", "Lamp"),
        ("iPhone", "kettle", "iPhone"),
        ("écran", "Lampe", "Écran"),
    ],
)
def test_match_case(word: str, like: str, expected: str) -> None:
    assert match_case(word, like) == expected


def test_words_are_listed_in_their_usual_spelling(nlp: Language) -> None:
    docs = [nlp.make_doc(t) for t in ["Lamps shine", "Good. Tents leak"]]
    words = list_words_by_tag(docs, make_lexicon_tagger(nlp))
    listed = {word for tagged in words.values() for word in tagged}
    assert {"lamps", "tents"} <= listed
    assert not {"Lamps", "Tents"} & listed
