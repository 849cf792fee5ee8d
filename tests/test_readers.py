"""The students' corpus: examples that carry the teacher's logits."""

from pathlib import Path

import numpy
import pytest
from spacy.language import Language

from scripts.distill.component import get_teacher_logits
from scripts.distill.errors import InputError
from scripts.distill.readers import create_scored_corpus, make_doc
from scripts.distill.records import TextRow, TextsMeta, write_scores

LABELS = ["negative", "positive"]


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    rows = [TextRow(f"text number {i} is [MASK]", "reviews:1", "mask") for i in range(20)]
    logits = numpy.arange(40, dtype="float32").reshape(20, 2)
    write_scores(tmp_path / "scored.parquet", rows, logits, TextsMeta(LABELS, "abc", "[MASK]", 0))
    return tmp_path / "scored.parquet"


def test_examples_carry_logits_and_no_gold(nlp: Language, scored: Path) -> None:
    examples = list(create_scored_corpus(scored, shuffle=False)(nlp))
    assert [eg.text for eg in examples] == [f"text number {i} is [MASK]" for i in range(20)]
    assert get_teacher_logits(examples[3].reference) == {"negative": 6.0, "positive": 7.0}
    assert get_teacher_logits(examples[3].predicted) is None
    assert examples[3].reference.cats == {}


def test_each_epoch_has_its_own_order(nlp: Language, scored: Path) -> None:
    corpus = create_scored_corpus(scored, seed=1)
    epochs = [[eg.text for eg in corpus(nlp)] for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert sorted(epochs[0]) == sorted(epochs[1])
    again = create_scored_corpus(scored, seed=1)
    assert [[eg.text for eg in again(nlp)] for _ in range(2)] == epochs
    other = create_scored_corpus(scored, seed=2)
    assert [eg.text for eg in other(nlp)] != epochs[0]


@pytest.mark.parametrize("mask", ["[MASK]", "<mask>"])
@pytest.mark.parametrize("text", ["{} first", "in {} the {} middle", "last {}", "it's ({})."])
def test_mask_is_one_token(nlp: Language, mask: str, text: str) -> None:
    masked = text.format(mask, mask)
    doc = make_doc(nlp, masked, mask)
    assert doc.text == masked
    assert [token.text for token in doc].count(mask) == masked.count(mask)


def test_text_without_mask_is_left_alone(nlp: Language) -> None:
    text = "nothing hidden here, [brackets] or not"
    words = [token.text for token in nlp.make_doc(text)]
    assert [token.text for token in make_doc(nlp, text, "[MASK]")] == words
    assert [token.text for token in make_doc(nlp, text, "")] == words


def test_missing_file_is_named(nlp: Language, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.parquet.*step 'score'"):
        list(create_scored_corpus(tmp_path / "nowhere.parquet")(nlp))


def test_null_path_is_refused_when_read(nlp: Language) -> None:
    corpus = create_scored_corpus(None)
    with pytest.raises(ValueError, match=r"paths\.scored"):
        list(corpus(nlp))


def test_weights_thin_out_methods(nlp: Language, tmp_path: Path) -> None:
    methods = ["ngram"] * 500 + ["swap"] * 50 + ["mask"] * 50
    rows = [TextRow(f"{method} {i}", "reviews:1", method) for i, method in enumerate(methods)]
    logits = numpy.zeros((len(rows), 2), dtype="float32")
    path = tmp_path / "scored.parquet"
    write_scores(path, rows, logits, TextsMeta(LABELS, "abc", "[MASK]", 0))
    corpus = create_scored_corpus(path, weights={"ngram": 0.2, "mask": 0.0})
    epochs = [[eg.text for eg in corpus(nlp)] for _ in range(2)]
    for epoch in epochs:
        assert sum(text.startswith("swap") for text in epoch) == 50
        assert not any(text.startswith("mask") for text in epoch)
        assert 60 < sum(text.startswith("ngram") for text in epoch) < 140
    assert set(epochs[0]) != set(epochs[1])


@pytest.mark.parametrize("weight", [-0.1, 1.1])
def test_weights_out_of_range_are_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=rf"weights\.ngram = {weight}"):
        create_scored_corpus(None, weights={"ngram": weight})
