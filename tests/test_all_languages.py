"""The workflow for several languages: a line for each, resumed, and a table of them all."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import srsly
from weasel.util import load_project_config

from scripts import all_languages as script
from scripts.distill.languages import LOCK, find_overrides, split_settings
from scripts.distill.teacher_info import read_teacher_info, write_teacher_info

from .conftest import ROOT, LanguagesRun, RunStep
from .test_project import PROJECT, STEPS

LANGS = ("nl", "fr")
# prepare comes by twice: all languages' data are looked at first. Then comes the shared teacher.
ALL_STEPS = len(LANGS) * (len(STEPS) + 1) + 1


def test_every_language_has_all_products(languages_run: LanguagesRun) -> None:
    for lang in LANGS:
        wheel = f"{lang}_reviews_polarity-0.1.0-py3-none-any.whl"
        assert (languages_run.folder / "packages" / wheel).is_file()
        metrics = srsly.read_json(languages_run.folder / "training" / lang / "metrics.json")
        assert metrics["lang"] == lang
        assert metrics["data"]["source"] == f"assets/reviews/{lang}.jsonl"


def test_table_has_every_language_and_the_mean(languages_run: LanguagesRun) -> None:
    table = (languages_run.folder / "training" / "languages.md").read_text(encoding="utf8")
    assert table in languages_run.output
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert rows == ["language", "---", "nl", "fr", "mean"]
    assert "student_" not in table


def test_second_run_skips_everything(languages_run: LanguagesRun) -> None:
    result = languages_run.project("all-languages")
    assert result.returncode == 0
    assert result.stdout.count("nothing changed") == ALL_STEPS
    # A language's own run knows it as well.
    lock = languages_run.folder / "training" / "nl" / LOCK
    (languages_run.folder / LOCK).write_bytes(lock.read_bytes())
    shared = ("--vars.shared_teacher", "training/shared/teacher")
    result = languages_run.project("all", "--vars.lang", "nl", *shared)
    assert result.stdout.count("nothing changed") == len(STEPS)


def test_stops_where_a_language_fails_and_goes_on_there(languages_run: LanguagesRun) -> None:
    scored = languages_run.folder / "corpus" / "fr" / "synthetic.parquet"
    content = scored.read_bytes()
    table = languages_run.folder / "training" / "languages.md"
    table.unlink()
    config = languages_run.folder / "configs" / "augment.cfg"
    settings = config.read_text(encoding="utf8")
    config.write_text(settings.replace("probability = 0.1", "probability = 2"), encoding="utf8")
    stopped = languages_run.project("all-languages")
    config.write_text(settings, encoding="utf8")
    assert stopped.returncode == 1
    assert "Stopped at 'nl', step 'augment'" in " ".join(stopped.stderr.split())
    assert "Traceback" not in stopped.stderr
    assert not table.exists()
    assert scored.read_bytes() == content
    again = languages_run.project("all-languages")
    assert again.returncode == 0
    assert again.stdout.count("nothing changed") == ALL_STEPS
    assert table.is_file()


def test_one_teacher_learned_from_all(languages_run: LanguagesRun) -> None:
    shared = read_teacher_info(languages_run.folder / "training" / "shared" / "teacher")
    stats = srsly.read_json(languages_run.folder / "corpus" / "shared" / "stats.json")
    assert stats["splits"]["train"]["texts"] == 2 * 24
    for lang in LANGS:
        adopted = read_teacher_info(languages_run.folder / "training" / lang / "teacher")
        assert adopted.fingerprint == shared.fingerprint
    assert "teacher: the teacher is that of training/shared/teacher" in languages_run.output


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool]]:
    """What would have been run: language, step, and whether though nothing has changed."""
    steps: list[tuple[str, str, bool]] = []

    def project_run(_: Path, step: str, *, overrides: dict[str, Any], force: bool) -> None:
        steps.append((overrides["vars.lang"], step, force))

    monkeypatch.setattr(script, "project_run", project_run)
    return steps


def test_a_new_shared_teacher_takes_the_old_ones_place(
    languages_run: LanguagesRun, ran: list[tuple[str, str, bool]]
) -> None:
    given = split_settings(list_settings()[1::2])
    folder, defaults = languages_run.folder, load_project_config(ROOT)["vars"]
    lines = [script.Line(folder, lang, find_overrides(given, defaults, lang)) for lang in LANGS]
    shared = script.make_shared_line(folder, given, defaults)
    script.share_teacher(shared, lines)
    assert ran == [("xx", "teacher", False)]
    info = read_teacher_info(shared.training / "teacher")
    try:
        write_teacher_info(shared.training / "teacher", replace(info, fingerprint="another"))
        script.share_teacher(shared, lines)
    finally:
        write_teacher_info(shared.training / "teacher", info)
    assert ran[1:] == [("xx", "teacher", False), ("nl", "teacher", True), ("fr", "teacher", True)]
    assert lines[0].overrides["vars.shared_teacher"] == "training/shared/teacher"


def list_settings(**changed: str) -> list[str]:
    settings = {name: str(value) for name, value in PROJECT["vars"].items() if value is not True}
    settings = {name: value.replace("${vars.lang}", "en") for name, value in settings.items()}
    return [word for pair in {**settings, **changed}.items() for word in ("--set", "=".join(pair))]


def test_all_variables_are_passed_on() -> None:
    (command,) = [c for c in PROJECT["commands"] if c["name"] == "all-languages"]
    (line,) = command["script"]
    own = {"languages", "one_teacher", "language_table"}
    for name in set(PROJECT["vars"]) - own:
        assert f'--set "{name}=${{vars.{name}}}"' in line


@pytest.mark.parametrize(
    ("languages", "changed", "message"),
    [
        ("en,qq", {}, "Can't use the language 'qq'"),
        ("en,ja", {}, "needs another package"),
        ("en,en", {}, "Expected different language codes"),
        ("en,nl", {"data": "mine.csv"}, "each needs its own"),
        ("en,nl", {"corpus": "/mine/{lang}", "training": "mine"}, "Can't use training = 'mine'"),
        ("nl", {"transformer_nl": "no such folder"}, "--vars.transformer_nl FOLDER"),
    ],
)
def test_what_cannot_be_run_stops_before_anything_is_made(
    languages: str, changed: dict[str, str], message: str, tmp_path: Path, run_step: RunStep
) -> None:
    arguments = (languages, tmp_path / "table.md", "--project", ROOT)
    outcome = run_step("all_languages", *arguments, *list_settings(**changed))
    assert outcome.code == 1
    assert message in outcome.output
    assert not list(tmp_path.iterdir())


def test_folders_may_lie_anywhere() -> None:
    defaults = load_project_config(ROOT)["vars"]
    given = split_settings(list_settings(corpus="/mine/{lang}", training="my/{lang}")[1::2])
    shared = script.make_shared_line(ROOT, given, defaults)
    assert shared.overrides["vars.corpus"] == "/mine/shared"
    assert (shared.corpus, shared.training) == (Path("/mine/shared"), ROOT / "my" / "shared")
    assert shared.lang == shared.overrides["vars.lang"] == "xx"


@pytest.mark.parametrize("name", ["black_box", "shared_teacher"])
def test_one_teacher_and_another(name: str, tmp_path: Path, run_step: RunStep) -> None:
    arguments = ("nl", tmp_path / "table.md", "--project", ROOT, "--one-teacher", "true")
    outcome = run_step("all_languages", *arguments, *list_settings(**{name: "other"}))
    assert outcome.code == 1
    assert f"Leave --vars.{name} or --vars.one_teacher out" in outcome.output


def test_lock_files_are_those_of_weasel(languages_run: LanguagesRun) -> None:
    lock = srsly.read_yaml(languages_run.folder / "training" / "nl" / LOCK)
    assert set(STEPS) <= set(lock)
    assert json.dumps(lock["prepare"]).count("/nl") > 1
