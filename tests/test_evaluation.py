"""metrics.json: the layout that others build on, and figures that fit each other."""

import copy
import hashlib
from pathlib import Path
from typing import Any

import jsonschema
import numpy
import pytest
import spacy
import srsly

from scripts.distill.calibration import read_calibration
from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.evaluation import (
    _describe_scored,
    evaluate_models,
    find_subjects,
    list_candidates,
    list_comparisons,
)
from scripts.distill.fasttext_classifier import is_installed
from scripts.distill.figures import size_mb
from scripts.distill.measure import load_predictor
from scripts.distill.metrics import is_correct
from scripts.distill.products import DEFAULT_STUDENTS, split_names
from scripts.distill.records import TextRow, TextsMeta, write_texts
from scripts.distill.training import read_history

from .conftest import ROOT, Run
from .made_up_metrics import LABELS, make_metrics

PEERS = ["tfidf_logreg", *(["fasttext"] if is_installed() else [])]
MODELS = [
    "teacher",
    "student_bow",
    "student_cnn",
    "student_ensemble",
    "students_mean",
    "baseline_bow",
    "baseline_cnn",
    "baseline_ensemble",
    *PEERS,
]
METHODS = ["gold", "swap", "swap", "pool", "pool", "pool"]
SCHEMA = srsly.read_json(ROOT / "scripts" / "distill" / "metrics.schema.json")


