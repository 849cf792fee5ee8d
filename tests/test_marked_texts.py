"""Texts of the report: which words are marked, and what is said of a text."""

import re

import pytest

from scripts.distill.marked_texts import describe_scores, mark_words, view_example, view_examples

from .made_up_metrics import make_metrics


def test_words_are_marked_by_their_weight() -> None:
    weights = {"bad": 0.2, "but": -0.1, "cheap": 0.05, "the": 0.001, "it": 0.0}
    words = [{"text": t, "whitespace": " ", "weight": w} for t, w in weights.items()]
    found = {word.text: word for word in mark_words(words)}
    assert {text: word.tone for text, word in found.items()} == {
        "bad": "pro",
        "but": "contra",
        "cheap": "pro",
        "the": "",
        "it": "",
    }
    assert [found[text].strength for text in ("bad", "but", "cheap")] == [1.0, 0.5, 0.25]
    assert found["bad"].weight == "+20.0"


def test_nothing_is_marked_where_no_word_counts() -> None:
    words = [{"text": "a", "whitespace": "", "weight": 0.009}]
    assert [word.tone for word in mark_words(words)] == [""]
    assert mark_words([]) == []


def test_spaces_are_those_of_the_text() -> None:
    found = make_metrics()
    for example, view in zip(found["examples"]["errors"], view_examples(found, "errors")):
        assert "".join(word.text + word.whitespace for word in view.words) == example["text"]


@pytest.mark.parametrize(
    ("scores", "gold", "exclusive", "expected"),
    [
        ({"a": 0.9, "b": 0.1}, ["a"], True, "a 90.0%"),
        ({"a": 0.9, "b": 0.1}, ["b"], True, "a 90.0% (b 10.0%)"),
        ({"a": 0.9, "b": 0.6, "c": 0.2}, ["a", "c"], False, "a 90.0%, b 60.0% (c 20.0%)"),
        ({"a": 0.1, "b": 0.5}, [], False, "b 50.0%"),
        ({"a": 0.1, "b": 0.2}, ["a"], False, "no label (a 10.0%)"),
        ({"a": 0.1, "b": 0.2}, [], False, "no label"),
    ],
)
def test_scores_in_words(
    scores: dict[str, float], gold: list[str], exclusive: bool, expected: str
) -> None:
    assert describe_scores(scores, gold, exclusive) == expected


def test_strongest_words_are_named_strongest_first() -> None:
    found = make_metrics()
    view = view_examples(found, "errors")[0]
    assert view.words_for == "great (+31.0), but (+9.0)"
    assert view.words_against == "awful (\N{MINUS SIGN}18.0)"
    assert [verdict.who for verdict in view.verdicts] == ["gold", "student", "teacher"]
    assert re.match(r"positive 97\.0%", view.verdicts[1].said)


def test_words_left_out_together_are_named_together() -> None:
    weights = [0.5 if i in (6, 7) else 0.0 for i in range(301)]
    words = [
        {"text": f"w{i}", "whitespace": " ", "weight": weight} for i, weight in enumerate(weights)
    ]
    example = {"words": words, "gold": ["a"], "student": {"a": 0.9}, "teacher": {"a": 0.9}}
    assert view_example(example, exclusive=True).words_for == "w6 w7 (+50.0)"


def test_without_examples_there_are_no_texts() -> None:
    found = make_metrics()
    assert len(view_examples(found, "disagreements")) == 10
    del found["examples"]
    assert view_examples(found, "errors") == []
