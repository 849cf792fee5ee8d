"""What each kind of text brings: the parts, and students trained on them."""

from pathlib import Path

import numpy
import pytest
import srsly

from scripts.distill import ablation
from scripts.distill.ablation import ablate, list_parts
from scripts.distill.students import find_architectures

from .conftest import ROOT, Run, RunStep

METHODS = ["gold"] * 2 + ["mask"] * 4 + ["mix"] * 4 + ["pool"] * 4
SOURCES = ["a", "b", "a", "b", "p1", "p2", "a", "b", "p3", "p4", "p1", "p2", "p3", "p4"]


def test_parts_are_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "SYNTHETIC_SIZES", (0, 3, 8))
    parts = {part.name: part for part in list_parts(METHODS, SOURCES, seed=0)}
    assert list(parts) == [
        "all texts",
        "without mask",
        "without mix",
        "0 synthetic texts",
        "3 synthetic texts",
        "0 texts of the pool",
        "1 texts of the pool",
        "2 texts of the pool",
    ]
    of = numpy.array(METHODS)
    assert parts["all texts"].keep.all()
    assert parts["without mask"].keep.tolist() == (of != "mask").tolist()
    for size in (0, 3):
        keep = parts[f"{size} synthetic texts"].keep
        assert numpy.isin(of[keep], ["mask", "mix"]).sum() == size
        assert keep[numpy.isin(of, ["gold", "pool"])].all()
    none, one, two = (parts[f"{size} texts of the pool"].keep for size in (0, 1, 2))
    assert set(numpy.array(SOURCES)[none]) == {"a", "b"}
    assert (of[one] == "pool").sum() == 1
    assert not (one & ~two).any()  # smaller ones lie within larger ones
    # What was made of a pool text goes with it.
    assert len(set(numpy.array(SOURCES)[two])) == 4


def test_without_a_pool_there_is_no_curve_for_it() -> None:
    parts = list_parts(METHODS[:10], SOURCES[:10], seed=0)
    assert {part.group for part in parts} == {"all", "without", "synthetic"}


def test_students_are_trained_on_each_part_and_not_again(
    small_run: Run, run_step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablation, "SYNTHETIC_SIZES", (0, 50))
    output = small_run.training / "ablation.json"
    metrics, report = small_run.training / "metrics.json", small_run.training / "report"
    page = (report / "index.html").read_bytes()
    configs = small_run.folder / "configs"
    arguments = (configs, small_run.corpus, small_run.corpus / "scored.parquet")
    command = ("ablation", *arguments, small_run.training, output, "--student", "bow")
    try:
        result = run_step(*command)
        assert result.code == 0, result.output
        assert "students 'bow'; on test" in result.output
        runs = srsly.read_json(output)["runs"]
        names = [run["name"] for run in runs]
        assert names[0] == "all texts"
        assert {"without mask", "without ngram", "0 synthetic texts"} < set(names)
        assert all(0 <= run["accuracy"] <= 1 and run["kl_to_teacher"] > 0 for run in runs)
        for figures in (runs, [run["dev"] for run in runs]):
            assert len({run["kl_to_teacher"] for run in figures}) > 1
        assert all(run["dev"]["kl_to_teacher"] != run["kl_to_teacher"] for run in runs)
        assert runs[names.index("50 synthetic texts")]["synthetic"] == 50
        assert not list(small_run.training.glob(".ablation.*"))
        # Interrupted after the first: what is done stays as it is, the rest comes out the same.
        whole = output.read_bytes()
        srsly.write_json(output, {**srsly.read_json(output), "runs": runs[:1]})
        trained: list[str] = []
        (architecture,) = find_architectures(configs, "bow")
        ablate(
            architecture,
            *arguments[1:],
            small_run.training,
            output,
            lang="en",
            seed=0,
            gpu_id=-1,
            progress=trained.append,
        )
        assert trained == names[1:]
        assert output.read_bytes() == whole
        assert run_step("report", metrics, report).code == 0
        text = (report / "index.html").read_text(encoding="utf8")
        assert "What each kind of text brings" in text
        assert "without ngram" in text
        # Of other scores it would say nothing of this run.
        srsly.write_json(output, {**srsly.read_json(output), "scored": "other"})
        assert "The ablation is left out" in run_step("report", metrics, report).output
        text = (report / "index.html").read_text(encoding="utf8")
        assert "What each kind of text brings" not in text
    finally:
        output.unlink(missing_ok=True)
        (report / "index.html").write_bytes(page)


def test_unknown_students_are_refused(run_step: RunStep, tmp_path: Path) -> None:
    for name in ("bow,cnn", "gru"):
        arguments = (ROOT / "configs", tmp_path, tmp_path, tmp_path, tmp_path / "a.json")
        result = run_step("ablation", *arguments, "--student", name)
        assert result.code == 1
        assert f"Can't use the student '{name}'" in result.output
        assert "--vars.ablation_student" in result.output
