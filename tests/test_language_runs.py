"""Runs of several languages, without running what weasel runs."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import srsly
from weasel.util import load_project_config

from scripts.distill import language_runs as module
from scripts.distill.default_transformers import DEFAULT, EMBEDDED, MULTILINGUAL
from scripts.distill.errors import InputError
from scripts.distill.language_runs import (
    KEPT_LOCK,
    LOCK,
    LanguageRun,
    list_transformers,
    make_shared_run,
    only_run,
    own_lock,
    share_teacher,
)
from scripts.distill.languages import fill_settings, find_overrides
from scripts.distill.teacher_info import TeacherInfo, read_teacher_info, write_teacher_info

from .conftest import ROOT, RunStep
from .test_language_table import make_run
from .test_merged_corpus import write_gold
from .test_project import STEPS

Ran = list[tuple[str, str, bool]]
INFO = TeacherInfo("tiny", "first", "[MASK]", ["negative", "positive"], 0.8)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "project.yml", tmp_path)
    return tmp_path


def make_runs(
    project: Path, *langs: str, **changed: str
) -> tuple[list[LanguageRun], dict[str, str]]:
    defaults = load_project_config(project)["vars"]
    settings = fill_settings(changed, defaults)
    overrides = [find_overrides(settings, defaults, lang) for lang in langs]
    return [LanguageRun(project, *pair) for pair in zip(langs, overrides)], settings


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """What would have been run: language, step, and whether though nothing has changed."""
    steps: Ran = []

    def project_run(_: Path, step: str, *, overrides: dict[str, Any], force: bool) -> None:
        steps.append((overrides["vars.lang"], step, force))

    monkeypatch.setattr(module, "project_run", project_run)
    return steps


def test_each_language_has_a_lock_file_of_its_own(tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    lock.write_text("user's")
    for lang in ("nl", "fr"):
        with own_lock(tmp_path, tmp_path / lang):
            # What the user's own runs have done is known.
            assert lock.read_text() == "user's"
            lock.write_text(lang)
        assert lock.read_text() == "user's"
    with own_lock(tmp_path, tmp_path / "nl"):
        assert lock.read_text() == "nl"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fr", "nl", LOCK]


def test_lock_file_comes_back_where_a_step_fails(tmp_path: Path) -> None:
    with pytest.raises(SystemExit), own_lock(tmp_path, tmp_path / "nl"):
        (tmp_path / LOCK).write_text("steps before it")
        raise SystemExit(1)
    assert not (tmp_path / LOCK).exists()
    assert (tmp_path / "nl" / LOCK).read_text() == "steps before it"


@pytest.mark.parametrize("users", ["user's", None])
def test_lock_file_comes_back_after_a_run_was_killed(users: str | None, tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    if users is not None:
        lock.write_text(users)
    with own_lock(tmp_path, tmp_path / "nl"):
        kept = (tmp_path / KEPT_LOCK).read_bytes()
    # As a run leaves it that can't clear up.
    (tmp_path / KEPT_LOCK).write_bytes(kept)
    lock.write_text("nl, half done")
    with own_lock(tmp_path, tmp_path / "fr"):
        assert (lock.read_text() if lock.exists() else None) == users
    assert (lock.read_text() if lock.exists() else None) == users
    assert not (tmp_path / KEPT_LOCK).exists()


def test_second_run_in_a_folder_is_refused(tmp_path: Path) -> None:
    with (
        only_run(tmp_path),
        pytest.raises(InputError, match="another run of 'all-languages'"),
        only_run(tmp_path),
    ):
        pass
    with only_run(tmp_path):  # once the first has ended
        pass


def test_step_that_fails_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr(module, "project_run", fail)
    (run,), _ = make_runs(project, "fr")
    with pytest.raises(InputError, match=r"Stopped at 'fr', step 'score'.*go on from there"):
        run.run("score")


@pytest.mark.parametrize(
    ("langs", "changed", "expected"),
    [
        (("en", "nl", "fr"), {}, {EMBEDDED: {"en"}, MULTILINGUAL: {"nl", "fr"}}),
        (("en", "nl"), {"transformer": "a"}, {"a": {"en", "nl"}}),
        (
            ("nl", "fr"),
            {"transformer": "models/{lang}"},
            {"models/nl": {"nl"}, "models/fr": {"fr"}},
        ),
        (("fr", "en"), {"transformer_fr": EMBEDDED}, {EMBEDDED: {"en", "fr"}}),
        (("nl", "pt"), {"transformer_nl": "a"}, {"a": {"nl"}, MULTILINGUAL: {"pt"}}),
        (("en", "nl"), {"black_box": "box.csv"}, {}),
        (("en", "nl"), {"shared_teacher": "shared"}, {}),
    ],
)
def test_transformers_that_are_wanted(
    langs: tuple[str, ...], changed: dict[str, str], expected: dict[str, set[str]], project: Path
) -> None:
    runs, settings = make_runs(project, *langs, **changed)
    assert list_transformers(runs, settings, one_teacher=False) == expected


def test_one_teacher_has_one_transformer(project: Path) -> None:
    runs, settings = make_runs(project, "en", "nl")
    assert list_transformers(runs, settings, one_teacher=True) == {MULTILINGUAL: {"xx"}}
    assert settings["transformer"] == DEFAULT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("black_box", "box.csv"),
        ("shared_teacher", "shared"),
        ("transformer_nl", "models/nl"),
        ("transformer", "models/{lang}"),
    ],
)
def test_one_teacher_and_another(name: str, value: str, project: Path) -> None:
    runs, settings = make_runs(project, "en", "nl", **{name: value})
    with pytest.raises(InputError, match=rf"Can't use {name} = .*--vars\.{name}"):
        list_transformers(runs, settings, one_teacher=True)


def test_folders_may_lie_anywhere(project: Path) -> None:
    defaults = load_project_config(project)["vars"]
    settings = fill_settings({"corpus": "/mine/{lang}", "training": "my/{lang}"}, defaults)
    shared = make_shared_run(project, settings, defaults)
    assert shared.overrides["vars.corpus"] == "/mine/shared"
    assert (shared.corpus, shared.training) == (Path("/mine/shared"), project / "my" / "shared")
    assert shared.lang == shared.overrides["vars.lang"] == "xx"


def test_a_new_shared_teacher_takes_the_old_ones_place(project: Path, ran: Ran) -> None:
    runs, settings = make_runs(project, "en", "nl")
    for seed, run in enumerate(runs):
        write_gold(project / "corpus", run.lang, seed)
    shared = make_shared_run(project, settings, load_project_config(project)["vars"])
    for folder in (shared.training, *(run.training for run in runs)):
        (folder / "teacher").mkdir(parents=True)
        write_teacher_info(folder / "teacher", INFO)
    share_teacher(shared, runs)
    assert ran == [("xx", "teacher", False)]
    assert runs[1].overrides["vars.shared_teacher"] == "training/shared/teacher"
    info = read_teacher_info(shared.training / "teacher")
    write_teacher_info(shared.training / "teacher", replace(info, fingerprint="another"))
    share_teacher(shared, runs)
    assert ran[1:] == [("xx", "teacher", False), ("en", "teacher", True), ("nl", "teacher", True)]


def write_products(project: Path, lang: str, seed: int) -> None:
    """Write what the table over languages reads."""
    (project / "corpus").mkdir(exist_ok=True)
    write_gold(project / "corpus", lang, seed)
    (project / "training" / lang).mkdir(parents=True)
    srsly.write_json(project / "training" / lang / "metrics.json", make_run(lang))


def test_languages_come_one_after_the_other(
    project: Path, ran: Ran, run_step: RunStep, tiny_transformer: Path
) -> None:
    for seed, lang in enumerate(("nl", "fr")):
        write_products(project, lang, seed)
    arguments = ("nl,fr", project / "table.md", "--project", project)
    outcome = run_step("all_languages", *arguments, "--set", f"transformer={tiny_transformer}")
    assert outcome.code == 0, outcome.output
    both = [("nl", "prepare", False), ("fr", "prepare", False)]
    assert ran == [*both, *((lang, step, False) for lang in ("nl", "fr") for step in STEPS)]
    assert (project / "table.md").read_text(encoding="utf8").count("| nl |") == 1
    assert "labels" not in outcome.output


def test_goes_on_where_it_stopped(
    project: Path, monkeypatch: pytest.MonkeyPatch, run_step: RunStep, tiny_transformer: Path
) -> None:
    """Each language's lock file says how far it came, whatever the others did since."""
    for seed, lang in enumerate(("nl", "fr")):
        write_products(project, lang, seed)
    steps: list[tuple[str, str]] = []
    failing = [("fr", "score")]

    def project_run(folder: Path, step: str, *, overrides: dict[str, Any], force: bool) -> None:
        lock = folder / LOCK
        known = srsly.read_yaml(lock) if lock.is_file() else {}
        if known.get(step) == overrides["vars.lang"]:
            return
        if (overrides["vars.lang"], step) in failing:
            raise SystemExit(1)
        steps.append((overrides["vars.lang"], step))
        srsly.write_yaml(lock, {**known, step: overrides["vars.lang"]})

    monkeypatch.setattr(module, "project_run", project_run)
    arguments = ("nl,fr", project / "table.md", "--project", project)
    settings = ("--set", f"transformer={tiny_transformer}")
    stopped = run_step("all_languages", *arguments, *settings)
    assert stopped.code == 1
    assert "Stopped at 'fr', step 'score'" in stopped.output
    assert not (project / "table.md").exists()
    done = len(steps)
    assert steps[-1] == ("fr", "augment")
    failing.clear()
    assert run_step("all_languages", *arguments, *settings).code == 0
    assert steps[done:] == [("fr", step) for step in STEPS[STEPS.index("score") :]]


def test_labels_that_differ_are_named(
    project: Path, ran: Ran, run_step: RunStep, tiny_transformer: Path
) -> None:
    for seed, lang in enumerate(("nl", "fr")):
        write_products(project, lang, seed)
    stats = srsly.read_json(project / "corpus" / "fr" / "stats.json")
    stats["labels"] = ["negative", "positif"]
    srsly.write_json(project / "corpus" / "fr" / "stats.json", stats)
    arguments = ("nl,fr", project / "table.md", "--project", project)
    settings = ("--set", f"transformer={tiny_transformer}")
    outcome = run_step("all_languages", *arguments, *settings)
    assert outcome.code == 0
    assert "Beside 'nl', 'fr' lacks positive and has positif." in outcome.output
    ran.clear()
    outcome = run_step("all_languages", *arguments, *settings, "--one-teacher", "True")
    assert outcome.code == 1
    assert "Can't teach nl, fr by one teacher: their labels differ" in outcome.output
    assert ran == [("nl", "prepare", False), ("fr", "prepare", False)]
