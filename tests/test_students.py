"""Every student: its config, its training form, and the form that is shipped."""

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.cli.package import package
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from spacy.vectors import Vectors
from thinc.api import fix_random_seed

from scripts.distill import training
from scripts.distill.callbacks import to_plain_textcat
from scripts.distill.errors import InputError
from scripts.distill.products import split_names
from scripts.distill.records import TextRow, TextsMeta, write_scores
from scripts.distill.students import (
    VARIANTS,
    Architecture,
    find_architectures,
    list_architectures,
    train_baseline,
    train_student,
)
from scripts.distill.teacher_logits import set_teacher_logits
from scripts.distill.training import corpus_overrides, find_keys

from .conftest import ROOT, Run, make_reviews
from .separable import write_separable_corpus
from .test_heads import TOK2VEC

CONFIGS = ROOT / "configs"
NAMES = list_architectures(CONFIGS)
TEXTS = [str(row["text"]) for row in make_reviews(200, seed=1)]
LABELS = ["negative", "positive"]
LOAD = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
texts = json.load(open(sys.argv[2], encoding="utf8"))
scores = {}
for name in sys.argv[3:]:
    nlp = importlib.import_module(name).load()
    batched = [list(doc.cats.values()) for doc in nlp.pipe(texts)]
    single = [list(nlp(text).cats.values()) for text in texts]
    factory = nlp.get_pipe_meta("textcat").factory
    scores[name] = {"batched": batched, "single": single, "factory": factory}
assert not [name for name in sys.modules if name.split(".")[0] == "scripts"]
print(json.dumps(scores))
"""


def make_vectors(folder: Path) -> Path:
    """Random vectors of the words of TEXTS, as the teacher's would come."""
    nlp = spacy.blank("en")
    words = sorted({token.text for text in TEXTS for token in nlp.make_doc(text)})
    data = numpy.random.default_rng(0).normal(size=(len(words), 8)).astype("f")
    nlp.vocab.vectors = Vectors(data=data, keys=words, strings=nlp.vocab.strings)
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vectors(tmp_path_factory.mktemp("vectors"))


def make_corpus(folder: Path, exclusive: bool) -> Path:
    """As much of a gold corpus as a config is filled in from."""
    for name in ("train.spacy", "dev.spacy", "test.spacy"):
        (folder / name).touch()
    (folder / "labels.json").write_text(json.dumps(LABELS), encoding="utf8")
    (folder / "stats.json").write_text(json.dumps({"exclusive": exclusive}), encoding="utf8")
    return folder


def make_examples(nlp: Language) -> list[Example]:
    rng, examples = numpy.random.default_rng(0), []
    for text in TEXTS:
        reference = nlp.make_doc(text)
        set_teacher_logits(reference, LABELS, (rng.normal(size=2) * 3).tolist())
        examples.append(Example(nlp.make_doc(text), reference))
    return examples


def train(name: str, exclusive: bool, vectors: Path, folder: Path) -> Language:
    """Train a student for a few batches on random scores, as its config has it."""
    (architecture,) = find_architectures(CONFIGS, name)
    factory = "textcat_multilabel_distill"
    overrides = {
        **corpus_overrides(architecture.config, make_corpus(folder, exclusive), "en", 0, factory),
        **architecture.overrides,
    }
    if any(find_keys(architecture.config, "include_static_vectors").values()):
        overrides["paths.vectors"] = str(vectors)
    config = load_config(architecture.config, overrides=overrides, interpolate=False)
    fix_random_seed(0)
    # Initialized as `spacy train` does it, but for the corpus.
    for corpus in ("train", "gold", "dev"):
        config["corpora"][corpus] = {"@readers": "tests.examples.v1"}
    spacy.registry.readers("tests.examples.v1", func=lambda: make_examples)
    nlp = init_nlp(config)
    optimizer, examples = nlp.resume_training(), make_examples(nlp)
    optimizer.learn_rate = 0.01  # the config's is still near 0 in the first batches
    for start in range(0, len(examples), 50):
        nlp.update(examples[start : start + 50], sgd=optimizer)
    return nlp


def takes_empty_texts(nlp: Language) -> bool:
    try:
        return len(list(nlp.pipe([TEXTS[0], "", TEXTS[1]]))) == 3
    except (IndexError, ValueError):
        return False


