"""Words with the same tag can stand in each other's place."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from scripts.distill.errors import InputError
from scripts.distill.tagging import (
    describe_tagger,
    make_lexicon_tagger,
    make_pipeline_tagger,
    make_tagger,
)


def tags(lang: str, words: list[str]) -> list[str]:
    nlp = spacy.blank(lang)
    return make_lexicon_tagger(nlp)(Doc(nlp.vocab, words=words))


@pytest.mark.parametrize(
    ("lang", "words", "same"),
    [
        ("en", ["batteries", "kettles"], True),
        ("en", ["kettle", "kettles"], False),
        ("en", ["kettle", "kitchen"], True),
        ("en", ["slowly", "kettle"], False),
        ("nl", ["grensplaats", "peilverschil"], True),
        ("fr", ["magnifique", "table"], False),
        ("it", ["cucina", "velocemente"], False),
        ("de", ["Rechnung", "Lieferung"], True),
        ("de", ["Rechnung", "schnell"], False),
    ],
)
def test_tags_tell_classes_and_forms_apart(lang: str, words: list[str], same: bool) -> None:
    first, second = tags(lang, words)
    assert first
    assert second
    assert (first == second) is same


@pytest.mark.parametrize("word", ["the", "The", "and", "they", "!", "7", "http://a.b", "zzxxyq"])
def test_closed_classes_and_unknown_words_have_no_tag(word: str) -> None:
    assert tags("en", [word]) == [""]


def test_irregular_forms_are_known() -> None:
    assert "verb" in tags("en", ["bought"])[0]
    assert "noun" in tags("en", ["children"])[0]


def test_pipeline_tagger_gives_fine_grained_tags(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("tagger")
    tagger.add_label("NN")
    tagger.add_label("VB")
    nlp.initialize()
    nlp.to_disk(tmp_path)
    doc = spacy.blank("en")("kettles boil!")
    found = make_tagger(spacy.blank("en"), str(tmp_path))(doc)
    assert len(found) == 3
    assert all(tag.split("|")[0] in ("NN", "VB") for tag in found[:2])
    assert found[2] == ""


def test_tagger_that_is_not_installed_is_refused() -> None:
    with pytest.raises(InputError, match=r"no_such_pipeline.*--vars\.tagger"):
        make_pipeline_tagger("no_such_pipeline")


def test_pipeline_that_does_not_tag_is_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path)
    with pytest.raises(InputError, match="found: sentencizer"):
        make_pipeline_tagger(str(tmp_path))


def test_source_of_tags_is_said() -> None:
    assert describe_tagger("en", "lexicon") == "word lists"
    assert describe_tagger("de", "lexicon") == "last letters (no word lists for 'de')"
    assert describe_tagger("de", "my_pipeline") == "my_pipeline"
