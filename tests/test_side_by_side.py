"""Models are measured in turn, each in a process and an environment of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy
import psutil
import pytest
import spacy

from scripts.distill import side_by_side
from scripts.distill.black_box import load_black_box
from scripts.distill.errors import InputError
from scripts.distill.measure import load_predictor
from scripts.distill.side_by_side import (
    Measured,
    Model,
    list_requirements,
    measure_models,
    plan_rounds,
)
from scripts.distill.teacher_info import TeacherInfo, write_teacher_info

from .conftest import LABELS

TEXTS = ["A great lamp.", "An awful lamp, two of them", "So-so"]

WORDS = 10


class Result(NamedTuple):
    """What was measured, and whose name was told when."""

    measured: dict[str, Measured]
    told: list[str]


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "ROUND_SECONDS", 0.01)
        patch.setattr(side_by_side, "ROUND_SINGLES", 3)
        yield


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    settings = {"exclusive_classes": True, "ngram_size": 1, "no_output_layer": False}
    model = {"@architectures": "spacy.TextCatBOW.v3", "length": 1024, **settings}
    textcat = nlp.add_pipe("textcat", config={"model": model})
    for label in LABELS:
        textcat.add_label(label)
    nlp.initialize()
    path = tmp_path_factory.mktemp("pipeline") / "model-best"
    nlp.to_disk(path)
    return path


def note_box(folder: Path, name: str) -> Model:
    box = load_black_box(name, LABELS, exclusive=True)
    write_teacher_info(
        folder, TeacherInfo(name, box.fingerprint, "[MASK]", LABELS, 1.0, black_box=True)
    )
    return Model(folder, None)


@pytest.fixture(scope="module")
def result(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    file = tmp_path_factory.mktemp("scores") / "scores.jsonl"
    rows = [f'{{"text": "{text}", "negative": 0.25, "positive": 0.75}}' for text in TEXTS]
    file.write_text("\n".join(rows), encoding="utf8")
    boxes = {
        "loud": "tests.black_boxes:score_loudly",
        "slow": "tests.black_boxes:score_slowly",
        "file": str(file),
    }
    models = {
        "alone": Model(pipeline, list_requirements(pipeline)),
        "whole": Model(pipeline, None),
        **{name: note_box(tmp_path_factory.mktemp(name), box) for name, box in boxes.items()},
    }
    told: list[str] = []
    labels, dev = LABELS[::-1], {"loud": TEXTS[:1]}
    measured = measure_models(models, TEXTS, labels, dev_texts=dev, rounds=2, progress=told.append)
    return Result(measured, told)


def test_all_are_loaded_first_and_then_take_turns(result: Result) -> None:
    assert (
        result.told
        == [*("alone", "whole", "loud", "slow", "file")] + [*("alone", "whole", "loud", "slow")] * 2
    )


def test_figures_of_cost_fit_each_other(result: Result) -> None:
    for name in ("alone", "whole", "loud", "slow"):
        measured = result.measured[name]
        assert len(measured.speeds) == 2
        words, docs = (measured.cost[f"{unit}_per_second"] for unit in ("words", "docs"))
        assert min(measured.speeds) <= words <= max(measured.speeds)
        assert words / docs == pytest.approx(WORDS / len(TEXTS))
        assert 0 < measured.cost["latency_ms"]["p50"] <= measured.cost["latency_ms"]["p99"]


def test_a_pipeline_is_measured_with_spacy_alone(pipeline: Path, result: Result) -> None:
    assert list_requirements(pipeline) == ["spacy"]
    expected = load_predictor(pipeline, LABELS[::-1])(TEXTS)
    alone, whole = (result.measured[name] for name in ("alone", "whole"))
    for measured in (alone, whole):
        numpy.testing.assert_array_equal(measured.probabilities, expected)
    # Where all is installed, spaCy loads torch and transformers as well.
    assert alone.cost["peak_rss_mb"] < 0.6 * whole.cost["peak_rss_mb"]
    assert 0 < alone.cost["load_seconds"] < whole.cost["load_seconds"]


def test_what_is_slower_measures_slower(result: Result) -> None:
    loud, slow = (result.measured[name] for name in ("loud", "slow"))
    assert all(a > 2 * b for a, b in zip(loud.speeds, slow.speeds))
    assert max(slow.speeds) <= WORDS / (0.005 * len(TEXTS))
    assert slow.cost["latency_ms"]["p50"] >= 5


def test_what_a_model_prints_is_no_answer(result: Result) -> None:
    assert result.measured["loud"].probabilities.argmax(axis=1).tolist() == [0, 1, 1]


def test_texts_of_dev_are_read_by_those_that_are_asked(result: Result) -> None:
    loud = result.measured["loud"]
    numpy.testing.assert_array_equal(loud.dev, loud.probabilities[:1])
    assert not len(result.measured["slow"].dev)


def test_nobody_knows_when_a_black_box_was_loaded(result: Result) -> None:
    assert result.measured["slow"].cost["load_seconds"] is None


def test_a_file_of_scores_has_no_cost(result: Result) -> None:
    probabilities, cost, _, speeds = result.measured["file"]
    numpy.testing.assert_allclose(probabilities, [[0.75, 0.25]] * 3)
    assert set(cost) == set(result.measured["slow"].cost)
    assert cost["latency_ms"] == {"p50": None, "p99": None}
    assert {value for name, value in cost.items() if name != "latency_ms"} == {None}
    assert speeds == ()


def test_no_process_outlives_one_that_fails(pipeline: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = set(psutil.Process().children())
    models = {"good": Model(pipeline, ["spacy"]), "bad": Model(tmp_path / "empty", ["spacy"])}
    with pytest.raises(InputError, match=r"Can't measure 'bad': its process ended with code 1\."):
        measure_models(models, TEXTS, LABELS)
    assert set(psutil.Process().children()) <= before


def test_a_black_box_that_fails_while_it_is_timed_is_told_of(tmp_path: Path) -> None:
    box = note_box(tmp_path, "tests.black_boxes:score_five_times")
    read: list[str] = []
    with pytest.raises(InputError, match=r"score_five_times.*too many requests"):
        measure_models({"box": box}, TEXTS, LABELS, rounds=2, progress=read.append)
    assert read == ["box"]


def test_no_process_outlives_an_interrupt(pipeline: Path) -> None:
    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    before = set(psutil.Process().children())
    with pytest.raises(KeyboardInterrupt):
        measure_models({"good": Model(pipeline, ["spacy"])}, TEXTS, LABELS, progress=interrupt)
    assert set(psutil.Process().children()) <= before


@pytest.mark.parametrize(("n_texts", "parts"), [(1, 1), (150, 1), (336, 3), (1000, 5), (9999, 5)])
def test_rounds_read_all_texts_between_them(n_texts: int, parts: int) -> None:
    plan = plan_rounds(n_texts, 5)
    assert len(plan) == 5
    batches = {tuple(task.batch) for task in plan}
    assert len(batches) == parts
    assert sorted(i for batch in batches for i in batch) == list(range(n_texts))
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    singles = [i for task in plan for i in task.singles]
    assert singles == [i % n_texts for i in range(15)]


def test_a_torch_student_has_torch(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("spacy.TorchBiLSTMEncoder.v1", encoding="utf8")
    assert list_requirements(tmp_path) == ["spacy", "torch>=2.0"]
    assert list_requirements(tmp_path / "model.joblib") == ["scikit-learn", "joblib"]
