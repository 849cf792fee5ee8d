"""Run the whole workflow for several languages, one after the other."""

from pathlib import Path
from typing import Annotated

import srsly
import typer
from weasel.util import load_project_config

from .console import Switch, done, run, warn
from .distill.language_runs import (
    LanguageRun,
    list_transformers,
    make_shared_run,
    only_run,
    share_teacher,
)
from .distill.language_table import make_language_table
from .distill.languages import (
    describe_label_differences,
    fill_settings,
    find_overrides,
    split_languages,
)
from .distill.outputs import atomic_file
from .distill.products import read_stats
from .distill.settings import split_settings


def all_languages(
    languages: Annotated[str, typer.Argument(help="Language codes, by comma")],
    table: Annotated[Path, typer.Argument(help="File for the table over languages")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of a variable of project.yml")
    ] = None,
    one_teacher: Annotated[
        Switch,
        typer.Option(
            help="Whether one teacher learns from the texts of all languages", case_sensitive=False
        ),
    ] = Switch.false,
    project: Annotated[Path, typer.Option(help="Folder of project.yml")] = Path(),
) -> None:
    """Run the workflow for each language, and make one table of them all."""
    codes, given, shares = (
        split_languages(languages),
        split_settings(settings or []),
        one_teacher is Switch.true,
    )
    lang = {"vars.lang": given["lang"]} if "lang" in given else {}
    defaults = load_project_config(project, overrides=lang)["vars"]
    given = fill_settings(given, defaults)
    alone = len(codes) == 1
    runs = [
        LanguageRun(project, code, find_overrides(given, defaults, code, alone=alone))
        for code in codes
    ]
    transformers = list_transformers(runs, given, one_teacher=shares)
    if transformers:
        # Loading torch takes seconds: not for what is said above.
        from .distill.teacher import find_transformer

        for name, wanted in transformers.items():
            for code in sorted(wanted):
                find_transformer(name, code)
    with only_run(project):
        for language in runs:
            language.run("prepare")
        labels = {language.lang: read_stats(language.corpus)["labels"] for language in runs}
        if different := describe_label_differences(labels):
            warn(f"The labels of these languages differ. {different}")
        if shares:
            share_teacher(make_shared_run(project, given, defaults), runs)
        for language in runs:
            for step in language.steps:
                typer.secho(f"\n{language.lang}: {step}", bold=True)
                language.run(step)
    text = make_language_table(
        [srsly.read_json(language.training / "metrics.json") for language in runs]
    )
    with atomic_file(table) as temporary:
        temporary.write_text(text, encoding="utf8")
    typer.echo(f"\n{text}")
    done(f"{table}: {len(codes)} languages, {', '.join(codes)}.")


if __name__ == "__main__":
    run(all_languages)