def check_layout(metrics: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(metrics)


@pytest.fixture(scope="module")
def metrics(small_run: Run) -> dict[str, Any]:
    return srsly.read_json(small_run.training / "metrics.json")


def test_layout(metrics: dict[str, Any]) -> None:
    check_layout(metrics)
    assert list(metrics["models"]) == MODELS
    for name, model in metrics["models"].items():
        assert set(model["per_label"]) == set(metrics["labels"])
        for cost in ("load_seconds", "words_per_second", "docs_per_second", "peak_rss_mb"):
            assert model[cost] > 0
        assert model["times_teacher"] == 1 if name == "teacher" else model["times_teacher"] > 0
        if name == "students_mean":
            assert model["latency_ms"] == {"p50": None, "p99": None}
        else:
            assert 0 < model["latency_ms"]["p50"] <= model["latency_ms"]["p99"]
    for comparison in metrics["comparisons"]:
        low, high = comparison["ci95"]
        assert low <= comparison["delta_accuracy"] <= high


@pytest.mark.parametrize("task", LABELS)
def test_made_up_metrics_have_the_layout_of_real_ones(task: str) -> None:
    check_layout(make_metrics(task))


@pytest.mark.parametrize("key", ["load_seconds", "mae", "temperature", "over_seeds"])
def test_what_is_not_known_is_null_and_not_missing(key: str) -> None:
    made_up = make_metrics()
    made_up["models"]["teacher"][key] = None
    check_layout(made_up)
    del made_up["models"]["teacher"][key]
    with pytest.raises(jsonschema.ValidationError, match=f"'{key}' is a required property"):
        check_layout(made_up)


def test_schema_refuses_what_it_does_not_know(metrics: dict[str, Any]) -> None:
    for path in ((), ("models", "teacher"), ("data", "machine"), ("cascade",), ("examples",)):
        changed = copy.deepcopy(metrics)
        block = changed
        for key in path:
            block = block[key]
        block["speed"] = 1
        with pytest.raises(jsonschema.ValidationError, match="'speed'"):
            check_layout(changed)


def test_wheels_metrics_fit_the_schema_too(metrics: dict[str, Any]) -> None:
    check_layout({key: value for key, value in metrics.items() if key != "examples"})


def test_figures_fit_each_other(metrics: dict[str, Any]) -> None:
    models = metrics["models"]
    assert models["teacher"]["agreement"] == 1
    assert models["teacher"]["kl_to_teacher"] == pytest.approx(0, abs=1e-9)
    for comparison in metrics["comparisons"]:
        difference = models[comparison["a"]]["accuracy"] - models[comparison["b"]]["accuracy"]
        assert comparison["delta_accuracy"] == pytest.approx(difference)
    pairs = {(c["a"], c["b"]) for c in metrics["comparisons"]}
    rivals = ["teacher", "baseline_cnn", *PEERS]
    assert {("student_cnn", rival) for rival in rivals} <= pairs
    assert {("teacher", rival) for rival in PEERS} <= pairs
    assert metrics["data"]["synthetic"] == 400


def test_quality_counts_the_same_texts(metrics: dict[str, Any]) -> None:
    test = metrics["data"]["splits"]["test"]
    for model in metrics["models"].values():
        confusion = numpy.array(model["confusion"])
        assert confusion.sum(axis=1).tolist() == list(test["labels"].values())
        assert confusion.trace() / confusion.sum() == pytest.approx(model["accuracy"])
        assert sum(bin["count"] for bin in model["reliability"]) == test["texts"]
        gaps = (
            bin["count"] * abs(bin["confidence"] - bin["accuracy"]) for bin in model["reliability"]
        )
        assert sum(gaps) / test["texts"] == pytest.approx(model["ece"])
        assert model["mae"] is None  # no task of stars
    assert metrics["models"]["teacher"]["cosine_to_teacher"] == pytest.approx(1)


def test_students_and_baselines_are_measured_with_each_seed(
    small_run: Run, metrics: dict[str, Any]
) -> None:
    texts, gold = read_gold(small_run.corpus / "test.spacy", "en")
    for name, model in metrics["models"].items():
        step, _, architecture = name.partition("_")
        if step not in ("student", "students", "baseline"):
            assert (model["seeds"], model["over_seeds"]) == ([0], None)
            continue
        accuracy = model["over_seeds"]["accuracy"]
        assert model["seeds"] == [0, 1]
        assert accuracy["values"][0] == pytest.approx(model["accuracy"])
        assert accuracy["mean"] == pytest.approx(numpy.mean(accuracy["values"]))
        if step != "students":
            folder = small_run.training / step / f"{architecture}-seed1" / "model-best"
            found = load_predictor(folder, metrics["labels"])(texts)
            right = is_correct(gold, found, True).mean()
            assert accuracy["values"][1] == pytest.approx(right)


def test_seeds_make_different_models(small_run: Run) -> None:
    for step in ("student", "baseline"):
        weights = Path("model-best", "textcat", "model")
        folder = small_run.training / step
        first, second = (folder / name / weights for name in ("ensemble", "ensemble-seed1"))
        assert first.read_bytes() != second.read_bytes()


def test_mean_of_the_students(small_run: Run, metrics: dict[str, Any]) -> None:
    texts, gold = read_gold(small_run.corpus / "test.spacy", "en")
    names = split_names(DEFAULT_STUDENTS)
    folders = [small_run.training / "student" / name / "model-best" for name in names]
    found = numpy.mean([load_predictor(path, metrics["labels"])(texts) for path in folders], axis=0)
    model = metrics["models"]["students_mean"]
    assert model["accuracy"] == pytest.approx(is_correct(gold, found, True).mean())
    assert (model["kind"], model["temperature"], model["history"]) == ("mean", None, [])
    students = [metrics["models"][f"student_{name}"] for name in names]
    assert model["size_mb"] == pytest.approx(sum(student["size_mb"] for student in students))
    assert model["words_per_second"] < min(student["words_per_second"] for student in students)


def test_history_and_temperature_are_those_of_the_training(
    small_run: Run, metrics: dict[str, Any]
) -> None:
    for name, model in metrics["models"].items():
        step, _, architecture = name.partition("_")
        folder = small_run.training / step / architecture
        if step in ("student", "baseline", "teacher"):
            expected = read_history(folder)
            assert len(expected) > 1
            assert model["history"] == [pytest.approx(point) for point in expected]
        calibration = read_calibration(folder / "model-best") if step == "student" else None
        temperature = calibration.temperature if calibration else None
        assert model["temperature"] == pytest.approx(temperature)
        assert bool(calibration) is (step == "student")


def test_cascade_goes_from_student_to_teacher(metrics: dict[str, Any]) -> None:
    cascade, models = metrics["cascade"], metrics["models"]
    assert cascade["student"] == metrics["data"]["best_student"]
    first, last = cascade["curve"][0], cascade["curve"][-1]
    assert (first["share_to_teacher"], last["share_to_teacher"]) == (0, 1)
    assert first["accuracy"] == pytest.approx(models[cascade["student"]]["accuracy"])
    assert last["accuracy"] == pytest.approx(models["teacher"]["accuracy"])
    assert last["docs_per_second"] < models["teacher"]["docs_per_second"]
    assert cascade["dev_accuracy"] >= cascade["teacher_accuracy_dev"] - 0.005 - 1e-9


def test_examples_are_texts_of_test(small_run: Run, metrics: dict[str, Any]) -> None:
    texts, gold = read_gold(small_run.corpus / "test.spacy", "en")
    examples, labels = metrics["examples"], metrics["labels"]
    assert examples["student"] == metrics["data"]["best_student"]
    wrong = round((1 - metrics["models"][examples["student"]]["accuracy"]) * len(texts))
    assert len(examples["errors"]) == min(wrong, 10)
    assert len(examples["disagreements"]) == 10
    for example in examples["errors"] + examples["disagreements"]:
        row = texts.index(example["text"])
        assert example["gold"] == [labels[gold[row].argmax()]]
        words = "".join(word["text"] + word["whitespace"] for word in example["words"])
        assert words == example["text"]
        assert any(word["weight"] for word in example["words"])
    for example in examples["errors"]:
        assert (
            max(example["student"], key=lambda name: example["student"][name])
            not in example["gold"]
        )


def test_students_are_measured_without_what_only_teachers_need(metrics: dict[str, Any]) -> None:
    models = metrics["models"]
    for name in set(MODELS) - {"teacher", "students_mean"}:
        assert models[name]["peak_rss_mb"] < 0.75 * models["teacher"]["peak_rss_mb"], name


def test_accuracy_is_the_models_own(small_run: Run, metrics: dict[str, Any]) -> None:
    texts, gold = read_gold(small_run.corpus / "test.spacy", "en")
    nlp = spacy.load(small_run.training / "student" / "cnn" / "model-best")
    right = [
        max(doc.cats, key=lambda label: doc.cats[label]) == metrics["labels"][row.argmax()]
        for doc, row in zip(nlp.pipe(texts), gold)
    ]
    assert metrics["models"]["student_cnn"]["accuracy"] == pytest.approx(sum(right) / len(right))


def test_sizes_are_those_on_disk(small_run: Run, metrics: dict[str, Any]) -> None:
    for candidate in list_candidates(small_run.training, split_names(DEFAULT_STUDENTS)):
        size = metrics["models"][candidate.name]["size_mb"]
        assert size == pytest.approx(size_mb(candidate.path))


def test_missing_model_is_named(small_run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"student.lstm.*step 'student'"):
        evaluate_models(
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            small_run.training,
            tmp_path / "metrics.json",
            lang="en",
            architectures=["lstm"],
            seed=0,
        )
    assert not (tmp_path / "metrics.json").exists()
    with pytest.raises(InputError, match=r"cnn-seed9.*step 'student'"):
        find_subjects(small_run.training, ["cnn"], [0, 1, 9])


def test_one_student_has_no_mean_to_compare_with() -> None:
    assert not [pair for pair in list_comparisons(["cnn"], PEERS) if "students_mean" in pair]
    pairs = list_comparisons(["bow", "cnn"], PEERS)
    assert {("students_mean", rival) for rival in ("teacher", *PEERS)} <= set(pairs)


def test_inputs_are_told_apart(metrics: dict[str, Any], small_run: Run) -> None:
    found = metrics["data"]["fingerprints"]
    assert len(set(found.values())) == 4
    for split in ("dev", "test"):
        content = (small_run.corpus / f"{split}.spacy").read_bytes()
        assert found[split] == hashlib.sha256(content).hexdigest()


def test_texts_of_the_pool_are_not_counted_as_synthetic(tmp_path: Path) -> None:
    rows = [TextRow(f"text {i}", "a:1", method) for i, method in enumerate(METHODS)]
    write_texts(tmp_path / "scored.parquet", rows, TextsMeta(["a", "b"], "", "", 0))
    described = _describe_scored(tmp_path / "scored.parquet")
    assert described == {"scored": {"gold": 1, "swap": 2, "pool": 3}, "synthetic": 2}
