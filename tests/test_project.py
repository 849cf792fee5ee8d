"""project.yml: complete dependencies and outputs, and steps that run again just when they must."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import srsly
from spacy.util import load_config
from weasel.cli.run import check_rerun
from weasel.util import load_project_config, parse_config_overrides

from .conftest import ROOT, Run

STEPS = [
    "prepare",
    "teacher",
    "augment",
    "score",
    "vectors",
    "baseline",
    "student",
    "evaluate",
    "report",
    "package",
]
PROJECT = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
# Run by another module, or rendered by it, rather than imported.
RUN_BY = {
    "scripts/distill/side_by_side.py": ["scripts/distill/measure.py"],
}


def list_imports(path: Path) -> set[Path]:
    """List the project's own modules that a module imports."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = path.parents[node.level - 1]
        module = base.joinpath(*(node.module or "").split("."))
        if module.with_suffix(".py").is_file():
            found.add(module.with_suffix(".py"))
        else:
            names = [module / f"{alias.name}.py" for alias in node.names]
            found |= {name for name in names if name.is_file()}
    for name in RUN_BY.get(path.relative_to(ROOT).as_posix(), []):
        found.add(ROOT / name)
    return found


def list_modules(command: str) -> set[str]:
    """List all of the project's modules that a command runs."""
    scripts = [line.split()[2].replace(".", "/") + ".py" for line in COMMANDS[command]["script"]]
    waiting = [ROOT / script for script in scripts]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += list_imports(path)
    packages = {"scripts/__init__.py", "scripts/distill/__init__.py"}
    return packages | {path.relative_to(ROOT).as_posix() for path in seen}


def test_workflow_has_all_steps_in_order() -> None:
    assert PROJECT["workflows"]["all"] == STEPS
    assert set(COMMANDS) >= set(STEPS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_modules_that_run_are_dependencies_and_no_others(name: str) -> None:
    listed = {dep for dep in COMMANDS[name]["deps"] if dep.endswith(".py")}
    assert listed == list_modules(name)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_files_on_the_command_line_are_declared(name: str) -> None:
    command = COMMANDS[name]
    declared = [*command["deps"], *command.get("outputs", [])]
    for line in command["script"]:
        for word in line.replace('"', "").split()[3:]:
            is_file = word.startswith(("configs/", "${vars.corpus}/", "${vars.training}/"))
            if is_file:
                assert any(path == word or path.startswith(f"{word}/") for path in declared), word


@pytest.mark.parametrize("name", STEPS)
def test_templates_and_configs_exist(name: str) -> None:
    for dep in COMMANDS[name]["deps"]:
        if "$" not in dep:
            assert (ROOT / dep).is_file(), dep


def test_every_variable_is_used() -> None:
    """By a step of its own: the one for several languages hands all of them on."""
    others = [command for name, command in COMMANDS.items() if name != "all-languages"]
    used = {name for name in PROJECT["vars"] if f"${{vars.{name}}}" in str(others)}
    of_all_languages = {"languages", "one_teacher", "language_table"}
    assert set(PROJECT["vars"]) - used == of_all_languages
    for name in of_all_languages:
        assert f"${{vars.{name}}}" in str(COMMANDS["all-languages"]), name


def test_overrides_reach_every_step() -> None:
    config = load_project_config(
        ROOT, overrides=parse_config_overrides(["--vars.lang", "nl", "--vars.seed", "7"])
    )
    for command in config["commands"]:
        if command["name"] in ("bench-reading", "convert"):
            continue  # on random words of no language, and on data that have a language of their own
        lines = " ".join(command["script"])
        assert "/nl" in lines
        assert "/en" not in lines
        if command["name"] in STEPS and command["name"] not in ("score", "report", "package"):
            assert "--seed 7" in lines
            assert "--lang nl" in lines


def test_contributors_find_every_module() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
    modules = [*ROOT.glob("scripts/*.py"), *ROOT.glob("scripts/distill/*.py")]
    assert [m.name for m in modules if m.stem != "__init__" and m.name not in text] == []


def test_dependencies_stay_apart() -> None:
    """weasel joins entries that are a variable and nothing else where they follow each other."""
    overrides = {"vars.data": "my data.csv", "vars.pool": "my pool"}
    commands = load_project_config(ROOT, overrides=overrides)["commands"]
    (prepare,) = [command for command in commands if command["name"] == "prepare"]
    assert {"my data.csv", "my pool"} <= set(prepare["deps"])


@pytest.mark.parametrize("name", STEPS)
def test_declared_outputs_exist(name: str, small_run: Run) -> None:
    config = load_project_config(
        small_run.folder, overrides=parse_config_overrides(list(small_run.variables))
    )
    (command,) = [command for command in config["commands"] if command["name"] == name]
    for output in command["outputs"]:
        assert (small_run.folder / output).exists(), output


def test_every_step_ends_with_a_line_of_outcome(small_run: Run) -> None:
    for product in ("corpus/en:", "synthetic.parquet:", "scored.parquet:", "metrics.json:"):
        assert product in small_run.output
    for product in ("teacher/model-best:", "student/cnn/model-best:", "baseline/bow/model-best:"):
        assert product in small_run.output
    assert small_run.wheel.name in small_run.output


def test_second_run_skips_everything(small_run: Run) -> None:
    result = small_run.project("all")
    assert result.returncode == 0
    assert result.stdout.count("nothing changed") == len(STEPS)


@contextmanager
def touched(path: Path) -> Iterator[None]:
    """Change a file for a while."""
    content = path.read_bytes()
    path.write_bytes(content + b"\n# changed\n")
    try:
        yield
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("scripts/prepare.py", ["prepare"]),
        ("scripts/distill/corpus.py", ["prepare"]),
        # A black box in the teacher's place may be a table.
        ("scripts/distill/table_files.py", ["prepare", "teacher", "score", "evaluate"]),
        ("configs/teacher.cfg", ["teacher"]),
        ("configs/augment.cfg", ["augment"]),
        ("scripts/distill/tagging.py", ["augment"]),
        # A shared teacher is measured by it.
        ("scripts/distill/scoring.py", ["teacher", "score", "vectors"]),
        ("configs/student_cnn.cfg", ["baseline", "student"]),
        ("scripts/distill/losses.py", ["baseline", "student"]),
        (
            "scripts/distill/metrics.py",
            ["teacher", "score", "baseline", "evaluate", "report", "package"],
        ),
        ("scripts/distill/fasttext_peer.py", ["baseline"]),
        ("scripts/distill/side_by_side.py", ["evaluate"]),
        ("scripts/distill/evaluation.py", ["evaluate"]),
        ("scripts/distill/templates/index.html.jinja", ["report"]),
        ("scripts/distill/templates/card.md.jinja", ["package"]),
        ("corpus/en/scored.parquet", ["score", "student", "evaluate"]),
    ],
)
def test_a_change_reruns_what_depends_on_it(path: str, expected: list[str], small_run: Run) -> None:
    config = load_project_config(
        small_run.folder, overrides=parse_config_overrides(list(small_run.variables))
    )
    with touched(small_run.folder / path):
        rerun = [
            command["name"]
            for command in config["commands"]
            if command["name"] in STEPS and check_rerun(small_run.folder, command)
        ]
    assert rerun == expected


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.cfg")), ids=lambda p: p.name)
def test_configs_parse(path: Path) -> None:
    config = load_config(path, interpolate=False)
    assert config["system"]["seed"] == 0
