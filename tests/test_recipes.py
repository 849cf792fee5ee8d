"""Recipes: variables and students that exist, data that are fetched and converted where needed."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import srsly
from weasel.util import load_project_config

from scripts import recipe as script
from scripts.distill.errors import InputError
from scripts.distill.labels import TASKS
from scripts.distill.products import split_names
from scripts.distill.public_data import SETS
from scripts.distill.recipes import Recipe, list_recipes, read_recipe
from scripts.distill.students import list_architectures

from .conftest import ROOT, RunStep
from .test_public_data import write_lines, write_review

FOLDER = ROOT / "configs" / "recipes"
NAMES = list_recipes(FOLDER)
PROJECT = srsly.read_yaml(ROOT / "project.yml")
VARS = PROJECT["vars"]
README = (ROOT / "README.md").read_text(encoding="utf8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the recipes need, without data."""
    for name in ("scripts", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "project.yml", tmp_path)
    return tmp_path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What would have been run, and with which variables."""
    ran: list[tuple[str, dict[str, Any]]] = []

    def project_run(folder: Path, step: str, *, overrides: dict[str, Any]) -> None:
        ran.append((step, overrides))

    monkeypatch.setattr(script, "project_run", project_run)
    return ran


def write_reviews(path: Path) -> None:
    """Write made-up reviews in the form of NLP Town's: enough for test and dev, and some more."""
    rng = random.Random(0)
    rows = []
    for i in range(1400):
        rating = "mixed" if i % 14 == 0 else rng.choice(["pos", "neg"])
        words = [f"{rating}{rng.randrange(1000)}" for _ in range(8)]
        rows.append(write_review(f"No {i}", " ".join(words), rating))
    path.parent.mkdir(parents=True)
    write_lines(path, *rows)


def test_all_recipes_are_there() -> None:
    assert {"nlptown", "imdb", "tweets", "stars", "imdb-distilbert"} <= set(NAMES)
    assert {f"xed-{lang}" for lang in ("en", "nl", "fr", "de", "it", "es")} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_variables_and_students_exist(name: str) -> None:
    recipe = read_recipe(FOLDER, name, VARS)
    assert recipe.repeats
    assert set(recipe.variables) <= set(VARS)
    settings = {**VARS, **recipe.variables}
    assert settings["task"] in TASKS
    assert set(split_names(settings["students"])) <= set(list_architectures(ROOT / "configs"))
    assert isinstance(settings["learn_rate"], float)  # "5e-5" is a string in YAML


@pytest.mark.parametrize("name", NAMES)
def test_folders_are_the_recipes_own(name: str) -> None:
    variables = read_recipe(FOLDER, name, VARS).variables
    assert variables["corpus"] == f"corpus/{name}"
    assert variables["training"] == f"training/{name}"
    lang, package = variables.get("lang", "en"), variables.get("package_name", "reviews_stars")
    others = [read_recipe(FOLDER, other, VARS).variables for other in NAMES if other != name]
    assert (lang, package) not in [
        (other.get("lang", "en"), other.get("package_name", "reviews_stars")) for other in others
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "stars"])
def test_public_data_fit_together(name: str) -> None:
    variables = read_recipe(FOLDER, name, VARS).variables
    overrides = {f"vars.{key}": value for key, value in variables.items()}
    commands = load_project_config(ROOT, overrides=overrides)["commands"]
    (convert,) = [command for command in commands if command["name"] == "convert"]
    assert variables["public"] in SETS
    assert variables["public_file"] in [asset["dest"] for asset in PROJECT["assets"]]
    assert convert["deps"][0] == variables["public_file"]
    assert f"{variables['data']}/train.jsonl" in convert["outputs"]
    assert variables["pool"] in convert["outputs"]
    expected = "multilabel" if name.startswith("xed") else "multiclass"
    assert variables["task"] == expected


@pytest.mark.parametrize("name", NAMES)
def test_wheels_bear_the_licence_of_the_data(name: str) -> None:
    variables = read_recipe(FOLDER, name, VARS).variables
    if "public" not in variables:
        return  # the shipped reviews have the project's own
    start = name.split("-")[0]
    expected = {"xed": "CC-BY-4.0", "tweets": "MIT", "imdb": "other", "nlptown": "other"}
    assert variables["package_license"] == expected[start]
    path = ROOT / str(variables["package_license_file"])
    assert path == FOLDER / "licenses" / f"{start}.txt"
    text = path.read_text(encoding="utf8")
    stated = {"CC-BY-4.0": "CC BY 4.0", "MIT": "MIT License", "other": "No licence is stated"}
    assert stated[expected[start]] in text
    (asset,) = [a for a in PROJECT["assets"] if a["dest"] == variables["public_file"]]
    owner = asset["url"].split("/")[3]  # of the repository, or the home page
    assert owner in text


@pytest.mark.parametrize("name", NAMES)
def test_readme_lists_the_recipe(name: str) -> None:
    assert f"`{name}`" in README.split("## Recipes")[1].split("\n## ")[0]


def test_recipes_instead_of_an_unknown_one(run_step: RunStep) -> None:
    outcome = run_step("recipe", "imbd", "--recipes", FOLDER, "--project", ROOT)
    assert outcome.code == 1
    assert "Can't find the recipe 'imbd'" in outcome.output
    for known in NAMES:
        assert known in outcome.output


