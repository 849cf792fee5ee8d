"""Several languages: variables of each, labels that differ."""

from pathlib import Path

import pytest

from scripts.distill.errors import InputError
from scripts.distill.languages import (
    describe_label_differences,
    fill_settings,
    find_overrides,
    split_languages,
)
from scripts.distill.settings import split_settings

DEFAULTS = {
    "data": "assets/reviews/en.jsonl",
    "corpus": "corpus/en",
    "training": "training/en",
    "calibrate": True,
    "learn_rate": 0.0001,
    "seed": 0,
    "pool": "assets/pool",
    "seeds": "",
}
SAME = {**{name: str(value) for name, value in DEFAULTS.items()}, "calibrate": "true"}


def test_languages_are_split() -> None:
    assert split_languages("en, nl,xx") == ["en", "nl", "xx"]


@pytest.mark.parametrize("languages", ["", " , ", "en,nl,en"])
def test_lists_that_name_none_or_one_twice(languages: str) -> None:
    with pytest.raises(InputError, match=r"Expected different language codes.*--vars\.languages"):
        split_languages(languages)


def test_languages_that_spacy_lacks() -> None:
    with pytest.raises(InputError, match=r"Can't use the language 'qq'"):
        split_languages("en,qq")


def test_settings_are_split() -> None:
    assert split_settings(["data=a=b.csv", "seeds="]) == {"data": "a=b.csv", "seeds": ""}
    for pair in ("seed", "=1"):
        with pytest.raises(InputError, match="Expected NAME=VALUE"):
            split_settings([pair])


def test_what_is_as_by_default_is_left_to_each_language() -> None:
    assert find_overrides(SAME, DEFAULTS, "nl") == {"vars.lang": "nl"}


def test_what_was_set_holds_for_each_language() -> None:
    given = {
        **SAME,
        "data": "my/{lang}.csv",
        "corpus": "corpus/{lang}-mine",
        "seed": "7",
        "calibrate": "false",
        "seeds": "0,1",
    }
    assert find_overrides(given, DEFAULTS, "nl") == {
        "vars.lang": "nl",
        "vars.data": "my/nl.csv",
        "vars.corpus": "corpus/nl-mine",
        "vars.seed": "7",
        "vars.calibrate": "false",
        "vars.seeds": "0,1",
    }


def test_a_single_language_has_its_files_for_itself(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("A text.")
    given = {**SAME, "pool": str(tmp_path), "data": "mine.csv", "corpus": "corpus/{lang}"}
    assert find_overrides(given, DEFAULTS, "nl", alone=True) == {
        "vars.lang": "nl",
        "vars.pool": str(tmp_path),
        "vars.data": "mine.csv",
        "vars.corpus": "corpus/nl",
    }


@pytest.mark.parametrize("name", ["data", "corpus", "training"])
def test_languages_do_not_share_files(name: str) -> None:
    given = {**SAME, name: "mine"}
    with pytest.raises(InputError, match=rf"{name} = 'mine'.*\{{lang\}} in it.*--vars\.{name}"):
        find_overrides(given, DEFAULTS, "nl")


def test_a_transformer_of_another_language_changes_nothing() -> None:
    defaults = {**DEFAULTS, "transformer_nl": "", "transformer_fr": ""}
    given = {**SAME, "transformer_nl": "models/nl", "transformer_fr": "models/fr"}
    expected = {"vars.lang": "nl", "vars.transformer_nl": "models/nl"}
    assert find_overrides(given, defaults, "nl") == expected
    assert find_overrides(given, defaults, "de") == {"vars.lang": "de"}


def test_languages_do_not_share_a_pool(tmp_path: Path) -> None:
    given = {**SAME, "pool": str(tmp_path)}
    (tmp_path / "README.md").write_text("Put texts here.")
    assert find_overrides(given, DEFAULTS, "nl")["vars.pool"] == str(tmp_path)
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "nl.txt").write_text("A text for Dutch alone.")
    assert find_overrides(given, DEFAULTS, "nl")["vars.pool"] == str(tmp_path)
    for name in ("texts.txt", "more.csv"):
        (tmp_path / name).write_text("text")
    message = r"pool = .*\(found: more\.csv, texts\.txt\).*\{lang\} in it.*--vars\.pool"
    with pytest.raises(InputError, match=message):
        find_overrides(given, DEFAULTS, "nl")
    # Nor the one that is there by default.
    with pytest.raises(InputError, match=r"--vars\.pool"):
        find_overrides(given, {**DEFAULTS, "pool": str(tmp_path)}, "nl")


def test_settings_are_filled_up() -> None:
    assert fill_settings({"seed": "7"}, DEFAULTS) == {**SAME, "seed": "7"}
    with pytest.raises(InputError, match=r"no variable 'sed'.*Mind the spelling"):
        fill_settings({"sed": "7"}, DEFAULTS)


def test_labels_are_compared_with_the_first_languages() -> None:
    labels = {"en": ["a", "b"], "nl": ["b", "a"], "fr": ["a"], "de": ["a", "b", "ç"]}
    assert describe_label_differences(labels) == "Beside 'en', 'fr' lacks b; 'de' has ç."
    assert describe_label_differences({"en": ["a", "b"], "nl": ["b", "a"]}) == ""
