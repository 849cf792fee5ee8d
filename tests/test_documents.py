from pathlib import Path

import pytest

from scripts.distill.documents import SOURCE, GoldText, make_docs, read_docs, read_gold, write_docs
from scripts.distill.errors import InputError

LABELS = ["zeal", "calm", "anger"]
TEXTS = [
    GoldText("It's  GREAT, isn't it?", ["zeal"], "reviews:1"),
    GoldText("  Déjà vu 👍🏽\n", ["anger", "calm"], "reviews:3"),
    GoldText("NA", [], "reviews:4"),
]
CATS = [
    {"zeal": 1.0, "calm": 0.0, "anger": 0.0},
    {"zeal": 0.0, "calm": 1.0, "anger": 1.0},
    {"zeal": 0.0, "calm": 0.0, "anger": 0.0},
]


@pytest.mark.parametrize("lang", ["en", "nl", "xx"])
def test_docs_keep_text_labels_and_source(lang: str) -> None:
    docs = make_docs(TEXTS, LABELS, lang)
    assert [doc.text for doc in docs] == [text.text for text in TEXTS]
    assert [doc.user_data[SOURCE] for doc in docs] == [text.source for text in TEXTS]
    assert [list(doc.cats.items()) for doc in docs] == [list(cats.items()) for cats in CATS]


def test_docs_are_tokenized_by_the_language() -> None:
    (doc,) = make_docs([GoldText("I can't.", [], "a:1")], LABELS, "en")
    assert [token.text for token in doc] == ["I", "ca", "n't", "."]


@pytest.mark.parametrize("lang", ["qq", "english", ""])
def test_unknown_language(lang: str) -> None:
    with pytest.raises(InputError) as error:
        make_docs(TEXTS, LABELS, lang)
    message = str(error.value)
    assert f"Can't use the language '{lang}'" in message
    assert "Expected a language code that spaCy has" in message
    assert "--vars.lang" in message


def test_docs_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "train.spacy"
    write_docs(path, make_docs(TEXTS, LABELS, "en"))
    docs = read_docs(path, "en")
    assert [doc.text for doc in docs] == [text.text for text in TEXTS]
    assert [doc.user_data[SOURCE] for doc in docs] == [text.source for text in TEXTS]
    assert [list(doc.cats.items()) for doc in docs] == [list(cats.items()) for cats in CATS]
    assert [p.name for p in path.parent.iterdir()] == ["train.spacy"]


def test_writing_the_same_docs_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_docs(tmp_path / name, make_docs(TEXTS, LABELS, "en"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_gold_is_in_corpus_order(tmp_path: Path) -> None:
    path = tmp_path / "dev.spacy"
    write_docs(path, make_docs(TEXTS, LABELS, "en"))
    gold = read_gold(path, "en")
    assert gold.texts == [text.text for text in TEXTS]
    assert gold.labels.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert gold.labels.dtype.kind == "i"
