"""A step that is killed and run again ends as one that was left alone, and leaves nothing behind."""

import json
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy
import pytest
from weasel.cli.run import load_project_config

from scripts.console import EXIT_INTERRUPTED, INTERRUPTED
from scripts.distill import augmenters, callbacks, evaluation, readers, scoring, training  # noqa: F401
from scripts.distill.evaluation import evaluate_models
from scripts.distill.measure import load_predictor
from scripts.distill.products import DEFAULT_STUDENTS, split_names
from scripts.distill.score_files import score_file
from scripts.distill.side_by_side import Measured, Model
from scripts.distill.students import find_architectures, train_student
from scripts.distill.synthetic import build_synthetic

from .conftest import ROOT, Run


def kill(*args: Any, **kwargs: Any) -> None:
    raise KeyboardInterrupt


# A process that is killed for good, without a word, just when its output is complete but not yet in
# its place.
KILLED = """
import os, runpy, signal, sys
from pathlib import Path
Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

# One that scores small batches, and is killed after it has kept the scores of so many; 0: it isn't.
KILLED_WHILE_SCORING = """
import os, runpy, signal, sys
from scripts.distill import scoring
from scripts.distill.score_cache import ScoreCache
scoring.TOKENS_PER_BATCH = 1024
left, put = int(sys.argv[1]), ScoreCache.put
def put_and_die(*args):
    global left
    put(*args)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