@pytest.fixture(scope="module")
def shipped(vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each student gives in training, and as a package in a process without this project."""
    folder = tmp_path_factory.mktemp("packages")
    texts, site = folder / "texts.json", folder / "site"
    texts.write_text(json.dumps(TEXTS), encoding="utf8")
    site.mkdir()
    expected, empty = {}, {}
    for name in NAMES:
        for exclusive in (True, False):
            nlp = train(name, exclusive, vectors, tmp_path_factory.mktemp(name))
            title = f"{name}_{'one' if exclusive else 'many'}"
            expected[f"en_{title}"] = [list(doc.cats.values()) for doc in nlp.pipe(TEXTS)]
            plain = to_plain_textcat(nlp)
            empty[title] = takes_empty_texts(plain)
            plain.meta["name"] = title
            plain.to_disk(folder / title)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # spaCy leaves files open
                package(
                    folder / title,
                    folder,
                    create_sdist=False,
                    create_wheel=False,
                    require_parent=True,
                )
            (built,) = folder.glob(f"en_{title}-*")
            (built / f"en_{title}").rename(site / f"en_{title}")
            shutil.copy(built / "meta.json", site / f"en_{title}")  # as setup.py does it
    result = subprocess.run(
        [sys.executable, "-c", LOAD, site, texts, *expected],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return {"expected": expected, "found": json.loads(result.stdout), "empty": empty}


@pytest.mark.parametrize("way", ["batched", "single"])
@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_shipped_form_scores_as_the_training_form(
    shipped: dict[str, Any], name: str, exclusive: bool, way: str
) -> None:
    title = f"en_{name}_{'one' if exclusive else 'many'}"
    found, expected = shipped["found"][title], shipped["expected"][title]
    assert numpy.std(expected) > 1e-4  # it has learned something to compare
    numpy.testing.assert_allclose(found[way], expected, atol=1e-6)
    assert found["factory"] == ("textcat" if exclusive else "textcat_multilabel")


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_empty_texts_among_others(shipped: dict[str, Any], name: str, exclusive: bool) -> None:
    # As README and model card say; spaCy's own behaviour, which another version may change.
    takes = name in {"bow1", "embed", "attention"}
    assert shipped["empty"][f"{name}_{'one' if exclusive else 'many'}"] is takes


def test_configs_differ_in_what_depends_on_the_model_alone() -> None:
    shared, batches = [], {}
    for path in sorted(CONFIGS.glob("student_*.cfg")):
        settings = load_config(path, interpolate=False)
        del settings["components"]["textcat"]["model"]
        batches[path.stem.removeprefix("student_")] = settings["nlp"].pop("batch_size")
        del settings["training"]["dropout"]
        del settings["training"]["optimizer"]["learn_rate"]["initial_rate"]
        shared.append(settings)
    assert len(shared) == 6
    assert all(settings == shared[0] for settings in shared)
    large = {name for name, size in batches.items() if size == 256}
    assert large == {"bow", "lstm"}
    assert {batches[name] for name in batches if name not in large} == {32}


def test_variants_override_settings_that_exist() -> None:
    for variant in VARIANTS.values():
        settings = load_config(CONFIGS / f"student_{variant.config}.cfg", interpolate=False)
        for key in variant.overrides:
            *path, name = key.split(".")
            block: Any = settings
            for part in path:
                block = block[part]
            assert name in block, key
            assert block[name] != variant.overrides[key]


def test_configs_of_ones_own_come_before_variants(tmp_path: Path) -> None:
    for name in ("bow", "bow3"):
        shutil.copy(CONFIGS / "student_bow.cfg", tmp_path / f"student_{name}.cfg")
    bow1, bow3 = find_architectures(tmp_path, "bow1,bow3")
    assert (bow1.config.name, bow1.overrides) == ("student_bow.cfg", VARIANTS["bow1"].overrides)
    assert (bow3.config.name, bow3.overrides) == ("student_bow3.cfg", {})


def test_students_by_name() -> None:
    bags = {"bow", "bow1", "bow3", "bow_logits"}
    assert set(NAMES) == bags | {"attention", "cnn", "embed", "ensemble", "lstm"}
    assert sorted(NAMES) == NAMES
    found = find_architectures(CONFIGS, "cnn, bow3")
    assert [architecture.name for architecture in found] == ["cnn", "bow3"]
    assert found[1].config == CONFIGS / "student_bow.cfg"
    assert found[1].overrides == {"components.textcat.model.ngram_size": 3}


def test_unknown_students_are_refused() -> None:
    with pytest.raises(InputError, match=r"student 'gru'.*attention, bow, .*--vars\.students"):
        find_architectures(CONFIGS, "bow,gru")


@pytest.mark.parametrize("names", ["", " , ", "bow,bow"])
def test_lists_that_name_nothing_or_the_same_twice_are_refused(names: str) -> None:
    with pytest.raises(InputError, match=r"--vars\.students"):
        split_names(names)


@pytest.mark.parametrize(
    ("step", "has_vectors", "expected"),
    [("student", True, True), ("student", False, False), ("baseline", True, False)],
)
def test_vectors_are_read_under_either_name_of_their_switch(
    step: str,
    has_vectors: bool,
    expected: bool,
    vectors: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, built = load_config(CONFIGS / "student_cnn.cfg", interpolate=False), []
    # It calls the switch otherwise than the embeddings of the shipped configs.
    settings["components"]["textcat"]["model"]["tok2vec"] = {**TOK2VEC, "pretrained_vectors": True}
    settings.to_disk(tmp_path / "own.cfg")
    own = Architecture("own", tmp_path / "own.cfg", {})
    labels = ["praise", "anger"]
    corpus = write_separable_corpus(tmp_path / "corpus", labels, True)
    scored, empty = tmp_path / "scored.parquet", tmp_path / "empty"
    logits, meta = numpy.zeros((1, 2), dtype="float32"), TextsMeta(labels, "t", "[MASK]", 0)
    write_scores(scored, [TextRow("a lamp", "data:1", "swap")], logits, meta)
    spacy.blank("en").to_disk(empty)

    def stop(nlp: Language, *args: Any, **kwargs: Any) -> None:
        built.append(nlp)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_nlp", stop)
    common: dict[str, Any] = {"lang": "en", "seed": 0, "gpu_id": -1}
    with pytest.raises(KeyboardInterrupt):
        if step == "student":
            given = vectors if has_vectors else empty
            train_student(own, corpus, scored, given, tmp_path / "out", **common)
        else:
            train_baseline(own, corpus, tmp_path / "out", **common)
    layers = [layer.name for layer in built[0].get_pipe("textcat").model.walk()]
    assert ("static_vectors" in layers) is expected
    assert bool(len(built[0].vocab.vectors)) is expected


def test_baselines_have_no_vectors_of_the_teacher(small_run: Run) -> None:
    for step, expected in (("student", True), ("baseline", False)):
        nlp = spacy.load(small_run.training / step / "cnn" / "model-best")
        embed = nlp.config["components"]["textcat"]["model"]["tok2vec"]["embed"]
        assert embed["include_static_vectors"] is expected
        assert bool(len(nlp.vocab.vectors)) is expected
