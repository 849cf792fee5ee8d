"""Word vectors: which words, how wide, and looked up how."""

import shutil
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from numpy.typing import NDArray
from spacy.language import Language

from scripts.distill import vectors
from scripts.distill.errors import InputError
from scripts.distill.records import TextRow, TextsMeta, write_texts
from scripts.distill.vectors import Built, build_vectors, choose_words, count_words, reduce_width

from .conftest import Run


def encode(words: Sequence[str]) -> NDArray[numpy.float32]:
    """Encodings that tell words apart and words of one first letter a little less."""
    rows = [
        [ord(word[0]), len(word), zlib.crc32(word.encode()) % 7, ord(word[-1])] for word in words
    ]
    return numpy.array(rows, dtype="float32")


def test_words_are_counted_as_the_student_sees_them(nlp: Language) -> None:
    counts = count_words(nlp, ["Good, good  lamp!", "I don't"])
    assert counts == {
        **{"Good": 1, "good": 1, ",": 1, "lamp": 1, "!": 1},
        **{"I": 1, "do": 1, "n't": 1},
    }


def test_vocabulary_keeps_no_words_of_texts_that_are_done(
    nlp: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "TEXTS_IN_MEMORY", 7)
    known = len(nlp.vocab.strings)
    counts = count_words(nlp, (f"word{i} of {i % 10}" for i in range(100)))
    assert counts == {
        **{f"word{i}": 1 for i in range(100)},
        "of": 100,
        **{str(i): 10 for i in range(10)},
    }
    assert len(nlp.vocab.strings) == known


def test_words_of_the_texts_come_first() -> None:
    counts = Counter({"lamp": 2, "good": 1, "Good": 2, "iPhone": 1})
    words = choose_words(counts, ["the", "good", "tent"], 10, lower=True)
    assert list(words) == ["good", "lamp", "iphone", "the", "tent"]
    assert words["good"] == ["GOOD", "Good", "good"]
    assert words["iphone"] == ["IPHONE", "Iphone", "iPhone", "iphone"]
    words = choose_words(counts, ["the"], 3, lower=False)
    assert list(words.items()) == [("lamp", ["lamp"]), ("Good", ["Good"]), ("good", ["good"])]


def test_reduced_vectors_keep_distances() -> None:
    rng = numpy.random.default_rng(0)
    encodings = (rng.normal(size=(50, 3)) @ rng.normal(size=(3, 20))).astype("f")
    vectors, variance = reduce_width(encodings, 3, 0)
    assert vectors.shape == (50, 3)
    assert variance == pytest.approx(1, abs=1e-4)  # there were but three dimensions in them
    assert numpy.linalg.norm(vectors, axis=1).mean() == pytest.approx(1, abs=1e-5)
    before = numpy.linalg.norm(encodings[0] - encodings[1:], axis=1)
    after = numpy.linalg.norm(vectors[0] - vectors[1:], axis=1)
    numpy.testing.assert_allclose(after / after[0], before / before[0], rtol=1e-3)


def test_vectors_wider_than_the_encodings_are_refused() -> None:
    with pytest.raises(InputError, match=r"vectors 9 wide of 50 words.*--vars\.vector_width"):
        reduce_width(numpy.zeros((50, 8), dtype="f"), 9, 0)


@pytest.mark.parametrize("lower", [True, False])
def test_vectors_are_looked_up_by_the_teachers_case(
    lower: bool, small_run: Run, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(small_run.corpus, corpus)
    write_texts(
        corpus / "pool.parquet",
        [TextRow("Zebra crossing", "pool:1", "pool")],
        TextsMeta([], "", "", 0),
    )
    built = build_vectors(
        corpus,
        ["quagga", "Quagga"] if not lower else ["quagga"],
        encode,
        tmp_path / "vectors",
        lang="en",
        lower=lower,
        n_words=10_000,
        width=2,
        seed=0,
    )
    nlp = spacy.load(tmp_path / "vectors")
    vectors = nlp.vocab.vectors
    assert vectors.shape[1] == built.width == 2
    assert len(vectors) <= built.words < vectors.n_keys + (not lower)
    doc = nlp("zebra Zebra quagga QUAGGA xyzzy")
    assert [token.has_vector for token in doc] == [lower, True, True, lower, False]
    if lower:
        numpy.testing.assert_array_equal(doc[0].vector, doc[1].vector)
    assert [path.name for path in tmp_path.iterdir() if path != corpus] == ["vectors"]


def build_twelve(corpus: Path, output: Path) -> Built:
    settings: dict[str, Any] = {"lang": "en", "lower": True, "n_words": 12, "width": 2, "seed": 0}
    return build_vectors(corpus, [], encode, output, **settings)


def test_number_of_words_is_kept_to(small_run: Run, tmp_path: Path) -> None:
    assert build_twelve(small_run.corpus, tmp_path / "vectors").words == 12


def test_missing_training_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.spacy.*step 'prepare'"):
        build_twelve(tmp_path, tmp_path / "vectors")


def test_missing_pool_is_named(small_run: Run, tmp_path: Path) -> None:
    shutil.copy(small_run.corpus / "train.spacy", tmp_path)
    with pytest.raises(InputError, match=r"pool\.parquet.*step 'prepare'"):
        build_twelve(tmp_path, tmp_path / "vectors")
    assert not (tmp_path / "vectors").exists()
