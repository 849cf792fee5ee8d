"""What is particular to a language stays whole: accents, elisions, compounds, abbreviations, verbs in
two parts, from synthetic texts to word vectors.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from scripts.distill.augmenters import (
    TextAugmenter,
    create_mask_tokens_augmenter,
    create_mix_sentences_augmenter,
    create_sample_ngram_augmenter,
    create_sample_sentence_augmenter,
    create_swap_pos_augmenter,
    split_sentences,
)
from scripts.distill.scoring import encode_words, load_teacher
from scripts.distill.tagging import make_tagger
from scripts.distill.vocabulary import is_word

from .conftest import Run

# For each language: a text with what is particular to it, others to take words from, and the number of
# the text's sentences.
TEXTS = {
    "en": (
        "It doesn't turn on, e.g. the kettle's lamp. I've sent it back!",
        ["The lamp's cable wasn't long.", "We'd rather buy batteries, i.e. new ones."],
        2,
    ),
    "nl": (
        "Het beeldschermbeveiligingsprogramma valt bijv. steeds uit. 's Avonds bel ik de zaak op!",
        ["De klantenservice neemt niet op.", "Zo'n geïsoleerde thermoskan houdt koffie warm."],
        2,
    ),
    "fr": (
        "L'écran s'allume aujourd'hui, mais l'image est très floue. Qu'elle déception !",
        ["J'ai reçu l'appareil et l'étui hier.", "L'objet n'arrive pas, l'hôtel s'énerve."],
        2,
    ),
    "de": (
        "Die Donaudampfschifffahrtsgesellschaft ruft z.B. nie zurück. Größe und Straße stimmen!",
        [
            "Der Kühlschrank hört nicht auf zu brummen.",
            "Müller schickt Äpfel ab. Die Belegschaft stimmt ab.",
        ],
        2,
    ),
    "it": (
        "L'auricolare è perfetto, dell'acqua però non c'è più. Perché l'ho comprato?",
        ["Un'amica ha l'orologio blu.", "L'acqua è nell'armadio, l'altra è già finita."],
        2,
    ),
    "es": (
        "¿Dónde está el pingüino? ¡El señor devolvió dos tazas rotas!",
        ["La cafetera no funciona.", "El niño perdió las botas viejas."],
        2,
    ),
    # Vowels are marks on consonants: few words are letters alone.
    "hi": (
        "केतली बिजली से चलती है और पानी जल्दी गर्म होता है। मुझे यह नहीं चाहिए!",
        ["पुरानी कहानी में पतली चादर पर हल्दी गिरी।", "कुर्सी टूटी मिली, बत्ती भी जलती नहीं।"],
        2,
    ),
}
LANGS = list(TEXTS)
VOWELS = "aeiouàâéèêëîïôœùûh"


@pytest.fixture
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The texts of the test's language as training texts."""
    lang = request.node.callspec.params["lang"]
    nlp, (text, others, _) = spacy.blank(lang), TEXTS[lang]
    DocBin(docs=[nlp.make_doc(t) for t in (text, *others)]).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


def propose(
    lang: str, augmenter: TextAugmenter, times: int = 60
) -> tuple[Language, str, list[str]]:
    """Texts made of the language's text."""
    nlp, text = spacy.blank(lang), TEXTS[lang][0]
    made = [augmenter.propose(nlp, nlp.make_doc(text)) for _ in range(times)]
    return nlp, text, [new for new in made if new is not None]


def spacy_words(nlp: Language, text: str) -> set[str]:
    return {token.text for token in nlp.make_doc(text)}


@pytest.mark.parametrize("lang", LANGS)
def test_masks_hide_whole_words(lang: str) -> None:
    nlp, text, made = propose(lang, create_mask_tokens_augmenter(0.2, "[MASK]"))
    words = {token.text for token in nlp.make_doc(text) if is_word(token.text)}
    # Each word is hidden at some time.
    hidden = {word for word in words if any(word not in spacy_words(nlp, new) for new in made)}
    assert hidden == words
    for new in made:
        pattern = ".+".join(re.escape(part) for part in new.split("[MASK]"))
        assert re.fullmatch(pattern, text)
        assert new.count("[MASK]") <= len(words)
        # Signs of the language that no word consists of are still there.
        for sign in "¿¡!?.'":
            assert new.count(sign) >= sum(t.text == sign for t in nlp.make_doc(text))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "create", [create_sample_ngram_augmenter, create_sample_sentence_augmenter]
)
def test_samples_are_runs_of_whole_tokens(create: Callable[[], TextAugmenter], lang: str) -> None:
    nlp, text, made = propose(lang, create())
    doc = nlp.make_doc(text)
    starts = {token.idx for token in doc}
    ends = {token.idx + len(token) for token in doc}
    assert made
    for new in made:
        places = [match.start() for match in re.finditer(re.escape(new), text)]
        assert any(place in starts and place + len(new) in ends for place in places), new


