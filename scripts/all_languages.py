"""Run the whole workflow for several languages, one after the other."""

from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from weasel.cli.run import project_run
from weasel.util import load_project_config

from .console import Switch, done, run, warn
from .distill.default_transformers import choose_transformer
from .distill.errors import InputError
from .distill.language_table import make_language_table
from .distill.languages import (
    check_labels,
    find_overrides,
    own_lock,
    split_languages,
    split_settings,
)
from .distill.merged_corpus import MULTILINGUAL_LANG, merge_corpora
from .distill.outputs import atomic_file
from .distill.products import read_stats
from .distill.teacher_info import INFO, read_teacher_info

WORKFLOW = "all"
# The corpus of all languages together, and what is trained on it, in the folders of the others.
SHARED = "shared"


class Line:
    """The workflow for one language."""

    def __init__(self, project: Path, lang: str, overrides: dict[str, Any]) -> None:
        self.project, self.lang, self.overrides = project, lang, overrides
        config = load_project_config(project, overrides=overrides)
        self.steps: list[str] = config["workflows"][WORKFLOW]
        # weasel's own copy of the variables doesn't know what is overridden.
        self.folders = {
            name: str(overrides.get(f"vars.{name}", config["vars"][name]))
            for name in ("corpus", "training")
        }
        self.corpus, self.training = (project / folder for folder in self.folders.values())

    def run(self, step: str, *, force: bool = False) -> None:
        """Run a step, unless nothing has changed since this language's last run of it."""
        typer.secho(f"\n{self.lang}: {step}", bold=True)
        try:
            with own_lock(self.project, self.training):
                project_run(self.project, step, overrides=self.overrides, force=force)
        except SystemExit as stop:
            if stop.code == 130:
                raise
            raise InputError(
                f"Stopped at '{self.lang}', step '{step}': see above. What was done is kept: run the "
                "same command again to go on from there."
            ) from stop


def all_languages(
    languages: Annotated[str, typer.Argument(help="Language codes, by comma")],
    table: Annotated[Path, typer.Argument(help="File for the table over languages")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of a variable of project.yml")
    ] = None,
    one_teacher: Annotated[
        Switch, typer.Option(help="Whether one teacher learns from the texts of all languages")
    ] = Switch.false,
    project: Annotated[Path, typer.Option(help="Folder of project.yml")] = Path(),
) -> None:
    """Run the workflow for each language, and make one table of them all."""
    codes, given = split_languages(languages), split_settings(settings or [])
    defaults = load_project_config(project, overrides={"vars.lang": given["lang"]})["vars"]
    lines = [Line(project, code, find_overrides(given, defaults, code)) for code in codes]
    if one_teacher is Switch.true:
        refuse_other_teachers(given)
    check_transformers(codes, given, one_teacher is Switch.true)
    for line in lines:
        line.run("prepare")
    different = check_labels({line.lang: read_stats(line.corpus)["labels"] for line in lines})
    if different:
        warn(f"The labels of these languages differ. {different}")
    if one_teacher is Switch.true:
        share_teacher(make_shared_line(project, given, defaults), lines)
    for line in lines:
        for step in line.steps:
            line.run(step)
    text = make_language_table([srsly.read_json(line.training / "metrics.json") for line in lines])
    with atomic_file(table) as temporary:
        temporary.write_text(text, encoding="utf8")
    typer.echo(f"\n{text}")
    done(f"{table}: {len(codes)} languages, {', '.join(codes)}.")


def refuse_other_teachers(given: dict[str, str]) -> None:
    """Refuse what would take the place of the one teacher."""
    for name in ("black_box", "shared_teacher"):
        if given[name]:
            raise InputError(
                f"Can't use {name} = '{given[name]}' where one teacher is to be fine-tuned on all "
                f"languages. Leave --vars.{name} or --vars.one_teacher out."
            )


def check_transformers(codes: list[str], given: dict[str, str], one_teacher: bool) -> None:
    """Check that all transformers are there, before anything takes long."""
    if given["black_box"] or given["shared_teacher"]:
        return
    # Loading torch takes seconds: not for what is said above.
    from .distill.teacher import find_transformer

    own = [f"{code}={given.get(f'transformer_{code}', '')}" for code in codes]
    wanted = [MULTILINGUAL_LANG] if one_teacher else codes
    names = {choose_transformer(given["transformer"], code, own): code for code in wanted}
    for name, code in names.items():
        find_transformer(name, code)


def share_teacher(shared: Line, lines: list[Line]) -> None:
    """Fine-tune a teacher on the texts of all languages, and give it to each of them."""
    texts = merge_corpora({line.lang: line.corpus for line in lines}, shared.corpus)
    done(f"{shared.corpus}: {texts} texts of all languages, to train one teacher on.")
    shared.run("teacher")
    teacher = shared.training / "teacher"
    fingerprint = read_teacher_info(teacher).fingerprint
    for line in lines:
        line.overrides["vars.shared_teacher"] = f"{shared.folders['training']}/teacher"
        adopted = line.training / "teacher"
        # weasel doesn't know that the shared one belongs to the step's inputs.
        if (adopted / INFO).is_file() and read_teacher_info(adopted).fingerprint != fingerprint:
            line.run("teacher", force=True)


def make_shared_line(project: Path, given: dict[str, str], defaults: dict[str, Any]) -> Line:
    """Make the line of the teacher of all languages, in folders called "shared"."""
    named = Line(project, SHARED, find_overrides(given, defaults, SHARED))
    folders = {f"vars.{name}": folder for name, folder in named.folders.items()}
    overrides = {**named.overrides, **folders, "vars.lang": MULTILINGUAL_LANG}
    return Line(project, MULTILINGUAL_LANG, overrides)


if __name__ == "__main__":
    run(all_languages)
