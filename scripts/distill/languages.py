"""Several languages: their codes, the variables that each gets, and labels that differ."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from .default_transformers import OWN_TRANSFORMERS
from .documents import make_tokenizer
from .errors import InputError
from .pool_files import list_files, name_files
from .recipes import check_variables

# Stands for the language's code in the value of a variable.
PLACEHOLDER = "{lang}"
# A language's own: another's would be overwritten, or taken for it.
OWN_VARIABLES = ("data", "corpus", "training")


def split_languages(languages: str) -> list[str]:
    """Split a list of languages.

    languages (str): Language codes, separated by commas.
    RETURNS (list[str]): The codes.
    RAISES (InputError): There are none, one is there twice, spaCy has no such language or lacks what
        its tokenizer needs.
    """
    codes = [code.strip() for code in languages.split(",") if code.strip()]
    if not codes or len(set(codes)) < len(codes):
        raise InputError(
            f"Can't use the languages '{languages}'. Expected different language codes, separated by "
            "commas, such as en,nl. Set them with --vars.languages."
        )
    for code in codes:
        make_tokenizer(code)
    return codes


def fill_settings(settings: Mapping[str, str], defaults: Mapping[str, object]) -> dict[str, str]:
    """Add to settings what isn't set.

    settings (Mapping[str, str]): Values of variables by name.
    defaults (Mapping[str, object]): All variables of project.yml with the values that they have where
        they aren't set.
    RETURNS (dict[str, str]): All of them, as weasel writes them.
    RAISES (InputError): There is no such variable.
    """
    check_variables(list(settings), list(defaults), "--set")
    return {**{name: _write(value) for name, value in defaults.items()}, **settings}


def find_overrides(
    settings: Mapping[str, str],
    defaults: Mapping[str, object],
    lang: str,
    *,
    alone: bool = False,
) -> dict[str, str]:
    """Find out which variables a user has set, and what they are for one language.

    settings (Mapping[str, str]): Variables of project.yml with the values that they have in this run.
    defaults (Mapping[str, object]): The values that they have where none is set, in the same run.
    lang (str): The language's code; it takes the place of "{lang}" in a value.
    alone (bool): Whether there is no other language.
    RETURNS (dict[str, str]): Those that differ, as weasel's overrides.
    RAISES (InputError): The files of one language would be those of another.
    """
    changed = {name: value for name, value in settings.items() if value != _write(defaults[name])}
    # Another language's would run all of this one's steps again when it changes.
    for code, name in OWN_TRANSFORMERS.items():
        if code != lang:
            changed.pop(name, None)
    if not alone:
        _check_own(settings, [name for name in OWN_VARIABLES if name in changed])
    return {f"vars.{name}": value.replace(PLACEHOLDER, lang) for name, value in changed.items()} | {
        "vars.lang": lang
    }


def _check_own(settings: Mapping[str, str], names: Sequence[str]) -> None:
    """Check that each language has files of its own."""
    pool = Path(settings["pool"])
    # The default's folder is there for all: what lies in folders within it is for some data alone.
    tables = list_files(pool).tables if pool.exists() else []
    for name in [*names, "pool"] if tables else names:
        if PLACEHOLDER not in settings[name]:
            found = f" (found: {name_files(pool, tables)})" if name == "pool" else ""
            raise InputError(
                f"Can't use {name} = '{settings[name]}' for several languages: each needs its "
                f"own{found}. Expected {PLACEHOLDER} in it, where the language's code is to stand. Set "
                f"it with --vars.{name}."
            )


def _write(value: object) -> str:
    """Write a value as weasel does when it takes the place of a variable."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe_label_differences(labels: Mapping[str, Sequence[str]]) -> str:
    """Compare the labels of several languages.

    labels (Mapping[str, Sequence[str]]): Labels by language code; at least one.
    RETURNS (str): What is different; empty where all have the same.
    """
    first, *others = labels
    found = []
    for lang in others:
        lacks = sorted(set(labels[first]) - set(labels[lang]))
        more = sorted(set(labels[lang]) - set(labels[first]))
        if lacks or more:
            parts = [f"lacks {', '.join(lacks)}"] * bool(lacks)
            parts += [f"has {', '.join(more)}"] * bool(more)
            found.append(f"'{lang}' {' and '.join(parts)}")
    return f"Beside '{first}', {'; '.join(found)}." if found else ""
