"""What a user sees: one message, a non-zero exit and nothing half-written where input is bad."""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import console
from scripts.console import strip_quotes

from .conftest import ROOT, Outcome, Run, RunStep, make_reviews, write_jsonl

SCRIPTS = sorted(
    path.stem
    for path in (ROOT / "scripts").glob("*.py")
    if path.stem not in ("__init__", "console", "registry")
)
ROWS = make_reviews(40)


def check_refused(outcome: Outcome, output: Path, *expected: str) -> None:
    assert outcome.code == 1, outcome.output
    for part in expected:
        assert part in outcome.output
    assert not output.exists() or not list(output.iterdir())


def test_missing_file(run_step: RunStep, tmp_path: Path) -> None:
    output = tmp_path / "out"
    outcome = run_step("prepare", tmp_path / "none.jsonl", output)
    assert outcome.code == 1
    check_refused(outcome, output, "none.jsonl", "Expected", "--vars.data")


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        (
            [*ROWS, {"text": "", "stars": 1}],
            [],
            ["line 41", "'text' is empty", "--on-invalid skip"],
        ),
        (
            [*ROWS, {"text": "fine", "stars": 9}],
            [],
            ["line 41", "unknown label", "1, 2, 3, 4 or 5"],
        ),
        ([row for row in ROWS if row["stars"] in (4, 5)], [], ["one class", "at least two"]),
        (ROWS[:4], [], ["Too few texts", "Add texts"]),
        (ROWS, ["--lang", "xx-none"], ["xx-none", "--vars.lang"]),
        (ROWS, ["--task", "sentiment"], ["'sentiment'", "polarity, stars", "--vars.task"]),
    ],
)
def test_bad_rows(
    rows: list[dict[str, object]],
    options: list[str],
    expected: list[str],
    run_step: RunStep,
    tmp_path: Path,
) -> None:
    path = write_jsonl(tmp_path / "reviews.jsonl", rows)
    outcome = run_step("prepare", path, tmp_path / "out", *options)
    assert outcome.code == 1
    check_refused(outcome, tmp_path / "out", *expected)


def test_unreadable_row_stops_or_is_counted(run_step: RunStep, tmp_path: Path) -> None:
    path, output = tmp_path / "reviews.jsonl", tmp_path / "out"
    lines = [json.dumps(row) for row in ROWS]
    path.write_text("\n".join([*lines[:5], '{"text": "broken', *lines[5:]]), encoding="utf8")
    check_refused(run_step("prepare", path, output), output, "line 6", "--on-invalid skip")
    outcome = run_step("prepare", path, output, "--on-invalid", "skip")
    assert outcome.code == 0
    assert "1 invalid rows" in outcome.output


def test_transformer_that_cannot_be_found_offline(
    small_run: Run, run_step: RunStep, tmp_path: Path
) -> None:
    output = tmp_path / "teacher"
    outcome = run_step(
        "teacher",
        ROOT / "configs" / "teacher.cfg",
        small_run.corpus,
        output,
        "--transformer",
        "nobody/no-such-transformer",
    )
    check_refused(
        outcome, output, "nobody/no-such-transformer", "local folder", "--vars.transformer"
    )
    assert not list(tmp_path.iterdir())


def test_message_comes_without_a_traceback(tmp_path: Path) -> None:
    """In a process of its own, as a user meets it."""
    result = subprocess.run(
        [sys.executable, "-m", "scripts.prepare", "none.csv", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Can't find none.csv" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_explains_every_option(name: str, run_step: RunStep) -> None:
    module = importlib.import_module(f"scripts.{name}")
    outcome = run_step(name, "--help")
    assert outcome.code == 0
    for parameter in inspect.signature(getattr(module, name)).parameters.values():
        (option,) = parameter.annotation.__metadata__
        assert option.help


def test_project_stops_at_the_step_that_fails(small_run: Run) -> None:
    run = Run(small_run.folder, ["--vars.data", "no/such/file.csv"])
    result = run.project("all")
    assert result.returncode == 1
    assert "no/such/file.csv" in result.stdout + result.stderr
    assert "teacher" not in result.stdout


def test_registry_works_without_torch() -> None:
    """Students train where torch isn't installed: importing the registry asks for none of it."""
    code = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'spacy_transformers'):\n"
        "    sys.modules[name] = None\n"
        "import scripts.registry\n"
        "from spacy.util import registry\n"
        "print(sorted(n for r in (registry.losses, registry.augmenters, registry.readers,\n"
        "    registry.callbacks) for n in r.get_all() if n.startswith('distill.')))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for name in ("soft_cross_entropy", "swap_pos", "ScoredCorpus", "plain_textcat"):
        assert f"distill.{name}.v1" in result.stdout


def test_spacy_train_works_by_itself(small_run: Run, tmp_path: Path) -> None:
    """The configs and the registry are usable without the project's own commands."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "spacy", "train", "configs/student_bow.cfg"),
            *("--code", "scripts/registry.py", "--output", str(tmp_path)),
            *("--paths.scored", str(small_run.corpus / "scored.parquet")),
            *("--paths.gold", str(small_run.corpus / "train.spacy")),
            *("--paths.dev", str(small_run.corpus / "dev.spacy")),
            *("--paths.labels", str(small_run.corpus / "labels.json")),
            *("--training.max_steps", "2"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "model-best" / "meta.json").is_file()


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ('"my data.csv"', "my data.csv"),
        ('""', ""),
        ("corpus/en", "corpus/en"),
        ('a "b" c', 'a "b" c'),
        ('"', '"'),
    ],
)
def test_quotes_that_weasel_leaves_on_windows(argument: str, expected: str) -> None:
    assert strip_quotes(argument) == expected


def test_quoted_settings_reach_steps_on_windows(
    run_step: RunStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "WINDOWS", True)
    outcome = run_step("prepare", f'"{tmp_path / "no such file"}"', f'"{tmp_path / "out"}"')
    assert outcome.code == 1
    assert f"Can't find {tmp_path / 'no such file'}" in outcome.output
