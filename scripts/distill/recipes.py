"""Recipes: values of project.yml's variables that go together, by name."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import srsly

from .errors import InputError

SUFFIX = ".yml"
EXPECTED = (
    "Expected 'repeats', a line of text, and 'vars', variables of project.yml with their values."
)


class Recipe(NamedTuple):
    """A recipe: its name, what it repeats, and variables of project.yml with the values that it gives
    them.
    """

    name: str
    repeats: str
    variables: Mapping[str, str | int | float]


def list_recipes(folder: Path) -> list[str]:
    """List the recipes.

    folder (Path): The folder of the recipes.
    RETURNS (list[str]): Their names, sorted.
    """
    return sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))


def check_variables(given: Collection[str], known: Collection[str], source: str) -> None:
    """Check that variables exist: weasel ignores others without a word.

    given (Collection[str]): Names of variables.
    known (Collection[str]): Those of project.yml.
    source (str): Where they are given, for the message.
    RAISES (InputError): There is none of a name.
    """
    unknown = [name for name in given if name not in known]
    if unknown:
        raise InputError(
            f"Can't use {source}: project.yml has no variable {', '.join(map(repr, unknown))}. Expected "
            f"some of: {', '.join(sorted(known))}. Mind the spelling."
        )


def read_recipe(folder: Path, name: str, known: Collection[str]) -> Recipe:
    """Read a recipe.

    folder (Path): The folder of the recipes.
    name (str): Its name, which is that of its file.
    known (Collection[str]): The variables of project.yml.
    RETURNS (Recipe): The recipe.
    RAISES (InputError): There is none of that name, its file is of another form, or it names a variable
        that doesn't exist.
    """
    recipes, path = list_recipes(folder), folder / f"{name}{SUFFIX}"
    if name not in recipes:
        raise InputError(
            f"Can't find the recipe '{name}' in {folder}. Expected one of: "
            f"{', '.join(recipes) or 'none is there'}. Choose one of them, or add {path}."
        )
    try:
        content = srsly.read_yaml(path)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"Can't read {path}: {reason}. {EXPECTED} Mend the file.") from error
    if not isinstance(content, dict) or set(content) != {"repeats", "vars"}:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else repr(content)
        raise InputError(f"Can't use {path}: found {found}. {EXPECTED} Mend the file.")
    if not isinstance(content["vars"], dict):
        raise InputError(
            f"Can't use {path}: 'vars' is {content['vars']!r}. {EXPECTED} Mend the file."
        )
    check_variables(content["vars"], known, str(path))
    return Recipe(name, str(content["repeats"]), content["vars"])
