"""Repeat an article: the whole workflow with a recipe's variables, on public data where it names any."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer
from weasel.cli.run import project_run
from weasel.util import load_project_config, parse_config_overrides

from .console import done, run
from .distill.public_data import require_raw
from .distill.recipes import check_variables, list_recipes, read_recipe

PREFIX = "vars."


def recipe(
    name: Annotated[
        str, typer.Argument(help="A file of the folder, without its ending; none: list them")
    ] = "",
    variables: Annotated[
        list[str] | None, typer.Argument(help="After --: further variables, such as --vars.seed 1")
    ] = None,
    step: Annotated[str, typer.Option(help="Workflow or step to run")] = "all",
    recipes: Annotated[Path, typer.Option(help="Folder of the recipes")] = Path("configs/recipes"),
    project: Annotated[Path, typer.Option(help="Folder of project.yml")] = Path(),
) -> None:
    """Run the workflow with a recipe's variables, or list the recipes."""
    known = load_project_config(project)["vars"]
    if not name:
        show_recipes(recipes, known)
        return
    chosen = read_recipe(recipes, name, known)
    words = list(variables or [])
    own = [word.split("=")[0] for word in words if word.startswith("--")]
    check_variables(
        [word.removeprefix(f"--{PREFIX}") for word in own],
        known,
        "what follows -- (--vars.NAME VALUE)",
    )
    overrides = {f"{PREFIX}{key}": value for key, value in chosen.variables.items()}
    overrides.update(parse_config_overrides(words))
    if "public" in chosen.variables:
        convert_public_data(project, overrides)
    project_run(project, step, overrides=overrides)
    done(f"Recipe '{name}', step '{step}': {chosen.repeats}.")


def show_recipes(folder: Path, known: Collection[str]) -> None:
    """Print the names of the recipes, and what each of them repeats."""
    names = list_recipes(folder)
    for name in names:
        typer.echo(f"{name}: {read_recipe(folder, name, known).repeats}")
    done(f"{folder}: {len(names)} recipes. Run one with `python -m scripts.recipe NAME`.")


def convert_public_data(project: Path, overrides: dict[str, Any]) -> None:
    """Run the step `convert`, unless its data have gone and what it made of them is there."""
    commands = load_project_config(project, overrides=overrides)["commands"]
    (convert,) = [command for command in commands if command["name"] == "convert"]
    raw, outputs = project / convert["deps"][0], [project / path for path in convert["outputs"]]
    if raw.is_file() or not all(path.is_file() for path in outputs):
        require_raw(raw)
        project_run(project, "convert", overrides=overrides)


if __name__ == "__main__":
    run(recipe)