ScoreCache.put = put_and_die
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def read_outputs(folder: Path, outputs: list[str]) -> dict[str, bytes | int]:
    """Everything that a step has made, by file: content, or for what a wheel holds its checksum."""
    files = [file for name in outputs for file in [folder / name, *(folder / name).rglob("*")]]
    contents: dict[str, bytes | int] = {}
    for file in filter(Path.is_file, files):
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as wheel:
                contents.update({info.filename: info.CRC for info in wheel.infolist()})
        elif file.name != "log.jsonl":  # it tells the time
            contents[str(file.relative_to(folder))] = file.read_bytes()
    return contents


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("step", ["prepare", "teacher", "package"])
def test_killed_step(step: str, small_run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(small_run.folder, folder)
    names, values = small_run.variables[::2], small_run.variables[1::2]
    variables = {name.removeprefix("--"): value for name, value in zip(names, values)}
    project = load_project_config(folder, overrides=variables)
    command = next(command for command in project["commands"] if command["name"] == step)
    (script,) = command["script"]
    before = read_outputs(folder, command["outputs"])
    assert before

    def run(*python: str) -> int:
        words = [sys.executable, *python, *shlex.split(script)[2:]]
        return subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode

    assert run("-c", KILLED) == -signal.SIGKILL
    left = read_outputs(folder, command["outputs"])
    if step == "prepare":  # five files: the one without which no step takes the others goes first
        assert before.keys() - left.keys() == {"corpus/en/stats.json"}
    else:
        assert left.keys() == before.keys()
    assert left == {name: content for name, content in before.items() if name in left}
    assert list(folder.rglob(".*.partial"))
    for output in command["outputs"]:
        shutil.rmtree(folder / output, ignore_errors=True)
        if (folder / output).is_file():
            (folder / output).unlink()
    assert run("-m") == 0
    assert read_outputs(folder, command["outputs"]) == before
    assert not list(folder.rglob(".*.partial"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_interrupt_by_a_signal(tmp_path: Path) -> None:
    """As Ctrl-C sends it, to a process of its own: one line, no traceback, the exit code for it."""
    code = (
        "import signal, time\n"
        # A shell that starts the tests in the background lets them ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from scripts.console import run\n"
        "def wait():\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "run(wait)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == EXIT_INTERRUPTED
    assert errors == f"⚠ {INTERRUPTED}\n"


def test_evaluate(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "metrics.json"

    def measure_here(
        models: Mapping[str, Model],
        texts: list[str],
        labels: list[str],
        *,
        dev_texts: Mapping[str, Sequence[str]],
        progress: Callable[[str], object],
    ) -> dict[str, Measured]:
        measured = {}
        for name, model in models.items():
            predict = load_predictor(model.path, labels)
            asked = list(dev_texts.get(name, ()))
            dev = predict(asked) if asked else numpy.array(())
            measured[name] = Measured(predict(texts), {"words_per_second": 1.0}, dev)
            progress(name)
        return measured

    def run(**kwargs: Any) -> dict[str, Any]:
        return evaluate_models(
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            small_run.training,
            output,
            lang="en",
            architectures=split_names(DEFAULT_STUDENTS),
            seed=0,
            **kwargs,
        )

    monkeypatch.setattr(evaluation, "measure_models", measure_here)
    with pytest.raises(KeyboardInterrupt):
        run(progress=kill)
    assert not list(tmp_path.iterdir())
    run()
    undisturbed = json.loads((small_run.training / "metrics.json").read_text(encoding="utf8"))
    metrics = json.loads(output.read_text(encoding="utf8"))
    assert metrics["comparisons"] == undisturbed["comparisons"]
    for name, model in metrics["models"].items():
        assert model["accuracy"] == undisturbed["models"][name]["accuracy"]


def test_augment(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "synthetic.parquet"

    def run() -> None:
        build_synthetic(
            ROOT / "configs" / "augment.cfg",
            small_run.corpus,
            small_run.teacher,
            output,
            lang="en",
            n_texts=400,
            tagger="lexicon",
            seed=0,
        )

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("scripts.distill.records.pq.ParquetWriter.write_table", kill)
        run()
    assert not list(tmp_path.iterdir())
    run()
    assert output.read_bytes() == (small_run.corpus / "synthetic.parquet").read_bytes()


def test_score(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = tmp_path / "undisturbed.parquet"
    texts = small_run.corpus / "synthetic.parquet"
    monkeypatch.setattr(scoring, "TOKENS_PER_BATCH", 1024)
    score_file(small_run.teacher, texts, undisturbed, cache=None)
    folder = tmp_path / "disturbed"
    output, cache = folder / "scored.parquet", folder / "scores"
    told: list[int] = []

    def progress(scored: int) -> None:
        told.append(scored)
        if len(told) == 5:
            kill()

    with pytest.raises(KeyboardInterrupt):
        score_file(small_run.teacher, texts, output, cache=cache, progress=progress)
    assert [path.name for path in folder.iterdir()] == ["scores"]
    scored = score_file(small_run.teacher, texts, output, cache=cache)
    assert 0 < sum(told) == scored.reused < scored.texts
    assert output.read_bytes() == undisturbed.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_score_killed_twice(small_run: Run, tmp_path: Path) -> None:
    output, cache = tmp_path / "scored.parquet", tmp_path / "scores"
    texts = small_run.corpus / "synthetic.parquet"

    def run(batches: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
        script = [sys.executable, "-c", KILLED_WHILE_SCORING, str(batches), "scripts.score"]
        command = [*script, *map(str, (small_run.teacher, texts, *arguments))]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def count_kept() -> int:
        (path,) = cache.glob("*.sqlite")
        with closing(sqlite3.connect(path)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM scores").fetchone()[0])

    kept = []
    for batches in (3, 2):
        killed = run(batches, output, "--cache", cache)
        assert killed.returncode == -signal.SIGKILL
        kept.append(count_kept())
    assert 0 < kept[0] < kept[1]
    finished = run(0, output, "--cache", cache)
    assert finished.returncode == 0, finished.stderr
    assert f"{kept[1]} not scored again" in " ".join((finished.stdout + finished.stderr).split())
    assert run(0, tmp_path / "undisturbed.parquet").returncode == 0
    assert output.read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()


def test_student(small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "bow"

    def run() -> None:
        train_student(
            find_architectures(small_run.folder / "configs", "bow")[0],
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            small_run.training / "vectors",
            output,
            lang="en",
            seed=0,
            gpu_id=-1,
            calibrate=True,
        )

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training.shutil, "rmtree", kill)  # after training, before the last touches
        run()
    # What a process that is killed for good leaves: the next run clears it away.
    (tmp_path / ".bow.partial" / "model-best").mkdir(parents=True, exist_ok=True)
    run()
    assert [path.name for path in tmp_path.iterdir()] == ["bow"]
    weights = Path("bow", "model-best", "textcat", "model")
    undisturbed = small_run.training / "student" / weights
    assert (tmp_path / weights).read_bytes() == undisturbed.read_bytes()
