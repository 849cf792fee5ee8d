"""The workflow for several languages: a line for each, resumed, and a table of them all."""

import json
from pathlib import Path

import pytest
import srsly

from scripts.distill.language_runs import LOCK
from scripts.distill.teacher_info import read_teacher_info

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
    # weasel's own lock file, with that of the language in its place, knows it as well.
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
        ("en", {"sed": "1"}, "no variable 'sed'"),
        ("en,nl", {"data": "mine.csv"}, "each needs its own"),
        ("en,nl", {"corpus": "/mine/{lang}", "training": "mine"}, "Can't use training = 'mine'"),
        ("nl", {"transformer_nl": "no such folder"}, "--vars.transformer_nl FOLDER"),
    ],
)
def test_what_cannot_be_run_stops_before_anything_is_made(
    languages: str, changed: dict[str, str], message: str, tmp_path: Path, run_step: RunStep
) -> None:
    arguments = (languages, tmp_path / "table.md", "--project", ROOT)
    settings = [word for pair in changed.items() for word in ("--set", "=".join(pair))]
    outcome = run_step("all_languages", *arguments, *settings)
    assert outcome.code == 1
    assert message in outcome.output
    assert not list(tmp_path.iterdir())


def test_lock_files_are_those_of_weasel(languages_run: LanguagesRun) -> None:
    lock = srsly.read_yaml(languages_run.folder / "training" / "nl" / LOCK)
    assert set(STEPS) <= set(lock)
    assert json.dumps(lock["prepare"]).count("/nl") > 1
