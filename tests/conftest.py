"""Small things that tests share: a tiny transformer, a small corpus, a teacher and students."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config

from scripts import console

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may reach a hub
os.environ["TOKENIZERS_PARALLELISM"] = "false"

ROOT = Path(__file__).parents[1]
LABELS = ["negative", "positive"]
GOOD = ["great", "lovely", "solid", "superb", "happy", "perfect"]
BAD = ["awful", "broken", "useless", "flimsy", "angry", "faulty"]
THINGS = ["kettle", "lamp", "tent", "drill", "scarf", "clock", "chair", "phone", "mug", "bike"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the whole workflow at its real size")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes 10 minutes: pass --slow"))
    # The small run goes on in the background until the first test that asks for it.
    items.sort(key=needs_small_run)


def needs_small_run(item: pytest.Item) -> bool:
    return "small_run" in getattr(item, "fixturenames", ())


def make_reviews(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Make reviews with star ratings that a small model can learn; all different."""
    rng = numpy.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for i in range(count):
        stars = [1, 2, 4, 5][i % 4]
        words = GOOD if stars > 3 else BAD
        thing, other = rng.choice(THINGS, 2, replace=False)
        first, second = rng.choice(words, 2, replace=False)
        text = (
            f"This {first} {thing} came on day {i}. The {other} we had before, number "
            f"{i * 7}, was {second} too! I would say {first} and {second}."
        )
        rows.append({"text": text, "stars": stars})
    return rows


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf8")
    return path


class Outcome(NamedTuple):
    """What a step printed, and its exit code."""

    code: int
    output: str


RunStep = Callable[..., Outcome]


@pytest.fixture
def run_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> RunStep:
    """Run a step's command line, as `python -m scripts.NAME` does, without starting a process."""

    def run(name: str, *arguments: object) -> Outcome:
        module = importlib.import_module(f"scripts.{name}")
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        code = 0
        try:
            console.run(getattr(module, name))
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, " ".join((captured.out + captured.err).split()))

    return run


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def make_example(nlp: Language) -> Callable[[str], Example]:
    def make(text: str) -> Example:
        reference = nlp.make_doc(text)
        reference.cats = {"negative": 0.0, "positive": 1.0}
        reference.user_data["source"] = "reviews:1"
        return Example(nlp.make_doc(text), reference)

    return make


@pytest.fixture(scope="session")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two thin layers with a WordPiece vocabulary of its own, as a local folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("transformer")
    words = {word for row in make_reviews(40) for word in str(row["text"]).lower().split()}
    letters = "abcdefghijklmnopqrstuvwxyz0123456789'.,!?[]-"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += [f"##{letter}" for letter in letters]
    pieces += sorted(word.strip(".,!") for word in words if len(word.strip(".,!")) > 1)
    pieces = list(dict.fromkeys(pieces))
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(
        folder
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("data") / "reviews.jsonl", make_reviews(120))


