"""The students' corpus: examples that carry the teacher's logits."""

import gc
import itertools
import tracemalloc
from pathlib import Path

import numpy
import pyarrow
import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from scripts.distill import readers, records
from scripts.distill.errors import InputError
from scripts.distill.readers import create_scored_corpus, make_doc, read_method
from scripts.distill.records import TextRow, TextsMeta, write_scores
from scripts.distill.teacher_logits import get_teacher_logits

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


def write_mixture(path: Path, gold: int, synthetic: int) -> Path:
    methods = ["gold"] * gold + ["swap"] * synthetic
    rows = [TextRow(f"{method} {i}", "reviews:1", method) for i, method in enumerate(methods)]
    logits = numpy.arange(2 * len(rows), dtype="float32").reshape(-1, 2)
    write_scores(path, rows, logits, TextsMeta(LABELS, "abc", "[MASK]", 0))
    return path


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 16)


@pytest.mark.usefixtures("small_groups")
def test_streaming_gives_every_text_once_in_another_order_each_epoch(
    nlp: Language, tmp_path: Path
) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 0, 200)
    whole = [eg.text for eg in create_scored_corpus(path, shuffle=False)(nlp)]
    corpus = create_scored_corpus(path, seed=3, buffer_size=40)
    epochs = [[eg.text for eg in corpus(nlp)] for _ in range(2)]
    for epoch in epochs:
        assert sorted(epoch) == sorted(whole)
        assert epoch != whole
        # Texts of several row groups stand side by side.
        groups = [int(text.split()[1]) // 16 for text in epoch]
        assert sum(a != b for a, b in itertools.pairwise(groups)) > 100
    assert epochs[0] != epochs[1]
    again = create_scored_corpus(path, seed=3, buffer_size=40)
    assert [[eg.text for eg in again(nlp)] for _ in range(2)] == epochs


@pytest.mark.usefixtures("small_groups")
def test_streaming_keeps_texts_and_logits_together(nlp: Language, tmp_path: Path) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 0, 100)
    for eg in create_scored_corpus(path, buffer_size=30)(nlp):
        i = int(eg.text.split()[1])
        assert get_teacher_logits(eg.reference) == {"negative": 2 * i, "positive": 2 * i + 1}


@pytest.mark.usefixtures("small_groups")
def test_streaming_without_shuffling_keeps_the_order(nlp: Language, tmp_path: Path) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 0, 50)
    texts = [eg.text for eg in create_scored_corpus(path, shuffle=False, buffer_size=10)(nlp)]
    assert texts == [f"swap {i}" for i in range(50)]


@pytest.mark.parametrize("buffer_size", [0, 1000])
def test_streaming_takes_no_more_memory_for_more_texts(
    nlp: Language, tmp_path: Path, buffer_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the texts: as much memory where they are streamed, more where they are not."""
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 500)
    peaks = []
    for count in (3000, 30000):
        path = write_mixture(tmp_path / f"{count}.parquet", 0, count)
        corpus = create_scored_corpus(path, buffer_size=buffer_size)
        monkeypatch.setattr("scripts.distill.readers.make_doc", lambda nlp, *args: nlp.make_doc(""))
        gc.collect()
        tracemalloc.start()
        assert sum(1 for _ in corpus(nlp)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    if buffer_size:
        assert peaks[1] < 1.3 * peaks[0]
    else:
        assert peaks[1] > 4 * peaks[0]


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize(("count", "streamed"), [(100, False), (101, True)])
def test_files_of_many_texts_are_streamed_unless_a_config_says_otherwise(
    nlp: Language, tmp_path: Path, count: int, streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_TEXTS_WHOLE", 100)
    monkeypatch.setattr(readers, "STREAM_BUFFER", 30)
    path = write_mixture(tmp_path / "scored.parquet", 0, count)

    def read(buffer_size: int | None) -> list[str]:
        return [eg.text for eg in create_scored_corpus(path, buffer_size=buffer_size)(nlp)]

    assert read(0) != read(30)
    assert read(None) == read(30 if streamed else 0)


def test_texts_that_wait_keep_their_own_scores_only(
    nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view of a row would keep its row group in Arrow's memory, which tracemalloc doesn't see."""
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 500)
    path = write_mixture(tmp_path / "scored.parquet", 40, 30000)
    gc.collect()
    before = pyarrow.total_allocated_bytes()
    gold = read_method(path, "gold")
    gc.collect()
    assert len(gold) == 40
    assert pyarrow.total_allocated_bytes() == before
    stream = create_scored_corpus(path, buffer_size=5000)(nlp)
    most = max(pyarrow.total_allocated_bytes() for _ in itertools.islice(stream, 20000))
    assert most - before < 100_000


def test_epoch_without_texts_is_refused(nlp: Language, tmp_path: Path) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 3, 5)
    with pytest.raises(ValueError, match=r"scored\.parquet.*'swap': 0\.0"):
        list(create_scored_corpus(path, weights={"swap": 0.0, "gold": 0.0})(nlp))


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("buffer_size", [0, 25])
def test_gold_documents_among_so_many_synthetic_ones(
    nlp: Language, tmp_path: Path, buffer_size: int
) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 5, 60)
    corpus = create_scored_corpus(path, synthetic_per_gold=4, buffer_size=buffer_size)
    methods = [eg.text.split()[0] for eg in corpus(nlp)]
    assert methods == ["swap", "swap", "swap", "swap", "gold"] * 15
    gold = [eg.text for eg in corpus(nlp) if eg.text.startswith("gold")]
    assert {gold.count(f"gold {i}") for i in range(5)} == {3}  # 15 turns for 5 documents


def test_gold_documents_that_are_missing_are_asked_for(nlp: Language, tmp_path: Path) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 0, 20)
    with pytest.raises(InputError, match=r"no texts of the method 'gold'.*synthetic_per_gold"):
        list(create_scored_corpus(path, synthetic_per_gold=4)(nlp))


def test_gold_documents_carry_gold_labels(nlp: Language, tmp_path: Path) -> None:
    path = write_mixture(tmp_path / "scored.parquet", 2, 4)
    docs = [nlp.make_doc(f"gold {i}") for i in range(2)]
    for doc, label in zip(docs, LABELS):
        doc.cats = {name: float(name == label) for name in LABELS}
    gold = tmp_path / "train.spacy"
    DocBin(docs=docs).to_disk(gold)
    cats = {eg.text: eg.reference.cats for eg in create_scored_corpus(path, gold)(nlp)}
    assert cats["gold 0"] == {"negative": 1.0, "positive": 0.0}
    assert cats["gold 1"] == {"negative": 0.0, "positive": 1.0}
    assert all(cats[f"swap {i}"] == {} for i in range(2, 6))
    DocBin(docs=docs[:1]).to_disk(gold)
    with pytest.raises(InputError, match=r"gold labels of 'gold 1'.*train\.spacy"):
        list(create_scored_corpus(path, gold)(nlp))
    with pytest.raises(InputError, match=r"nothing\.spacy.*prepare"):
        list(create_scored_corpus(path, tmp_path / "nothing.spacy")(nlp))


@pytest.mark.parametrize("setting", ["synthetic_per_gold", "buffer_size"])
def test_negative_numbers_are_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} = -1"):
        create_scored_corpus(None, **{setting: -1})
