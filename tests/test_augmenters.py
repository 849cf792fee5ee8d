"""Augmenters: one contract for all, then what each is for."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Corpus, Example
from spacy.util import registry

from scripts.distill.augmenters import (
    Augmenter,
    create_mask_tokens_augmenter,
    create_mix_sentences_augmenter,
    create_sample_ngram_augmenter,
    create_sample_sentence_augmenter,
    create_swap_pos_augmenter,
    split_sentences,
)
from scripts.distill.records import TextRow, TextsMeta, write_texts
from scripts.distill.tagging import make_lexicon_tagger
from scripts.distill.teacher_logits import set_teacher_logits

TEXTS = [
    "The old kettle boils water quickly. My sister bought two lamps! They were cheap.",
    "A new lamp shines brightly, and the batteries lasted weeks. Friends called it ugly.",
    "GREAT phone, terrible chargers. The screens scratched and the seller answered slowly.",
]
FROM_CORPUS = ["swap_pos", "mix_sentences"]
NAMES = ["mask_tokens", "sample_ngram", "sample_sentence", *FROM_CORPUS]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gold") / "train.spacy"
    nlp = spacy.blank("en")
    docs = []
    for i, text in enumerate(TEXTS):
        doc = nlp.make_doc(text)
        doc.cats = {"negative": 0.0, "positive": 1.0}
        doc.user_data["source"] = f"reviews:{i}"
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def make(corpus: Path) -> Callable[..., Augmenter]:
    def make_augmenter(name: str, seed: int = 0) -> Augmenter:
        create = registry.augmenters.get(f"distill.{name}.v1")
        extra = {"corpus": corpus} if name in FROM_CORPUS else {}
        return create(seed=seed, **extra)

    return make_augmenter


def run(nlp: Language, augmenter: Augmenter, example: Example, times: int = 30) -> list[str]:
    return [eg.reference.text for _ in range(times) for eg in augmenter(nlp, example)]


@pytest.mark.parametrize("name", NAMES)
def test_contract(
    name: str,
    nlp: Language,
    make: Callable[..., Augmenter],
    make_example: Callable[[str], Example],
) -> None:
    example = make_example(TEXTS[0])
    before = example.reference.text
    augmenter = make(name)
    for _ in range(20):
        for new in augmenter(nlp, example):
            assert isinstance(new, Example)
            assert new.reference.text == new.predicted.text != ""
            # Only the teacher knows what a mixture of texts is.
            kept = {} if name == "mix_sentences" else example.reference.cats
            assert new.reference.cats == kept
            assert new.reference.user_data["source"] == "reviews:1"
    assert example.reference.text == before
    texts = run(nlp, make(name), example)
    assert len(set(texts)) > 1
    assert before not in texts
    assert run(nlp, make(name), example) == texts
    assert run(nlp, make(name, seed=1), example) != texts


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", " ", "Ok", "?!", "\n\n", "日本語のレビュー"])
def test_texts_too_short_to_change_give_nothing_or_something_else(
    name: str,
    text: str,
    nlp: Language,
    make: Callable[..., Augmenter],
    make_example: Callable[[str], Example],
) -> None:
    made = run(nlp, make(name), make_example(text), times=5)
    assert all(new.strip() and new != text for new in made)


@pytest.mark.parametrize("name", NAMES)
def test_works_in_a_spacy_corpus(
    name: str, nlp: Language, corpus: Path, make: Callable[..., Augmenter]
) -> None:
    examples = list(Corpus(corpus, augmenter=make(name))(nlp))
    assert 0 < len(examples) <= len(TEXTS)
    assert {eg.text for eg in examples}.isdisjoint(TEXTS)


@pytest.mark.parametrize("mask", ["[MASK]", "<mask>"])
def test_masks_replace_words_and_keep_the_rest(
    mask: str, nlp: Language, make_example: Callable[[str], Example]
) -> None:
    augmenter = create_mask_tokens_augmenter(0.3, mask)
    for text in run(nlp, augmenter, make_example(TEXTS[2])):
        assert text.count(mask) >= 1
        assert len(text.split()) == len(TEXTS[2].split())
        for old, new in zip(TEXTS[2].split(), text.split()):
            assert new == old or mask in new


def test_masks_are_as_frequent_as_asked(
    nlp: Language, make_example: Callable[[str], Example]
) -> None:
    text = " ".join(f"word{chr(97 + i % 26)}" for i in range(200))
    masked = run(nlp, create_mask_tokens_augmenter(0.1), make_example(text), times=20)
    assert 0.08 < sum(new.count("[MASK]") for new in masked) / (20 * 200) < 0.12


def test_swaps_keep_part_of_speech_form_case_and_spacing(
    nlp: Language, corpus: Path, make_example: Callable[[str], Example]
) -> None:
    tag = make_lexicon_tagger(nlp)
    old = nlp.make_doc(TEXTS[0])
    for text in run(nlp, create_swap_pos_augmenter(corpus, 0.3), make_example(TEXTS[0])):
        new = nlp.make_doc(text)
        assert tag(new) == tag(old)
        assert [t.whitespace_ for t in new] == [t.whitespace_ for t in old]
        assert [t.is_title for t in new] == [t.is_title for t in old]
        changed = [(o.text, n.text) for o, n in zip(old, new) if o.text != n.text]
        assert changed
        assert not any(o.lower() in ("the", "my", "they", "were") for o, _ in changed)


def test_swaps_draw_words_from_where_they_are_told(
    nlp: Language, corpus: Path, make_example: Callable[[str], Example], tmp_path: Path
) -> None:
    pool, vocabulary = tmp_path / "pool.parquet", tmp_path / "words.txt"
    rows = [TextRow("Zebras and giraffes sang.", "pool:0", "pool")]
    write_texts(pool, rows, TextsMeta(["negative", "positive"], "", "", 0))
    vocabulary.write_text("cellos\nviolins\nxylophones\n", encoding="utf8")
    holds = {"train": {"lamps", "batteries"}, "pool": {"zebras", "giraffes"}}
    holds["vocabulary"] = {"cellos", "violins", "xylophones"}
    for words in (["train"], ["pool"], ["vocabulary"], ["train", "pool", "vocabulary"]):
        swap = create_swap_pos_augmenter(corpus, 1.0, words=words, pool=pool, vocabulary=vocabulary)
        made = run(nlp, swap, make_example("My sister bought two kettles!"), times=60)
        met = {token.lower_ for text in made for token in nlp.make_doc(text)}
        assert {source for source in holds if holds[source] & met} == set(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], r"words = \[\]"),
        (["lexicon"], r"Expected some of 'train', 'pool', 'vocabulary'"),
        (["pool"], "pool = null"),
        (["train", "vocabulary"], "vocabulary = null"),
    ],
)
def test_sources_of_words_that_do_not_fit_are_refused(
    words: list[str], message: str, corpus: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        create_swap_pos_augmenter(corpus, words=words)


def test_ngrams_are_runs_of_the_text(nlp: Language, make_example: Callable[[str], Example]) -> None:
    lengths = set()
    for text in run(nlp, create_sample_ngram_augmenter(2, 4), make_example(TEXTS[1]), 200):
        assert text in TEXTS[1]
        lengths.add(len(nlp.make_doc(text)))
    assert lengths == {2, 3, 4}


def test_sentences_are_whole_and_fewer(
    nlp: Language, make_example: Callable[[str], Example]
) -> None:
    texts = set(run(nlp, create_sample_sentence_augmenter(2), make_example(TEXTS[0]), 100))
    first, second, third = (
        "The old kettle boils water quickly.",
        "My sister bought two lamps!",
        "They were cheap.",
    )
    assert texts == {first, second, third, f"{first} {second}", f"{second} {third}"}


def test_sentences_of_the_reference_are_used(nlp: Language) -> None:
    reference = nlp.make_doc("one two three four")
    for token in reference:
        token.is_sent_start = token.i in (0, 2)
    example = Example(nlp.make_doc(reference.text), reference)
    texts = run(nlp, create_sample_sentence_augmenter(1), example)
    assert set(texts) == {"one two", "three four"}


def test_mixtures_hold_a_sentence_of_the_text_and_some_of_others(
    nlp: Language, corpus: Path, make_example: Callable[[str], Example]
) -> None:
    sentences = {sent.text for text in TEXTS for sent in split_sentences(nlp.make_doc(text))}
    assert len(sentences) == 7
    mixtures = [
        {sentence for sentence in sentences if sentence in text}
        for text in run(nlp, create_mix_sentences_augmenter(corpus, 3), make_example(TEXTS[0]), 200)
    ]
    own = {sentence for sentence in sentences if sentence in TEXTS[0]}
    assert all(mixture & own for mixture in mixtures)
    assert any(mixture - own for mixture in mixtures)
    assert {len(mixture) for mixture in mixtures} >= {2, 3}
    assert set.union(*mixtures) == sentences


def test_texts_of_one_sentence_are_not_mixed(
    nlp: Language, tmp_path: Path, make_example: Callable[[str], Example]
) -> None:
    path = tmp_path / "train.spacy"
    DocBin(docs=[nlp.make_doc("One sentence."), nlp.make_doc("Another.")]).to_disk(path)
    assert run(nlp, create_mix_sentences_augmenter(path), make_example(TEXTS[0])) == []


@pytest.mark.parametrize("probability", [0.0, -0.1, 1.5])
def test_bad_probabilities_are_refused(probability: float, corpus: Path) -> None:
    with pytest.raises(ValueError, match=f"probability = {probability}"):
        create_mask_tokens_augmenter(probability)
    with pytest.raises(ValueError, match=f"probability = {probability}"):
        create_swap_pos_augmenter(corpus, probability)


@pytest.mark.parametrize(("low", "high"), [(0, 3), (4, 3)])
def test_bad_lengths_are_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="1 <= min_length <= max_length"):
        create_sample_ngram_augmenter(low, high)


def test_other_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="mask_token"):
        create_mask_tokens_augmenter(0.1, "")
    with pytest.raises(ValueError, match="1 or more"):
        create_sample_sentence_augmenter(0)
    with pytest.raises(ValueError, match="max_sentences = 1"):
        create_mix_sentences_augmenter(Path("train.spacy"), 1)


def test_what_a_teacher_said_of_the_old_text_is_left_behind(
    nlp: Language, corpus: Path, make: Callable[..., Augmenter]
) -> None:
    reference = nlp.make_doc(TEXTS[0])
    set_teacher_logits(reference, ["negative", "positive"], [1.0, 2.0])
    reference.user_data["source"] = "reviews:0"
    reference.user_data[("._.", "whole", None, None)] = "kept"
    reference.user_data[("._.", "part", 4, 10)] = "dropped"
    example = Example(nlp.make_doc(TEXTS[0]), reference)
    for name in NAMES:
        for new in make(name)(nlp, example):
            assert new.reference.user_data == {
                "source": "reviews:0",
                ("._.", "whole", None, None): "kept",
            }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(min_size=0, max_size=60))
def test_any_text_goes_through(make: Callable[..., Augmenter], text: str) -> None:
    nlp = spacy.blank("en")
    reference = nlp.make_doc(text)
    example = Example(nlp.make_doc(text), reference)
    for name in NAMES:
        for new in make(name)(nlp, example):
            assert new.reference.text.strip()
            assert new.reference.text != text
