"""What counts as a word, in whatever script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.distill.vocabulary import is_word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("kettle", True), ("écran", True), ("e\u0301cran", True), ("日本語", True)),
        *(("हिन्दी", True), ("தமிழ்", True), ("বাংলা", True), ("ภาษาไทย", True), ("עִבְרִית", True)),
        *(("", False), (" ", False), ("7", False), ("a7", False), ("it's", False), ("।", False)),
        *(("\u093f", False), ("\u0301", False), ("१२", False), ("👍🏽", False), ("क-ख", False)),
    ],
)
def test_words_are_letters_and_their_marks(text: str, expected: bool) -> None:
    assert is_word(text) is expected


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_without_marks_words_are_letters(text: str) -> None:
    assert is_word(text) is text.isalpha()
