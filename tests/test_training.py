"""Training: whole outputs or none, and what a baseline is."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.util import load_config, registry

from scripts.distill import training
from scripts.distill.corpus import build_corpus, write_corpus
from scripts.distill.errors import InputError
from scripts.distill.labels import TASKS
from scripts.distill.records import TextRow, TextsMeta, write_scores
from scripts.distill.students import (
    BASELINE_BATCH,
    BASELINE_EPOCHS,
    Architecture,
    schedule_overrides,
    train_baseline,
    train_student,
)
from scripts.distill.training import Trained, corpus_overrides, read_history

from .conftest import ROOT, Run, write_jsonl
from .separable import SIZES, make_texts, write_separable_corpus

CONFIGS = ROOT / "configs"
BOW = CONFIGS / "student_bow.cfg"
STUDENT = Architecture("bow", BOW, {})
COMPOUNDING = {"@schedules": "compounding.v1", "start": 1, "stop": 9, "compound": 1.1}
TrainModel = Callable[[str, Architecture], Trained]


@pytest.fixture
def train_model(tmp_path: Path) -> TrainModel:
    """Train a student or baseline on few texts, into the folder "out"."""
    labels = ["praise", "anger"]
    corpus = write_separable_corpus(tmp_path / "corpus", labels, True)
    rows = [TextRow(row.text, row.source, "gold") for row in make_texts("train", labels, True)]
    logits = numpy.tile(numpy.array([[2, -2], [-2, 2]], dtype="float32"), (len(rows) // 2, 1))
    scored, output = tmp_path / "scored.parquet", tmp_path / "out"
    write_scores(scored, rows, logits, TextsMeta(labels, "t", "[MASK]", 0))

    def run(step: str, architecture: Architecture) -> Trained:
        common: dict[str, Any] = {"lang": "en", "seed": 0, "gpu_id": -1}
        if step == "baseline":
            return train_baseline(architecture, corpus, output, **common)
        return train_student(architecture, corpus, scored, tmp_path / "vectors", output, **common)

    return run


@pytest.mark.parametrize(
    "name", ["student/bow", "student/cnn", "baseline/bow", "baseline/cnn", "teacher"]
)
def test_models_are_plain_and_score_both_labels(small_run: Run, name: str) -> None:
    path = small_run.training / name
    assert sorted(
        p.name for p in path.iterdir() if p.name not in ("teacher.json", "words.txt")
    ) == [
        "log.jsonl",
        "model-best",
    ]
    nlp = spacy.load(path / "model-best")
    cats = nlp("This great lamp works.").cats
    assert list(cats) == ["negative", "positive"]
    assert sum(cats.values()) == pytest.approx(1, abs=1e-5)
    if name != "teacher":
        text = (path / "model-best" / "config.cfg").read_text(encoding="utf8")
        assert "distill" not in text


def test_killed_training_leaves_what_was_there(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "student"
    output.mkdir()
    (output / "old").write_text("old")

    def fail(*args: Any, **kwargs: Any) -> None:
        Path(args[1], "model-best").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_nlp", fail)
    with pytest.raises(KeyboardInterrupt):
        train_baseline(STUDENT, small_run.corpus, output, lang="en", seed=0, gpu_id=-1)
    assert [p.name for p in tmp_path.rglob("*")] == ["student", "old"]


def test_multilabel_tasks_change_factory_and_head(small_run: Run, tmp_path: Path) -> None:
    stats = (small_run.corpus / "stats.json").read_text(encoding="utf8")
    for name in ("train.spacy", "dev.spacy", "test.spacy", "labels.json"):
        (tmp_path / name).touch()
    (tmp_path / "stats.json").write_text(stats.replace('"exclusive":true', '"exclusive":false'))
    overrides = corpus_overrides(BOW, tmp_path, "en", 0, "textcat_multilabel_distill")
    assert overrides["components.textcat.factory"] == "textcat_multilabel_distill"
    assert overrides["components.textcat.model.exclusive_classes"] is False
    weights = overrides["training.score_weights"]
    assert {name: weight for name, weight in weights.items() if weight} == {
        "cats_micro_f": 0.25,
        "cats_macro_auc": 0.75,
    }
    exclusive = corpus_overrides(BOW, small_run.corpus, "en", 0, "textcat_multilabel_distill")
    assert "components.textcat.factory" not in exclusive
    assert not any("score_weights" in key for key in exclusive)
    # What a config of one's own chooses by stays as it is.
    own, config = tmp_path / "own.cfg", BOW.read_text(encoding="utf8")
    section = "\n[training.score_weights]\ncats_micro_f = 1.0\n"
    without = "\n".join(line for line in config.splitlines() if "score_weights" not in line)
    for content in (
        config.replace('"cats_micro_f": 0.5', '"cats_micro_f": 0.0'),
        without + section,
    ):
        own.write_text(content, encoding="utf8")
        kept = corpus_overrides(own, tmp_path, "en", 0, "textcat_multilabel_distill")
        assert not any("score_weights" in key for key in kept)


def test_missing_inputs_are_named(small_run: Run, tmp_path: Path) -> None:
    common: dict[str, Any] = {"lang": "en", "seed": 0, "gpu_id": -1}
    with pytest.raises(InputError, match=r"train\.spacy.*step 'prepare'"):
        train_baseline(STUDENT, tmp_path, tmp_path / "out", **common)
    with pytest.raises(InputError, match=r"scored\.parquet.*step 'score'"):
        train_student(
            STUDENT,
            small_run.corpus,
            tmp_path / "scored.parquet",
            tmp_path / "vectors",
            tmp_path / "out",
            **common,
        )
    with pytest.raises(InputError, match=r"none\.cfg"):
        train_baseline(
            STUDENT._replace(config=tmp_path / "none.cfg"),
            small_run.corpus,
            tmp_path / "out",
            **common,
        )
    assert not (tmp_path / "out").exists()


def test_history_is_that_of_the_log(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []
    rows = [
        {"epoch": 0, "step": 0, "losses": {}, "scores": {"cats_micro_f": 50.0}, "score": 0.7},
        {"epoch": 2, "step": 100, "losses": {}, "scores": {"cats_micro_f": 87.5}, "score": 0.9},
        # A config of one's own that scores otherwise.
        {"epoch": 3, "step": 200, "losses": {}, "scores": {}, "score": 0.9},
    ]
    srsly.write_jsonl(tmp_path / "log.jsonl", rows)
    assert read_history(tmp_path) == [
        {"step": 100, "epoch": 2, "dev_score": 0.875},
        {"step": 200, "epoch": 3, "dev_score": 0.9},
    ]


@pytest.mark.parametrize(
    ("found", "written", "message"),
    [
        ("dropout = 0.0", 'dropout = "half"', "dropout Input should be a valid number"),
        ('dev_corpus = "corpora.dev"', 'dev_corpus = "corpora.none"', "not a valid section"),
        ("[training.batcher]", "[training.batchers]", "training.batchers is no setting"),
        ("[training]", "[training", r"no section headers|parsing errors"),
        ("[training.batcher]", "[training]", "already exists"),
        ("score_weights = {", "score_weights = 7\nother = {", "score_weights"),
        ("[components.textcat", "[components.classifier", r"lacks \[components\.textcat\.model\]"),
    ],
)
@pytest.mark.parametrize("step", ["student", "baseline"])
def test_configs_that_cannot_be_used_are_refused_on_a_line(
    step: str, found: str, written: str, message: str, train_model: TrainModel, tmp_path: Path
) -> None:
    config = tmp_path / "own.cfg"
    text = BOW.read_text(encoding="utf8")
    assert found in text
    config.write_text(text.replace(found, written), encoding="utf8")
    with pytest.raises(InputError, match=message) as error:
        train_model(step, STUDENT._replace(config=config))
    assert "own.cfg" in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "batcher",
    [
        None,
        {"@batchers": "spacy.batch_by_words.v1", "size": 1000, "tolerance": 0.2},
        {
            "@batchers": "spacy.batch_by_padded.v1",
            "size": 1000,
            "buffer": 256,
            "discard_oversize": True,
        },
        {"@batchers": "spacy.batch_by_sequence.v1", "size": COMPOUNDING},
    ],
)
def test_baselines_batch_texts_whatever_the_config_batches(
    batcher: dict[str, Any] | None,
    train_model: TrainModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, built = load_config(BOW, interpolate=False), []
    if batcher:
        settings["training"]["batcher"] = batcher
    settings.to_disk(tmp_path / "bow.cfg")

    def stop(nlp: Language, *args: Any, **kwargs: Any) -> None:
        built.append(nlp)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_nlp", stop)
    with pytest.raises(KeyboardInterrupt):
        train_model("baseline", STUDENT._replace(config=tmp_path / "bow.cfg"))
    found = built[0].config["training"]
    batch = registry.resolve({"batcher": found["batcher"]})["batcher"]
    sizes = [len(texts) for texts in batch(["a text"] * SIZES["train"])]
    assert sizes == [BASELINE_BATCH] * (SIZES["train"] // BASELINE_BATCH)
    assert found["max_steps"] == BASELINE_EPOCHS * len(sizes)


@pytest.mark.parametrize("logger", [None, "spacy.ConsoleLogger.v1", "spacy.ConsoleLogger.v3"])
def test_log_is_kept_whatever_logger_a_config_names(
    logger: str | None, train_model: TrainModel, tmp_path: Path
) -> None:
    settings = load_config(BOW, interpolate=False)
    del settings["training"]["logger"]
    if logger:
        settings["training"]["logger"] = {"@loggers": logger}
    settings.to_disk(tmp_path / "bow.cfg")
    limits = {"training.max_steps": 2, "training.eval_frequency": 1}
    train_model("student", Architecture("bow", tmp_path / "bow.cfg", limits))
    assert [row["step"] for row in read_history(tmp_path / "out")] == [1, 2]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"training.max_steps": 0},
            r"training never ends: max_steps = 0, max_epochs = -1, patience = 0\. Expected one",
        ),
        ({"training.batcher.size": 0}, r"training\.batcher\.size is 0\. Expected 1 or more"),
    ],
)
def test_training_that_never_ends_is_refused(
    overrides: dict[str, int], message: str, train_model: TrainModel, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"student_bow\.cfg: {message}"):
        train_model("student", STUDENT._replace(overrides=overrides))
    assert not (tmp_path / "out").exists()


def make_labels_by_chance(folder: Path) -> Path:
    """A corpus of three labels that nothing in the texts tells: guessing them all is best."""
    draw = random.Random(0)
    rows: list[dict[str, object]] = [
        {
            "text": f"Text {i} of {draw.random()} and {draw.random()}",
            "labels": [label for label in ("anger", "fear", "joy") if draw.random() < 0.3],
        }
        for i in range(200)
    ]
    data, corpus = write_jsonl(folder / "data.jsonl", rows), folder / "corpus"
    task = TASKS["multilabel"]
    write_corpus(build_corpus(data, task, dev_share=0.3, test_share=0.1, seed=0), [], "en", corpus)
    return corpus


def test_no_checkpoint_is_kept_that_has_learned_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = make_labels_by_chance(tmp_path)
    settings = load_config(BOW, interpolate=False)
    settings["training"]["score_weights"] = {"cats_micro_f": 1.0, "speed": 0.0}
    settings.to_disk(tmp_path / "bow.cfg")
    model = Architecture("bow", tmp_path / "bow.cfg", {})

    def train(name: str) -> tuple[float, list[float]]:
        output = tmp_path / name
        trained = train_baseline(model, corpus, output, lang="en", seed=0, gpu_id=-1)
        rows = list(srsly.read_jsonl(output / "log.jsonl"))
        assert rows[0]["step"] == 0
        return trained.dev_score, [row["score"] for row in rows]

    kept, (first, *others) = train("ours")
    assert (kept, first) == (pytest.approx(max(others)), 0)
    meta = srsly.read_json(tmp_path / "ours" / "model-best" / "meta.json")
    assert set(meta["performance"]["cats_auc_per_type"]) == {"anger", "fear", "joy"}
    # As spaCy has it, guessing wins.
    monkeypatch.setattr(training, "_discount_first_evaluation", lambda nlp: itertools.count(2))
    guessed, (first, *_) = train("spacy")
    assert guessed == pytest.approx(first)
    assert guessed > kept


def test_layers_multiply_by_numpy_in_training_and_by_blis_when_loaded(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def stop(nlp: Language, *args: Any, **kwargs: Any) -> None:
        built.append(nlp)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_nlp", stop)
    cnn = Architecture("cnn", CONFIGS / "student_cnn.cfg", {})
    with pytest.raises(KeyboardInterrupt):
        train_baseline(cnn, small_run.corpus, tmp_path / "out", lang="en", seed=0, gpu_id=-1)
    loaded = spacy.load(small_run.training / "student" / "cnn" / "model-best")
    for nlp, blis in ((built[0], False), (loaded, True)):
        layers = [layer for layer in nlp.get_pipe("textcat").model.walk() if layer.name == "maxout"]
        assert [layer.ops.use_blis for layer in layers] == [blis] * len(layers)
        assert layers


def test_weights_may_be_variables(small_run: Run, tmp_path: Path) -> None:
    settings = load_config(BOW, interpolate=False)
    settings["vars"] = {"share": 0.5}
    settings["training"]["score_weights"] = {"cats_micro_f": "${vars.share}"}
    settings.to_disk(tmp_path / "bow.cfg")
    own = Architecture("bow", tmp_path / "bow.cfg", {})
    train_baseline(own, small_run.corpus, tmp_path / "out", lang="en", seed=0, gpu_id=-1)
    assert read_history(tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"max_steps": 3, "eval_frequency": 10}, "max_steps = 3"),
        ({"max_steps": 0, "max_epochs": 1, "eval_frequency": 100}, "max_epochs = 1"),
        ({"max_steps": 1000, "patience": 5, "eval_frequency": 100}, "patience = 5"),
    ],
)
def test_training_that_ends_before_a_checkpoint_counts_is_refused(
    changes: dict[str, int], limit: str, small_run: Run, tmp_path: Path
) -> None:
    overrides = {f"training.{name}": value for name, value in changes.items()}
    with pytest.raises(
        InputError, match=rf"bow\.cfg: training ends before.*{limit}.*eval_frequency"
    ):
        train_student(
            STUDENT._replace(overrides={"training.max_epochs": 0, **overrides}),
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            small_run.training / "vectors",
            tmp_path / "bow",
            lang="en",
            seed=0,
            gpu_id=-1,
        )
    assert not (tmp_path / "bow").exists()


def test_scores_do_not_count_against_a_checkpoint(small_run: Run, tmp_path: Path) -> None:
    settings = load_config(BOW, interpolate=False)
    settings["training"]["score_weights"] = {"cats_micro_f": -1.0}
    settings.to_disk(tmp_path / "bow.cfg")
    own = STUDENT._replace(config=tmp_path / "bow.cfg")
    with pytest.raises(InputError, match=r"cats_micro_f = -1\.0\. Expected 0 or more"):
        train_baseline(own, small_run.corpus, tmp_path / "out", lang="en", seed=0, gpu_id=-1)


def test_training_takes_at_least_a_pass_over_the_texts() -> None:
    settings = training.read_config(BOW)["training"]
    assert schedule_overrides(BOW, 100) == {"training.max_steps": settings["max_steps"]}
    epoch = -(-1_000_000 // settings["batcher"]["size"])
    assert schedule_overrides(BOW, 1_000_000) == {"training.max_steps": epoch}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batcher", {"@batchers": "spacy.batch_by_words.v1", "size": 1000, "tolerance": 0.2}),
        ("batcher", {"@batchers": "spacy.batch_by_sequence.v1", "size": COMPOUNDING}),
        ("batcher", {"@batchers": "spacy.batch_by_sequence.v1", "size": 0}),
        ("batcher", {"size": 128}),
        ("batcher", None),
        ("max_steps", 0),  # no limit
        ("max_steps", None),
        ("max_steps", "${system.seed}"),
    ],
)
def test_training_is_as_long_as_the_config_has_it(name: str, value: object, tmp_path: Path) -> None:
    changed = load_config(BOW, interpolate=False)
    del changed["training"][name]
    if value is not None:
        changed["training"][name] = value
    changed.to_disk(tmp_path / "own.cfg", interpolate=False)
    assert schedule_overrides(tmp_path / "own.cfg", 1_000_000) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"@losses": "distill.hinge.v1"}, "distill.hinge.v1"),
        ({"@losses": "distill.kl_divergence.v1", "temperature": -2.0}, "temperature = -2.0"),
        (
            {
                "@losses": "distill.blend.v1",
                "soft": {"@losses": "distill.mse_logits.v1"},
                "gold_weight": 1.5,
            },
            "gold_weight = 1.5",
        ),
    ],
)
def test_bad_losses_are_refused_before_training(
    small_run: Run, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    settings = load_config(BOW, interpolate=False)
    settings["components"]["textcat"]["loss"] = changes
    settings.to_disk(tmp_path / "bow.cfg")
    with pytest.raises(InputError, match=rf"bow\.cfg.*{message}"):
        train_student(
            STUDENT._replace(config=tmp_path / "bow.cfg"),
            small_run.corpus,
            small_run.corpus / "scored.parquet",
            small_run.training / "vectors",
            tmp_path / "out",
            lang="en",
            seed=0,
            gpu_id=-1,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["bow.cfg"]


def test_teacher_of_other_labels_is_refused(small_run: Run, tmp_path: Path) -> None:
    scored = tmp_path / "scored.parquet"
    rows = [TextRow("a lamp", "data:1", "swap")]
    meta = TextsMeta(["bad", "good"], "t", "[MASK]", 0)
    write_scores(scored, rows, numpy.zeros((1, 2), dtype="float32"), meta)
    with pytest.raises(InputError, match=r"scores the labels bad, good.*negative, positive"):
        train_student(
            STUDENT,
            small_run.corpus,
            scored,
            small_run.training / "vectors",
            tmp_path / "out",
            lang="en",
            seed=0,
            gpu_id=-1,
        )
    assert not (tmp_path / "out").exists()