@pytest.mark.parametrize("lang", LANGS)
def test_abbreviations_end_no_sentence(lang: str) -> None:
    nlp = spacy.blank(lang)
    text, _, count = TEXTS[lang]
    assert len(split_sentences(nlp.make_doc(text))) == count


@pytest.mark.parametrize("lang", LANGS)
def test_swaps_take_known_words_and_keep_the_rest(lang: str, corpus: Path) -> None:
    nlp, text, made = propose(lang, create_swap_pos_augmenter(corpus, 0.3), 200)
    known = {token.lower_ for t in (text, *TEXTS[lang][1]) for token in nlp.make_doc(t)}
    old = nlp.make_doc(text)
    assert len(set(made)) > 1
    for new in made:
        doc = nlp.make_doc(new)
        assert len(doc) == len(old), new
        assert [token.whitespace_ for token in doc] == [token.whitespace_ for token in old]
        assert {token.lower_ for token in doc} <= known
        assert [token.is_title for token in doc if token.i == 0] == [old[0].is_title]


def test_swaps_reach_words_with_marks() -> None:
    nlp = spacy.blank("hi")
    doc = nlp.make_doc(TEXTS["hi"][0])
    tagged = [token.text for token, tag in zip(doc, make_tagger(nlp)(doc)) if tag]
    assert {"केतली", "बिजली", "पानी", "जल्दी", "चाहिए"} <= set(tagged)


@pytest.mark.parametrize("lang", ["fr", "it"])
def test_no_consonant_follows_an_elision(lang: str, corpus: Path) -> None:
    _, _, made = propose(lang, create_swap_pos_augmenter(corpus, 0.5), 300)
    after = {word.lower() for new in made for word in re.findall(r"\b[LlDd]'(\w+)", new)}
    assert len(after) > 1
    assert all(word[0] in VOWELS for word in after), after


@pytest.mark.parametrize("lang", LANGS)
def test_mixtures_hold_whole_sentences(lang: str, corpus: Path) -> None:
    _, text, made = propose(lang, create_mix_sentences_augmenter(corpus, 3), 30)
    nlp = spacy.blank(lang)
    whole = {
        sent.text.strip()
        for t in (text, *TEXTS[lang][1])
        for sent in split_sentences(nlp.make_doc(t))
    }
    assert made
    for new in made:
        rest = new
        for sentence in sorted(whole, key=len, reverse=True):
            rest = rest.replace(sentence, "")
        assert not rest.strip(), rest


def test_elided_words_are_apart() -> None:
    nlp = spacy.blank("fr")
    tag = make_tagger(nlp)
    tags = dict(zip(("l'", "écran", "écran"), tag(nlp.make_doc("l'écran écran"))))
    assert tags["écran"] and not tags["écran"].endswith("'")
    first = tag(nlp.make_doc("l'écran"))[1]
    assert first == tags["écran"] + "'"
    # A quotation mark elides nothing.
    english = spacy.blank("en")
    assert make_tagger(english)(english.make_doc("'lamp'")) == [
        "",
        *make_tagger(english)(english.make_doc("lamp")),
        "",
    ]


def test_words_of_any_length_and_script_have_vectors(small_run: Run) -> None:
    words = ["Donaudampfschifffahrtsgesellschaftskapitän", "écran", "pingüino", "perché", "ß"]
    rows = encode_words(load_teacher(small_run.teacher), words)
    assert rows.shape[0] == len(words)
    assert numpy.isfinite(rows).all()


@pytest.mark.parametrize("lang", LANGS)
def test_augmenters_work_on_examples(lang: str) -> None:
    nlp, text = spacy.blank(lang), TEXTS[lang][0]
    example = Example(nlp.make_doc(text), nlp.make_doc(text))
    (new,) = create_mask_tokens_augmenter(0.5)(nlp, example)
    assert new.text == new.reference.text != text
