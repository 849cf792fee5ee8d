"""One workflow for several languages: which variables each gets, and a lock file for each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .documents import make_tokenizer
from .errors import InputError
from .outputs import atomic_file

# Stands for the language's code in the value of a variable.
PLACEHOLDER = "{lang}"
# A language's own: another's would be overwritten, or taken for it.
OWN_VARIABLES = ("data", "corpus", "training")
# weasel's lock file says what a step was last run with: it holds one run of each step.
LOCK = "project.lock"


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


def split_settings(pairs: Sequence[str]) -> dict[str, str]:
    """Split settings of variables.

    pairs (Sequence[str]): Each NAME=VALUE.
    RETURNS (dict[str, str]): Values by name.
    RAISES (InputError): One has no name.
    """
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise InputError(
                f"Can't use the setting '{pair}'. Expected NAME=VALUE, such as seed=1. Correct it."
            )
        settings[name] = value
    return settings


def find_overrides(
    settings: Mapping[str, str], defaults: Mapping[str, object], lang: str
) -> dict[str, str]:
    """Find out which variables a user has set, and what they are for one language.

    settings (Mapping[str, str]): Variables of project.yml with the values that they have in this run.
    defaults (Mapping[str, object]): The values that they have where none is set, in the same run.
    lang (str): The language's code; it takes the place of "{lang}" in a value.
    RETURNS (dict[str, str]): Those that differ, as weasel's overrides.
    RAISES (InputError): The files of one language would be those of another.
    """
    changed = {name: value for name, value in settings.items() if value != _write(defaults[name])}
    for name in OWN_VARIABLES:
        if name in changed and PLACEHOLDER not in changed[name]:
            raise InputError(
                f"Can't use {name} = '{changed[name]}' for several languages: each needs its own. "
                f"Expected {PLACEHOLDER} in it, where the language's code is to stand. Set it with "
                f"--vars.{name}."
            )
    return {f"vars.{name}": value.replace(PLACEHOLDER, lang) for name, value in changed.items()} | {
        "vars.lang": lang
    }


def _write(value: object) -> str:
    """Write a value as weasel does when it takes the place of a variable."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def own_lock(project: Path, folder: Path) -> Iterator[None]:
    """Give weasel the lock file of one language for a while, so that it knows what has changed since
    this language was last run, not since the one before.

    project (Path): The folder of project.yml.
    folder (Path): Where the language's own lock file is kept; made if it is missing.
    """
    lock, own = project / LOCK, folder / LOCK
    before = _read(lock)
    _write_or_remove(lock, _read(own))
    try:
        yield
    finally:
        found = _read(lock)
        if found is not None:
            _write_or_remove(own, found)
        _write_or_remove(lock, before)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write_or_remove(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
        return
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def check_labels(labels: Mapping[str, Sequence[str]]) -> str:
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
