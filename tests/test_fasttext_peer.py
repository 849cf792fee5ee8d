"""fastText as a peer, and steps that go without where it isn't installed."""

from pathlib import Path
from typing import NamedTuple

import numpy
import pytest

from scripts.distill import fasttext_peer, side_by_side
from scripts.distill.documents import read_gold
from scripts.distill.errors import InputError
from scripts.distill.evaluation import as_models, list_candidates
from scripts.distill.fasttext_classifier import MODEL, as_predictor, is_installed
from scripts.distill.fasttext_peer import (
    NOTE,
    SETTINGS,
    FastTextTrained,
    count_bigrams,
    train_fasttext,
    write_lines,
)
from scripts.distill.measure import load_predictor
from scripts.distill.metrics import decide
from scripts.distill.model_names import FASTTEXT

from .conftest import RunStep
from .separable import CASE_NAMES, CASES, SIGNS, write_separable_corpus

needs_fasttext = pytest.mark.skipif(not is_installed(), reason="fastText isn't installed")


class Trained(NamedTuple):
    """A corpus, its labels in an order that isn't the alphabet's, and what was trained on it."""

    corpus: Path
    labels: list[str]
    exclusive: bool
    result: FastTextTrained


@pytest.fixture(scope="module", params=CASES, ids=CASE_NAMES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    labels, exclusive = request.param
    folder = tmp_path_factory.mktemp("fasttext")
    corpus = write_separable_corpus(folder / "corpus", labels, exclusive)
    result = train_fasttext(corpus, folder / "model", lang="en", seed=0)
    assert result is not None
    return Trained(corpus, labels, exclusive, result)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_separable_corpus(tmp_path / "corpus", ["praise", "anger"], True)


@pytest.fixture
def without_fasttext(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasttext_peer, "is_installed", lambda: False)
    monkeypatch.setattr(side_by_side, "packages_distributions", dict)


@needs_fasttext
def test_learns_a_separable_corpus(trained: Trained) -> None:
    test = read_gold(trained.corpus / "test.spacy", "en")
    found = load_predictor(trained.result.path, trained.labels)(test.texts)
    assert found.shape == test.labels.shape
    assert (decide(found, trained.exclusive) == test.labels).all()
    assert trained.result.dev_score > 0.95


@needs_fasttext
def test_probabilities_of_every_label_in_corpus_order(trained: Trained) -> None:
    predict = load_predictor(trained.result.path, trained.labels)
    found = predict([SIGNS[label] for label in trained.labels])
    assert found.argmax(axis=1).tolist() == list(range(len(trained.labels)))
    found = predict([" ".join(SIGNS[label] for label in trained.labels), "not known", "", "a\nb"])
    assert ((found > 0) & (found <= 1)).all()
    if trained.exclusive:
        assert found.sum(axis=1) == pytest.approx(numpy.ones(4))
    else:
        # Several labels can be likely at once.
        assert (found[0] > 0.5).all()


@needs_fasttext
def test_dev_decides_the_setting(trained: Trained, tmp_path: Path) -> None:
    train, dev = (read_gold(trained.corpus / f"{split}.spacy", "en") for split in ("train", "dev"))
    write_lines(tmp_path / "train.txt", train.texts, train.labels)
    scores = []
    for setting in SETTINGS:
        buckets = count_bigrams(train.texts)
        model = fasttext_peer._fit(
            tmp_path / "train.txt", setting, trained.exclusive, buckets, seed=0
        )
        found = as_predictor(model.f, len(trained.labels))(dev.texts)
        decided = decide(found, trained.exclusive)
        # Micro-averaged F-score: twice the hits over all that was said and was to be said.
        scores.append(2 * (decided & dev.labels).sum() / (decided.sum() + dev.labels.sum()))
    assert len(set(scores)) > 1
    assert trained.result.dev_score == pytest.approx(max(scores))
    assert trained.result.setting == SETTINGS[int(numpy.argmax(scores))]


@needs_fasttext
def test_same_seed_same_file_in_the_place_of_the_old(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stale.txt").write_text("old", encoding="utf8")
    again = train_fasttext(trained.corpus, tmp_path / "model", lang="en", seed=0)
    assert again is not None
    assert list((tmp_path / "model").iterdir()) == [again.path]
    assert again[1:] == trained.result[1:]
    assert again.path.read_bytes() == trained.result.path.read_bytes()


@needs_fasttext
def test_each_seed_gives_another_classifier(tmp_path: Path) -> None:
    write_lines(tmp_path / "train.txt", ["good", "bad"], numpy.eye(2, dtype=int))
    files = set()
    for seed in (0, 1, 2, 2**31 - 3, 2**32 - 1):
        model = fasttext_peer._fit(tmp_path / "train.txt", SETTINGS[0], True, 1, seed)
        model.save_model(str(tmp_path / MODEL))
        files.add((tmp_path / MODEL).read_bytes())
    assert len(files) == 5


def test_lines_hold_all_labels_and_one_for_texts_without(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    gold = numpy.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    write_lines(path, ["Good, bad", "So-so\nthing", ""], gold)
    assert path.read_text(encoding="utf8").split("\n") == [
        "LABEL0 LABEL2 good , bad",
        "LABEL3 so - so thing",
        "LABEL1 ",
        "",
    ]


def test_pairs_of_words_are_counted_once() -> None:
    assert count_bigrams(["a b a b", "A b!", "c"]) == 3


def test_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'prepare'"):
        train_fasttext(tmp_path / "corpus", tmp_path / "model", lang="en", seed=0)
    assert not (tmp_path / "model").exists()


@needs_fasttext
def test_step_tells_what_was_chosen(corpus: Path, tmp_path: Path, run_step: RunStep) -> None:
    outcome = run_step("fasttext", corpus, tmp_path / FASTTEXT, "--seed", 3)
    assert outcome.code == 0, outcome.output
    assert f"{MODEL}: fastText (learning rate" in outcome.output
    assert FASTTEXT in [candidate.name for candidate in list_candidates(tmp_path, ["bow"])]


@pytest.mark.usefixtures("without_fasttext")
def test_where_it_is_not_installed_the_step_says_so_and_goes_on(
    corpus: Path, tmp_path: Path, run_step: RunStep
) -> None:
    output = tmp_path / FASTTEXT
    output.mkdir()
    (output / MODEL).write_text("of an earlier run", encoding="utf8")
    outcome = run_step("fasttext", corpus, output)
    assert outcome.code == 0, outcome.output
    assert "fastText isn't installed and is left out of the comparison" in outcome.output
    assert [path.name for path in output.iterdir()] == [NOTE]
    names = [candidate.name for candidate in list_candidates(tmp_path, ["bow"])]
    assert names == ["teacher", "student_bow", "baseline_bow", "tfidf_logreg"]


@pytest.mark.usefixtures("without_fasttext")
def test_a_classifier_that_cannot_be_loaded_any_more_is_told(tmp_path: Path) -> None:
    (tmp_path / FASTTEXT).mkdir()
    (tmp_path / FASTTEXT / MODEL).write_text("of an earlier run", encoding="utf8")
    (candidate,) = list_candidates(tmp_path, [])[-1:]
    assert candidate.name == FASTTEXT
    with pytest.raises(InputError, match=r"model\.bin: fastText isn't installed.*--force"):
        as_models([candidate])