class Run:
    """A copy of the project in which `spacy project run all` has run."""

    def __init__(self, folder: Path, variables: list[str]) -> None:
        self.folder = folder
        self.variables = variables
        self.corpus = folder / "corpus" / "en"
        self.training = folder / "training" / "en"
        self.teacher = self.training / "teacher"
        self.wheel = folder / "packages" / "en_reviews_polarity-0.1.0-py3-none-any.whl"
        self.output = ""

    def project(self, step: str) -> "subprocess.CompletedProcess[str]":
        """Run a step or workflow in the copy."""
        return subprocess.run(
            [sys.executable, "-m", "spacy", "project", "run", step, ".", *self.variables],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


def copy_project(folder: Path) -> None:
    """Copy the project, without data, with students that are trained for a few steps only."""
    for name in ("scripts", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "assets" / "pool", folder / "assets" / "pool")
    for name in ("project.yml", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for config in (folder / "configs").glob("student_*.cfg"):
        settings = load_config(config, interpolate=False)
        settings["training"].update({"max_steps": 20, "eval_frequency": 10})
        settings["training"]["optimizer"]["learn_rate"]["warmup_steps"] = 2
        settings.to_disk(config)


class StartedRun(NamedTuple):
    """The process of the small run, and what it makes."""

    process: "subprocess.Popen[bytes]"
    run: Run


@pytest.fixture(scope="session", autouse=True)
def started_run(request: pytest.FixtureRequest) -> Iterator[StartedRun | None]:
    """Start the small run at once if any test is going to ask for it."""
    if not any(map(needs_small_run, request.session.items)):
        yield None
        return
    folder = request.getfixturevalue("tmp_path_factory").mktemp("project")
    copy_project(folder)
    variables = {
        "data": request.getfixturevalue("reviews"),
        "transformer": request.getfixturevalue("tiny_transformer"),
        "n_synthetic": 400,
        "epochs": 2,
        "vector_words": 500,
        "vector_width": 16,
        "seeds": "0,1",
        "package_author": "Example & Co.",
        "package_email": "reviews@example.org",
        "package_url": "https://example.org/reviews",
    }
    arguments = [
        word for name, value in variables.items() for word in (f"--vars.{name}", str(value))
    ]
    with (folder / "output.log").open("w", encoding="utf8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spacy", "project", "run", "all", ".", *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        yield StartedRun(process, Run(folder, arguments))
        process.kill()


@pytest.fixture(scope="session")
def small_run(started_run: StartedRun) -> Run:
    """The whole workflow as a user runs it, on few texts, with a tiny teacher and short training."""
    code = started_run.process.wait()
    run = started_run.run
    run.output = (run.folder / "output.log").read_text(encoding="utf8")
    assert code == 0, run.output
    return run


def make_docs(nlp: Language, texts: Sequence[str]) -> list[Doc]:
    return [nlp.make_doc(text) for text in texts]


class LanguagesRun(NamedTuple):
    """A copy of the project in which `spacy project run all-languages` has run for two languages, and
    what it printed.
    """

    folder: Path
    variables: list[str]
    output: str

    def project(self, step: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run a step or workflow in the copy."""
        command = [sys.executable, "-m", "spacy", "project", "run", step, ".", *self.variables]
        return subprocess.run(
            [*command, *more], cwd=self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="session")
def languages_run(tmp_path_factory: pytest.TempPathFactory, tiny_transformer: Path) -> LanguagesRun:
    """Dutch and French, some of the shipped reviews of each, with a tiny teacher of both."""
    folder = tmp_path_factory.mktemp("languages")
    copy_project(folder)
    for lang in ("nl", "fr"):
        rows = list(srsly.read_jsonl(ROOT / "assets" / "reviews" / f"{lang}.jsonl"))
        kept = [row for split in ("train", "dev", "test") for row in take(rows, split)]
        (folder / "assets" / "reviews").mkdir(exist_ok=True)
        srsly.write_jsonl(folder / "assets" / "reviews" / f"{lang}.jsonl", kept)
    variables = {
        "languages": "nl,fr",
        "one_teacher": "true",
        "transformer": tiny_transformer,
        "students": "bow",
        "n_synthetic": 150,
        "epochs": 1,
        "vector_words": 100,
        "vector_width": 8,
    }
    arguments = [
        word for name, value in variables.items() for word in (f"--vars.{name}", str(value))
    ]
    run = LanguagesRun(folder, arguments, "")
    result = run.project("all-languages")
    assert result.returncode == 0, result.stdout + result.stderr
    return run._replace(output=result.stdout)


def take(rows: Sequence[dict[str, object]], split: str, count: int = 24) -> list[dict[str, object]]:
    """Take some rows of a split that have as many of each label."""
    chosen = [row for row in rows if row["split"] == split and row["stars"] != 3]
    bad, good = ([r for r in chosen if (int(str(r["stars"])) > 3) == up] for up in (False, True))
    return bad[: count // 2] + good[: count // 2]