def test_no_name_lists_the_recipes(
    steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    outcome = run_step("recipe", "--recipes", FOLDER, "--project", ROOT)
    assert outcome.code == 0, outcome.output
    for name in NAMES:
        assert f"{name}: {read_recipe(FOLDER, name, VARS).repeats}" in outcome.output
    assert f"{len(NAMES)} recipes" in outcome.output
    assert not steps


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_wants_a_name() -> None:
    def make(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--dry-run", "recipe", "NAME=", *words, "VARS=--vars.seed 1"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert make().returncode != 0
    assert "NAME=... is missing" in make().stderr
    named = make("NAME=imdb")
    assert named.returncode == 0
    assert "scripts.recipe imdb -- --vars.seed 1" in named.stdout


def test_recipes_of_ones_own(tmp_path: Path) -> None:
    text = "repeats: mine\nvars:\n  students: bow\n  seed: 3\n"
    (tmp_path / "mine.yml").write_text(text, encoding="utf8")
    assert read_recipe(tmp_path, "mine", VARS) == Recipe(
        "mine", "mine", {"students": "bow", "seed": 3}
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "repeats: x\nvars:\n  studnets: bow\n",
            "no variable 'studnets'. Expected some of: .*tasks?",
        ),
        ("vars:\n  seed: 1\n", "found vars. Expected 'repeats'"),
        ("repeats: x\nvars: {}\nseed: 1\n", "found repeats, vars, seed. Expected 'repeats'"),
        ("repeats: x\nvars: bow\n", "'vars' is 'bow'. Expected 'repeats'"),
        ("- bow\n", r"found \['bow'\]. Expected 'repeats'"),
        ("", "found None. Expected 'repeats'"),
        ("repeats: [", r"Can't read .*mine\.yml: .*Expected 'repeats'"),
    ],
)
def test_recipes_of_another_form(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(content, encoding="utf8")
    with pytest.raises(InputError, match=message):
        read_recipe(tmp_path, "mine", VARS)


def test_shipped_data_need_no_conversion(
    steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    outcome = run_step("recipe", "stars", "--recipes", FOLDER, "--project", ROOT)
    assert outcome.code == 0, outcome.output
    assert [step for step, _ in steps] == ["all"]
    assert steps[0][1]["vars.students"] == "embed"


def test_own_variables_come_last(
    steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    outcome = run_step(
        *("recipe", "stars", "--recipes", FOLDER, "--project", ROOT, "--step", "student"),
        *("--", "--vars.students", "bow,embed", "--vars.seed=4", "--vars.gpu_id", "-1"),
    )
    assert outcome.code == 0, outcome.output
    ((step, overrides),) = steps
    assert step == "student"
    assert overrides["vars.task"] == "stars"
    assert overrides["vars.students"] == "bow,embed"
    assert overrides["vars.seed"] == 4
    assert overrides["vars.gpu_id"] == -1


@pytest.mark.parametrize("word", ["--vars.studnets", "--seed", "--training.seed"])
def test_unknown_variables_are_refused(
    word: str, steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    outcome = run_step("recipe", "stars", "--recipes", FOLDER, "--project", ROOT, "--", word, "1")
    assert outcome.code == 1
    assert f"no variable '{word.removeprefix('--vars.')}'" in outcome.output
    assert not steps


def test_data_that_were_not_fetched(
    project: Path, steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    options = ("--recipes", project / "configs" / "recipes", "--project", project)
    outcome = run_step("recipe", "imdb", *options)
    assert outcome.code == 1
    assert "aclImdb_v1.tar.gz" in outcome.output
    assert "python -m spacy project assets --extra ." in outcome.output
    assert not steps


def test_converted_data_are_enough(
    project: Path, steps: list[tuple[str, dict[str, Any]]], run_step: RunStep
) -> None:
    folder = project / "corpus" / "public" / "imdb"
    folder.mkdir(parents=True)
    options = ("--recipes", project / "configs" / "recipes", "--project", project)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.jsonl").touch()
    assert run_step("recipe", "imdb", *options).code == 1  # the pool is missing
    (folder / "pool.jsonl").touch()
    assert run_step("recipe", "imdb", *options).code == 0
    assert [step for step, _ in steps] == ["all"]
    (project / "assets" / "public").mkdir(parents=True)
    (project / "assets" / "public" / "aclImdb_v1.tar.gz").touch()
    assert run_step("recipe", "imdb", *options).code == 0
    assert [step for step, _ in steps] == ["all", "convert", "all"]


def test_recipe_converts_and_runs(project: Path) -> None:
    """As a user runs it, as far as the step that asks for no transformer."""
    write_reviews(project / "assets" / "public" / "review_corpus_en.ndjson")
    command = [sys.executable, "-m", "scripts.recipe", "nlptown", "--step", "prepare"]

    def run() -> str:
        result = subprocess.run(
            command,
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf8"},
            encoding="utf8",
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    output = run()
    assert "100 of 800 train, 200 dev, 1,000 test, 100 of 1,000 pool" in output
    stats = srsly.read_json(project / "corpus" / "nlptown" / "stats.json")
    found = [stats["splits"][split]["texts"] for split in ("train", "dev", "test")]
    assert found == [100, 200, 1000]
    assert stats["labels"] == ["neg", "pos"]
    assert (project / "corpus" / "nlptown" / "pool.parquet").is_file()
    assert "Recipe 'nlptown', step 'prepare'" in output
    assert run().count("nothing changed") == 2
