"""What fastText is given to read."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.distill.fasttext_classifier import LABEL_PREFIX, is_installed, split_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great lamp!", "great lamp !"),
        ("I don't...", "i don ' t . . ."),
        ("A\tb\nc\u00a0d", "a b c d"),
        ("Één CAFÉ, 3.5 €", "één café , 3 . 5 €"),
        ("</s> snake_case", "< / s > snake_case"),
        (" \n", ""),
    ],
)
def test_words_are_lower_case_and_apart_from_punctuation(text: str, expected: str) -> None:
    assert split_words(text) == expected


@given(st.text())
def test_no_text_can_pass_for_a_label_or_a_second_line(text: str) -> None:
    words = split_words(text).split(" ")
    assert not [word for word in words if word.startswith(LABEL_PREFIX)]
    assert len(split_words(text).splitlines()) <= 1
    # Nothing but whitespace is lost.
    assert "".join(words) == "".join(text.lower().split())


def test_a_package_that_is_not_there_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "fasttext", raising=False)
    assert not is_installed()
