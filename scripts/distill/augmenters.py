"""Augmenters: ways to make a new text of an old one, for the teacher to score.

Each has the signature of spaCy's augmenter registry, `(nlp, example) -> Iterator[Example]`, and
yields one new example, or none where it can't change the text. The new reference keeps the
annotations on the text as a whole: its categories and where it came from. Where a text alone is
wanted, `propose` gives it, and spares its tokens.

Masks, swaps and n-grams follow Tang et al. 2019 ("Distilling Task-Specific Knowledge from BERT into
Simple Neural Networks", section 3.2), sentences NLP Town's "Distilling BERT models with spaCy" (2019).
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from .documents import SOURCE
from .errors import SettingError
from .records import POOL, sample_texts
from .settings import check_least, check_share
from .swap_words import Candidates, draw, match_case, weigh_words
from .tagging import LEXICON, Tagger, make_tagger
from .teacher_logits import TEACHER_LOGITS
from .vocabulary import is_word

# Where words to swap in come from, beside the pool.
TRAIN, VOCABULARY = "train", "vocabulary"

Augmenter = Callable[[Language, Example], Iterator[Example]]


@dataclass(frozen=True)
class TextAugmenter:
    """An augmenter that makes one new text of a text.

    propose (Callable[[Language, Doc], str | None]): Gives the new text, or None where it can't change
        the old one. The document is left as it is.
    keeps_cats (bool): Whether the old text's categories are the new one's.
    """

    propose: Callable[[Language, Doc], str | None]
    keeps_cats: bool = True

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """Make an example of the new text.

        nlp (Language): Its tokenizer is used.
        example (Example): The old example.
        YIELDS (Example): The new one, or none.
        """
        text = self.propose(nlp, example.reference)
        if text is not None:
            yield make_variant(nlp, example, text, keeps_cats=self.keeps_cats)


def make_variant(nlp: Language, example: Example, text: str, *, keeps_cats: bool = True) -> Example:
    """Make an example of a new text that keeps what is known of the old text as a whole: its categories
    and user data, but for what belongs to its characters or is what a teacher said of it.

    nlp (Language): Its tokenizer is used.
    example (Example): The old example.
    text (str): The new text.
    keeps_cats (bool): Whether it keeps the categories.
    RETURNS (Example): The new one.
    """
    predicted = nlp.make_doc(text)
    reference = predicted.copy()  # tokenizing takes many times as long
    if keeps_cats:
        reference.cats = dict(example.reference.cats)
    for key, value in example.reference.user_data.items():
        # Extension attributes: ("._.", name, first character, last character).
        of_characters = isinstance(key, tuple) and any(part is not None for part in key[2:])
        if key != TEACHER_LOGITS and not of_characters:
            reference.user_data[key] = value
    return Example(predicted, reference)


def _join(doc: Doc, words: Sequence[str]) -> str:
    return "".join(word + token.whitespace_ for word, token in zip(words, doc))


@registry.augmenters("distill.mask_tokens.v1")
def create_mask_tokens_augmenter(
    probability: float = 0.1, mask_token: str = "[MASK]", seed: int = 0
) -> TextAugmenter:
    """Hide words: each is replaced by the teacher's mask token with a given probability, one at
    least. It shows the student how much each word matters to the teacher.

    probability (float): Probability for each word, above 0, at most 1 (Tang et al.: 0.1).
    mask_token (str): The teacher's mask token; another teacher may have another.
    seed (int): Seed.
    RETURNS (TextAugmenter): The augmenter.
    RAISES (ValueError): The probability is out of range, or the mask token is empty.
    """
    check_share("probability", probability, "distill.mask_tokens.v1")
    if not mask_token:
        raise SettingError(
            "Can't use mask_token = '' in distill.mask_tokens.v1. Expected the token that the "
            "teacher's tokenizer reads as a hidden word."
        )
    rng = random.Random(seed)

    def mask_tokens(_nlp: Language, doc: Doc) -> str | None:
        maskable = [token.i for token in doc if is_word(token.text)]
        # A text of one word would be all mask.
        if len(maskable) < 2:
            return None
        chosen = {i for i in maskable if rng.random() < probability} or {rng.choice(maskable)}
        words = [mask_token if token.i in chosen else token.text for token in doc]
        return _join(doc, words)

    return TextAugmenter(mask_tokens)


def read_pool_docs(nlp: Language, pool: Path | None, n_texts: int, seed: int = 0) -> list[Doc]:
    """Read some of the pool's texts.

    nlp (Language): Tokenizes them.
    pool (Path | None): Parquet file of unlabelled texts.
    n_texts (int): How many of them to take at most, drawn evenly.
    seed (int): Seed of the draw.
    RETURNS (list[Doc]): Their documents; `user_data["source"]` says where each came from. None where
        there is no pool.
    RAISES (InputError): The pool can't be read.
    """
    docs = []
    for row in sample_texts(Path(pool), n_texts, seed) if pool else ():
        doc = nlp.make_doc(row.text)
        doc.user_data[SOURCE] = row.source
        docs.append(doc)
    return docs


@registry.augmenters("distill.swap_pos.v1")
def create_swap_pos_augmenter(
    corpus: Path,
    probability: float = 0.1,
    tagger: str = LEXICON,
    seed: int = 0,
    words: list[str] | None = None,
    pool: Path | None = None,
    pool_texts: int = 5000,
    vocabulary: Path | None = None,
) -> TextAugmenter:
    """Swap words: each may be replaced by another of the same part of speech and form with a given
    probability, one at least. Case and spacing are kept.

    corpus (Path): .spacy file of the training texts.
    probability (float): Probability for each word, above 0, at most 1 (Tang et al.: 0.1).
    tagger (str): An installed spaCy pipeline that tags, or "lexicon" for word lists.
    seed (int): Seed.
    words (list[str] | None): Where words are drawn from: any of "train", the training texts; "pool";
        and "vocabulary", the words that the teacher knows, the more often the more frequent they are,
        so that the student meets words that no text holds. None: train.
    pool (Path | None): Parquet file of unlabelled texts.
    pool_texts (int): How many of them to look at.
    vocabulary (Path | None): The teacher's words, one a line, from frequent to rare.
    RETURNS (TextAugmenter): The augmenter.
    RAISES (ValueError): A setting is out of range, or the file that `words` asks for isn't named.
    RAISES (InputError): The tagger or a file can't be used.
    """
    check_share("probability", probability, "distill.swap_pos.v1")
    check_least("pool_texts", pool_texts, 0, "distill.swap_pos.v1")
    sources = [TRAIN] if words is None else words
    _check_sources(sources, {TRAIN: corpus, POOL: pool, VOCABULARY: vocabulary})
    rng = random.Random(seed)
    tagged: dict[str, list[str]] = {}

    @cache
    def prepare(nlp: Language) -> tuple[Tagger, dict[str, Candidates]]:
        # What language the words are in is known with the first call only.
        tag = make_tagger(nlp, tagger)
        docs = read_pool_docs(nlp, pool, pool_texts, seed) if POOL in sources else []
        if TRAIN in sources:
            docs += DocBin().from_disk(corpus).get_docs(nlp.vocab)
        file = Path(vocabulary) if vocabulary and VOCABULARY in sources else None
        known = file.read_text(encoding="utf8").split() if file else []
        return tag, weigh_words(docs, known, tag, nlp)

    def swap_pos(nlp: Language, doc: Doc) -> str | None:
        tag, candidates = prepare(nlp)
        text = doc.text
        if text not in tagged:  # the same text comes by many times
            tagged[text] = tag(doc)
        tags = tagged[text]
        swappable = [i for i in range(len(doc)) if tags[i] in candidates]
        if not swappable:
            return None
        chosen = {i for i in swappable if rng.random() < probability} or {rng.choice(swappable)}
        words = [token.text for token in doc]
        for i in sorted(chosen):
            words[i] = match_case(draw(candidates[tags[i]], rng, doc[i].lower_), words[i])
        return _join(doc, words)

    return TextAugmenter(swap_pos)


def _check_sources(sources: Sequence[str], files: Mapping[str, Path | None]) -> None:
    """Check where swaps draw words from; files has each source that there is, and its file."""
    if not sources or set(sources) - set(files):
        raise SettingError(
            f"Can't use words = {sources} in distill.swap_pos.v1. Expected some of "
            f"{', '.join(map(repr, files))}."
        )
    for source in sources:
        if files[source] is None:
            raise SettingError(
                f"Can't draw words from '{source}' in distill.swap_pos.v1: {source} = null. Expected "
                "a file."
            )


@registry.augmenters("distill.sample_ngram.v1")
def create_sample_ngram_augmenter(
    min_length: int = 1, max_length: int = 5, seed: int = 0
) -> TextAugmenter:
    """Sample n-grams: a run of words of the text, its length drawn evenly between two bounds.

    min_length (int): Fewest tokens, at least 1 (Tang et al.: 1).
    max_length (int): Most tokens, at least min_length (Tang et al.: 5).
    seed (int): Seed.
    RETURNS (TextAugmenter): The augmenter.
    RAISES (ValueError): The lengths are out of range.
    """
    if not 1 <= min_length <= max_length:
        raise SettingError(
            f"Can't use min_length = {min_length} and max_length = {max_length} in "
            "distill.sample_ngram.v1. Expected 1 <= min_length <= max_length."
        )
    rng = random.Random(seed)

    def sample_ngram(_nlp: Language, doc: Doc) -> str | None:
        length = rng.randint(min_length, max_length)
        if length >= len(doc):
            return None
        start = rng.randrange(len(doc) - length + 1)
        span = doc[start : start + length]
        # Punctuation and spaces alone say nothing.
        return span.text if any(is_word(token.text) for token in span) else None

    return TextAugmenter(sample_ngram)


@registry.augmenters("distill.sample_sentence.v1")
def create_sample_sentence_augmenter(max_sentences: int = 3, seed: int = 0) -> TextAugmenter:
    """Sample sentences: a run of them, shorter than the text, its length drawn evenly.

    max_sentences (int): Most sentences, at least 1.
    seed (int): Seed.
    RETURNS (TextAugmenter): The augmenter.
    RAISES (ValueError): max_sentences is below 1.
    """
    check_least("max_sentences", max_sentences, 1, "distill.sample_sentence.v1")
    rng = random.Random(seed)

    def sample_sentence(_nlp: Language, doc: Doc) -> str | None:
        sentences = split_sentences(doc)
        if len(sentences) < 2:
            return None
        length = rng.randint(1, min(max_sentences, len(sentences) - 1))
        start = rng.randrange(len(sentences) - length + 1)
        first, last = sentences[start], sentences[start + length - 1]
        return first.doc[first.start : last.end].text.strip()

    return TextAugmenter(sample_sentence)


@registry.augmenters("distill.mix_sentences.v1")
def create_mix_sentences_augmenter(
    corpus: Path,
    max_sentences: int = 6,
    seed: int = 0,
    pool: Path | None = None,
    pool_texts: int = 5000,
) -> TextAugmenter:
    """Mix sentences: one of the text among some of other texts. A student that could
    tell whole texts by heart must weigh sentences here, as the teacher does.

    How many is drawn evenly from two to as many as a text drawn at random has, so that texts
    of one sentence alone aren't mixed. What the gold labels of a mixture are only the teacher knows:
    they are dropped.

    corpus (Path): .spacy file of the texts to draw sentences from.
    max_sentences (int): Most sentences, at least 2.
    seed (int): Seed.
    pool (Path | None): Parquet file of unlabelled texts to draw sentences from as well.
    pool_texts (int): How many of them to look at.
    RETURNS (TextAugmenter): The augmenter.
    RAISES (ValueError): A number is out of range.
    """
    check_least("max_sentences", max_sentences, 2, "distill.mix_sentences.v1")
    check_least("pool_texts", pool_texts, 0, "distill.mix_sentences.v1")
    rng = random.Random(seed)
    sentences: list[str] = []
    numbers: list[int] = []

    def mix_sentences(nlp: Language, doc: Doc) -> str | None:
        # What language the texts are in is known with the first call only.
        if not numbers:
            others = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
            for other in others + read_pool_docs(nlp, pool, pool_texts, seed):
                found = [sent.text.strip() for sent in split_sentences(other)]
                sentences.extend(found)
                numbers.append(len(found))
        own = split_sentences(doc)
        most = min(rng.choice(numbers), max_sentences)
        if not own or most < 2:
            return None
        mixed = [rng.choice(own).text.strip(), *rng.sample(sentences, rng.randint(2, most) - 1)]
        rng.shuffle(mixed)
        text = " ".join(mixed)
        return text if text != doc.text else None

    return TextAugmenter(mix_sentences, keeps_cats=False)


def mark_sentences(doc: Doc) -> Doc:
    """Mark where sentences begin, so that a document that is split often is read for them once.

    doc (Doc): The document; it is left as it is.
    RETURNS (Doc): A copy whose sentences end in a full stop, question or exclamation mark; or the
        document, where it has sentences of its own.
    """
    return doc if doc.has_annotation("SENT_START") else Sentencizer()(doc.copy())


def split_sentences(doc: Doc) -> list[Span]:
    """Split a document into sentences that hold a word.

    doc (Doc): The document; where it has no sentences of its own, see mark_sentences.
    RETURNS (list[Span]): The sentences.
    """
    sentences = mark_sentences(doc).sents
    return [sent for sent in sentences if any(is_word(token.text) for token in sent)]
