"""The workflow for each of several languages, by weasel: a lock file for each, one teacher for all."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from weasel.cli.run import project_run
from weasel.util import load_project_config

from .default_transformers import OWN_TRANSFORMERS, choose_transformer
from .errors import InputError
from .languages import PLACEHOLDER, find_overrides
from .merged_corpus import MULTILINGUAL_LANG, merge_corpora
from .model_names import TEACHER
from .outputs import atomic_file
from .teacher_info import INFO, read_teacher_info

WORKFLOW = "all"
# The corpus of all languages together, and what is trained on it, in the folders of the others.
SHARED = "shared"
# weasel's lock file says what a step was last run with: it holds one run of each step. Where the
# user's own is kept while a language's takes its place.
LOCK, KEPT_LOCK = "project.lock", ".project.lock.kept"
# Held by whoever swaps them.
SWAP_LOCK = ".project.lock.swapped"
EXIT_INTERRUPTED = 130


class LanguageRun:
    """The workflow for one language."""

    def __init__(self, project: Path, lang: str, overrides: Mapping[str, str]) -> None:
        """Name a run.

        project (Path): The folder of project.yml.
        lang (str): The language's code.
        overrides (Mapping[str, str]): weasel's overrides of variables, for this language.
        """
        self.project, self.lang, self.overrides = project, lang, dict(overrides)
        config = load_project_config(project, overrides=self.overrides)
        self.steps: list[str] = config["workflows"][WORKFLOW]
        # weasel's own copy of the variables doesn't know what is overridden.
        self.folders = {
            name: str(overrides.get(f"vars.{name}", config["vars"][name]))
            for name in ("corpus", "training")
        }
        self.corpus, self.training = (project / folder for folder in self.folders.values())

    def run(self, step: str, *, force: bool = False) -> None:
        """Run a step, unless nothing has changed since this language's last run of it.

        step (str): The step.
        force (bool): Run it even so.
        RAISES (InputError): It fails.
        """
        try:
            with own_lock(self.project, self.training):
                project_run(self.project, step, overrides=self.overrides, force=force)
        except SystemExit as stop:
            if stop.code == EXIT_INTERRUPTED:
                raise
            raise InputError(
                f"Stopped at '{self.lang}', step '{step}': see above. What was done is kept: run the "
                "same command again to go on from there."
            ) from stop


@contextmanager
def only_run(project: Path) -> Iterator[None]:
    """Keep other runs of several languages out of a folder: each would take the lock files of the other
    for the user's.

    project (Path): The folder of project.yml.
    RAISES (InputError): There is another one.
    """
    lock = FileLock(project / SWAP_LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise InputError(
            f"Can't run several languages in {project.resolve()}: another run of 'all-languages' is at "
            "it. Expected one at a time. Wait until it ends, or run this one in a clone of its own."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def own_lock(project: Path, folder: Path) -> Iterator[None]:
    """Give weasel the lock file of one language for a while, so that it knows what has changed since
    this language was last run, not since the one before. A language that has none starts from the
    user's.

    project (Path): The folder of project.yml.
    folder (Path): Where the language's own lock file is kept; made if it is missing.
    """
    lock, kept, own = project / LOCK, project / KEPT_LOCK, folder / LOCK
    # Left by a run that was killed.
    before = _read(kept) if kept.is_file() else _read(lock)
    _write_or_remove(kept, before or b"")
    _write_or_remove(lock, _read(own) if own.is_file() else before)
    try:
        yield
    finally:
        found = _read(lock)
        if found:
            _write_or_remove(own, found)
        _write_or_remove(lock, before)
        kept.unlink()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write_or_remove(path: Path, content: bytes | None) -> None:
    if content is None or (not content and path.name == LOCK):
        path.unlink(missing_ok=True)
        return
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def list_transformers(
    runs: Sequence[LanguageRun], settings: Mapping[str, str], *, one_teacher: bool
) -> dict[str, set[str]]:
    """List the transformers that are wanted.

    runs (Sequence[LanguageRun]): The languages.
    settings (Mapping[str, str]): All variables of project.yml.
    one_teacher (bool): Whether one teacher is to be fine-tuned for all.
    RETURNS (dict[str, set[str]]): By transformer, the codes of the languages that it is wanted for; none
        where something else is the teacher.
    RAISES (InputError): One teacher is wanted, and something else in its place.
    """
    if one_teacher:
        for name in ("black_box", "shared_teacher", *OWN_TRANSFORMERS.values()):
            if settings[name]:
                raise InputError(
                    f"Can't use {name} = '{settings[name]}' where one teacher is to be fine-tuned on "
                    f"all languages. Leave --vars.{name} or --vars.one_teacher out."
                )
        if PLACEHOLDER in settings["transformer"]:
            raise InputError(
                f"Can't use transformer = '{settings['transformer']}' for one teacher of all languages: "
                "it names one for each. Set --vars.transformer to a multilingual one."
            )
        name = choose_transformer(settings["transformer"], MULTILINGUAL_LANG)
        return {name: {MULTILINGUAL_LANG}}
    wanted: dict[str, set[str]] = {}
    if settings["black_box"] or settings["shared_teacher"]:
        return wanted
    for run in runs:
        asked = run.overrides.get("vars.transformer", settings["transformer"])
        own = run.overrides.get(f"vars.{OWN_TRANSFORMERS.get(run.lang)}", "")
        name = choose_transformer(asked, run.lang, {run.lang: own})
        wanted.setdefault(name, set()).add(run.lang)
    return wanted


def make_shared_run(
    project: Path, settings: Mapping[str, str], defaults: Mapping[str, Any]
) -> LanguageRun:
    """Make the run of the teacher of all languages, in folders called "shared".

    project (Path): The folder of project.yml.
    settings (Mapping[str, str]): See languages.find_overrides.
    defaults (Mapping[str, Any]): See there.
    RETURNS (LanguageRun): A run of the language "xx".
    """
    named = LanguageRun(project, SHARED, find_overrides(settings, defaults, SHARED))
    folders = {f"vars.{name}": folder for name, folder in named.folders.items()}
    overrides = {**named.overrides, **folders, "vars.lang": MULTILINGUAL_LANG}
    return LanguageRun(project, MULTILINGUAL_LANG, overrides)


def share_teacher(shared: LanguageRun, runs: Sequence[LanguageRun]) -> None:
    """Fine-tune a teacher on the texts of all languages, and give it to each of them.

    shared (LanguageRun): See make_shared_run.
    runs (Sequence[LanguageRun]): The languages, prepared. They are told of the teacher.
    RAISES (InputError): Labels differ, or the step fails.
    """
    merge_corpora({run.lang: run.corpus for run in runs}, shared.corpus)
    shared.run("teacher")
    fingerprint = read_teacher_info(shared.training / TEACHER).fingerprint
    for run in runs:
        run.overrides["vars.shared_teacher"] = f"{shared.folders['training']}/{TEACHER}"
        adopted = run.training / TEACHER
        # weasel doesn't know that the shared one belongs to the step's inputs.
        if (adopted / INFO).is_file() and read_teacher_info(adopted).fingerprint != fingerprint:
            run.run("teacher", force=True)
