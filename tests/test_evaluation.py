"""metrics.json: the layout that others build on, and figures that fit each other."""

from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly

from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.evaluation import (
    _describe_scored,
    evaluate_models,
    list_candidates,
    size_mb,
)
from scripts.distill.fasttext_classifier import is_installed
from scripts.distill.products import DEFAULT_STUDENTS, split_names
from scripts.distill.records import TextRow, TextsMeta, write_texts
from scripts.distill.teacher_info import hash_file

from .conftest import Run

PEERS = ["tfidf_logreg", *(["fasttext"] if is_installed() else [])]
MODELS = [
    "teacher",
    "student_bow",
    "student_cnn",
    "student_ensemble",
    "baseline_bow",
    "baseline_cnn",
    "baseline_ensemble",
    *PEERS,
]
METHODS = ["gold", "swap", "swap", "pool", "pool", "pool"]
KEYS = {
    "kind",
    "accuracy",
    "macro_f1",
    "per_label",
    "roc_auc",
    "ece",
    "brier",
    "agreement",
    "kl_to_teacher",
    "load_seconds",
    "words_per_second",
    "docs_per_second",
    "latency_ms",
    "size_mb",
    "peak_rss_mb",
    "seeds",
}


@pytest.fixture(scope="module")
def metrics(small_run: Run) -> dict[str, Any]:
    return srsly.read_json(small_run.training / "metrics.json")


def test_layout(metrics: dict[str, Any]) -> None:
    assert set(metrics) == {"lang", "labels", "data", "models", "comparisons"}
    assert list(metrics["models"]) == MODELS
    for model in metrics["models"].values():
        assert set(model) == KEYS
        assert set(model["latency_ms"]) == {"p50", "p99"}
        assert set(model["per_label"]) == set(metrics["labels"])
        for share in ("accuracy", "macro_f1", "roc_auc", "ece", "brier", "agreement"):
            assert 0 <= model[share] <= 1
        for cost in (
            "load_seconds",
            "words_per_second",
            "docs_per_second",
            "size_mb",
            "peak_rss_mb",
        ):
            assert model[cost] > 0
        assert 0 < model["latency_ms"]["p50"] <= model["latency_ms"]["p99"]
    for comparison in metrics["comparisons"]:
        assert set(comparison) == {"a", "b", "delta_accuracy", "ci95", "mcnemar_p"}
        low, high = comparison["ci95"]
        assert low <= comparison["delta_accuracy"] <= high


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


def test_students_are_measured_without_what_only_teachers_need(metrics: dict[str, Any]) -> None:
    models = metrics["models"]
    for name in MODELS[1:]:
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
        assert metrics["models"][candidate.name]["size_mb"] == size_mb(candidate.path)


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


def test_texts_of_the_pool_are_not_counted_as_synthetic(tmp_path: Path) -> None:
    rows = [TextRow(f"text {i}", "a:1", method) for i, method in enumerate(METHODS)]
    write_texts(tmp_path / "scored.parquet", rows, TextsMeta(["a", "b"], "", "", 0))
    described = _describe_scored(tmp_path / "scored.parquet")
    assert described.pop("scored_fingerprint") == hash_file(tmp_path / "scored.parquet")
    assert described == {"scored": {"gold": 1, "swap": 2, "pool": 3}, "synthetic": 2}
