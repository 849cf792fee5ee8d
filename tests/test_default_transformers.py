"""Which transformer teaches a language."""

import pytest

from scripts.distill.default_transformers import (
    DEFAULT,
    EMBEDDED,
    MULTILINGUAL,
    choose_transformer,
)
from scripts.distill.errors import InputError

NONE = ["en=", "nl=", "fr="]


@pytest.mark.parametrize(
    ("asked", "lang", "own", "expected"),
    [
        (DEFAULT, "en", NONE, EMBEDDED),
        (DEFAULT, "nl", NONE, MULTILINGUAL),
        (DEFAULT, "xx", [], MULTILINGUAL),
        ("some/model", "en", NONE, "some/model"),
        ("some/model", "nl", ["nl=other=1", "fr=third"], "other=1"),
        (DEFAULT, "fr", ["nl=other", "fr=third"], "third"),
        (DEFAULT, "de", ["nl=other"], MULTILINGUAL),
    ],
)
def test_choice(asked: str, lang: str, own: list[str], expected: str) -> None:
    assert choose_transformer(asked, lang, own) == expected


@pytest.mark.parametrize("pair", ["nl", "=name", ""])
def test_other_forms_stop(pair: str) -> None:
    with pytest.raises(InputError, match=r"Expected LANGUAGE=NAME.*--vars\.transformer_nl"):
        choose_transformer(DEFAULT, "nl", [pair])
