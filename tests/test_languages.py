"""Several languages: variables of each, a lock file of each, labels that differ."""

from pathlib import Path

import pytest

from scripts.distill.errors import InputError
from scripts.distill.languages import (
    LOCK,
    check_labels,
    find_overrides,
    own_lock,
    split_languages,
    split_settings,
)

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


@pytest.mark.parametrize("name", ["data", "corpus", "training"])
def test_languages_do_not_share_files(name: str) -> None:
    given = {**SAME, name: "mine"}
    with pytest.raises(InputError, match=rf"{name} = 'mine'.*\{{lang\}} in it.*--vars\.{name}"):
        find_overrides(given, DEFAULTS, "nl")


def test_each_language_has_a_lock_file_of_its_own(tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    lock.write_text("user's")
    for lang in ("nl", "fr"):
        with own_lock(tmp_path, tmp_path / lang):
            assert not lock.exists()
            lock.write_text(lang)
        assert lock.read_text() == "user's"
    with own_lock(tmp_path, tmp_path / "nl"):
        assert lock.read_text() == "nl"


def test_lock_file_comes_back_where_a_step_fails(tmp_path: Path) -> None:
    with pytest.raises(SystemExit), own_lock(tmp_path, tmp_path / "nl"):
        (tmp_path / LOCK).write_text("steps before it")
        raise SystemExit(1)
    assert not (tmp_path / LOCK).exists()
    assert (tmp_path / "nl" / LOCK).read_text() == "steps before it"


def test_labels_are_compared_with_the_first_languages() -> None:
    labels = {"en": ["a", "b"], "nl": ["b", "a"], "fr": ["a"], "de": ["a", "b", "ç"]}
    assert check_labels(labels) == "Beside 'en', 'fr' lacks b; 'de' has ç."
    assert check_labels({"en": ["a", "b"], "nl": ["b", "a"]}) == ""
