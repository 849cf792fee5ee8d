"""Which transformer teaches a language."""

import pytest

from scripts.distill.default_transformers import (
    DEFAULT,
    EMBEDDED,
    MULTILINGUAL,
    choose_transformer,
)

NONE = {"en": "", "nl": "", "fr": ""}


@pytest.mark.parametrize(
    ("asked", "lang", "own", "expected"),
    [
        (DEFAULT, "en", NONE, EMBEDDED),
        (DEFAULT, "nl", NONE, MULTILINGUAL),
        (DEFAULT, "xx", {}, MULTILINGUAL),
        ("some/model", "en", NONE, "some/model"),
        ("some/model", "nl", {"nl": "other", "fr": "third"}, "other"),
        (DEFAULT, "fr", {"nl": "other", "fr": "third"}, "third"),
        (DEFAULT, "de", {"nl": "other"}, MULTILINGUAL),
    ],
)
def test_choice(asked: str, lang: str, own: dict[str, str], expected: str) -> None:
    assert choose_transformer(asked, lang, own) == expected
