"""Augmenters: ways to make a new text of an old one, for the teacher to score.

Each has the signature of spaCy's augmenter registry, `(nlp, example) -> Iterator[Example]`, and
yields one new example, or none where it can't change the text. The new reference keeps the
annotations on the text as a whole: its categories and where it came from.

Masks, swaps and n-grams follow Tang et al. 2019 ("Distilling Task-Specific Knowledge from BERT into
Simple Neural Networks", section 3.2), sentences NLP Town's "Distilling BERT models with spaCy" (2019).
"""

import math
import random
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from spacy.language import Language
from spacy.lookups import load_lookups
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from .documents import SOURCE
from .errors import SettingError
from .records import POOL, sample_texts
from .settings import check_least, check_share
from .tagging import LEXICON, Tagger, make_tagger
from .teacher_logits import TEACHER_LOGITS

# After these a capital letter opens a sentence.
SENTENCE_ENDS = (".", "!", "?", "...", "…", "\n", "\n\n")
# Where words to swap in come from, beside the pool.
TRAIN, VOCABULARY = "train", "vocabulary"
# spacy-lookups-data's table of logarithms of words' probabilities.
PROBABILITIES = "lexeme_prob"
# A word is drawn so often at most until it is another one than that in the text.
MAX_DRAWS = 20

Augmenter = Callable[[Language, Example], Iterator[Example]]


def make_variant(nlp: Language, example: Example, text: str) -> Example:
    """Make an example of a new text that keeps what is known of the old text as a whole: its categories
    and user data, but for what belongs to its characters or is what a teacher said of it.

    nlp (Language): Its tokenizer is used.
    example (Example): The old example.
    text (str): The new text.
    RETURNS (Example): The new one.
    """
    predicted = nlp.make_doc(text)
    reference = predicted.copy()  # tokenizing takes many times as long
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
) -> Augmenter:
    """Hide words: each is replaced by the teacher's mask token with a given probability, one at
    least. It shows the student how much each word matters to the teacher.

    probability (float): Probability for each word, above 0, at most 1 (Tang et al.: 0.1).
    mask_token (str): The teacher's mask token; another teacher may have another.
    seed (int): Seed.
    RETURNS (Augmenter): The augmenter.
    RAISES (ValueError): The probability is out of range, or the mask token is empty.
    """
    check_share("probability", probability, "distill.mask_tokens.v1")
    if not mask_token:
        raise SettingError(
            "Can't use mask_token = '' in distill.mask_tokens.v1. Expected the token that the "
            "teacher's tokenizer reads as a hidden word."
        )
    rng = random.Random(seed)

    def mask_tokens(nlp: Language, example: Example) -> Iterator[Example]:
        doc = example.reference
        maskable = [token.i for token in doc if token.is_alpha]
        # A text of one word would be all mask.
        if len(maskable) < 2:
            return
        chosen = {i for i in maskable if rng.random() < probability} or {rng.choice(maskable)}
        words = [mask_token if token.i in chosen else token.text for token in doc]
        yield make_variant(nlp, example, _join(doc, words))

    return mask_tokens


def match_case(word: str, like: str) -> str:
    """Give a word the case of the one whose place it takes.

    word (str): The new word.
    like (str): The old word.
    RETURNS (str): In capitals where the old one is (and has more than one letter), with an initial
        capital where the old one has one, else as it is.
    """
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def list_words_by_tag(docs: Sequence[Doc], tagger: Tagger) -> dict[str, list[str]]:
    """List the words that stand under each tag.

    docs (Sequence[Doc]): The documents to take words from.
    tagger (Tagger): Gives a tag for each token.
    RETURNS (dict[str, list[str]]): For each tag its words, each once, in alphabetical order, in the
        spelling they mostly have. The capital that opens a sentence doesn't count.
    """
    spellings: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for doc in docs:
        for token, tag in zip(doc, tagger(doc)):
            if tag:
                opens = token.i == 0 or doc[token.i - 1].text in SENTENCE_ENDS
                spelling = token.lower_ if opens and token.is_title else token.text
                spellings[tag][token.lower_][spelling] += 1
    return {
        tag: sorted(counts.most_common(1)[0][0] for counts in words.values())
        for tag, words in spellings.items()
    }


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


def weigh_vocabulary(words: Sequence[str], lang: str) -> list[float]:
    """Guess how frequent the words of a vocabulary are: from spacy-lookups-data's probabilities where
    it has them for a language, else by Zipf's law from their order. Tokenizers are built from frequent
    to rare.

    words (Sequence[str]): The words, in the order of the vocabulary.
    lang (str): Language code.
    RETURNS (list[float]): A weight above 0 for each.
    """
    tables = load_lookups(lang, [PROBABILITIES], strict=False)
    table = tables.get_table(PROBABILITIES) if tables.has_table(PROBABILITIES) else {}
    if not table:
        return [1 / rank for rank in range(1, len(words) + 1)]
    least = min(table.values())
    return [math.exp(table.get(word, least)) for word in words]


class Candidates(NamedTuple):
    """Words that can stand for each other, and the sums of their weights up to each."""

    words: list[str]
    sums: list[float]


def weigh_words(
    docs: Sequence[Doc], vocabulary: Sequence[str], tagger: Tagger, nlp: Language
) -> dict[str, Candidates]:
    """Collect the words that may take the place of others.

    docs (Sequence[Doc]): Documents to take words from; each word counts once.
    vocabulary (Sequence[str]): More words, from frequent to rare: drawn the more often the more frequent
        they are, and together as often as those of the documents.
    tagger (Tagger): Gives a tag for each token.
    nlp (Language): Tells the language.
    RETURNS (dict[str, Candidates]): By tag, where there are two words or more.
    """
    met = list_words_by_tag(docs, tagger)
    forms = {tag: {word.lower() for word in words} for tag, words in met.items()}
    others: dict[str, dict[str, float]] = defaultdict(dict)
    frequencies = weigh_vocabulary(vocabulary, nlp.lang) if vocabulary else []
    for word, frequency in zip(vocabulary, frequencies):
        (tag,) = tagger(Doc(nlp.vocab, words=[word]))
        if tag and word.lower() not in forms.get(tag, ()):
            others[tag][word] = frequency
    candidates = {}
    for tag in {**met, **others}:
        words, more = met.get(tag, []), others.get(tag, {})
        scale = (len(words) or 1) / (sum(more.values()) or 1)
        weights = [1.0] * len(words) + [scale * weight for weight in more.values()]
        if len({*forms.get(tag, ()), *map(str.lower, more)}) > 1:
            candidates[tag] = Candidates([*words, *more], list(accumulate(weights)))
    return candidates


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
) -> Augmenter:
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
    RETURNS (Augmenter): The augmenter.
    RAISES (ValueError): A setting is out of range, or the file that `words` asks for isn't named.
    RAISES (InputError): The tagger or a file can't be used.
    """
    check_share("probability", probability, "distill.swap_pos.v1")
    check_least("pool_texts", pool_texts, 0, "distill.swap_pos.v1")
    sources = [TRAIN] if words is None else words
    if not sources or set(sources) - {TRAIN, POOL, VOCABULARY}:
        raise SettingError(
            f"Can't use words = {sources} in distill.swap_pos.v1. Expected some of '{TRAIN}', "
            f"'{POOL}' and '{VOCABULARY}'."
        )
    for source, path in ((POOL, pool), (VOCABULARY, vocabulary)):
        if source in sources and path is None:
            raise SettingError(
                f"Can't draw words from '{source}' in distill.swap_pos.v1: {source} = null. Expected "
                "a file."
            )
    rng = random.Random(seed)
    state: dict[str, Tagger] = {}
    candidates: dict[str, Candidates] = {}
    tagged: dict[str, list[str]] = {}

    def prepare(nlp: Language) -> Tagger:
        # What language the words are in is known with the first call only.
        if not state:
            state["tagger"] = make_tagger(nlp, tagger)
            docs = read_pool_docs(nlp, pool, pool_texts, seed) if POOL in sources else []
            if TRAIN in sources:
                docs += DocBin().from_disk(corpus).get_docs(nlp.vocab)
            known = []
            if VOCABULARY in sources and vocabulary is not None:
                known = Path(vocabulary).read_text(encoding="utf8").split()
            candidates.update(weigh_words(docs, known, state["tagger"], nlp))
        return state["tagger"]

    def swap_pos(nlp: Language, example: Example) -> Iterator[Example]:
        tag = prepare(nlp)
        doc = example.reference
        if doc.text not in tagged:  # the same text comes by many times
            tagged[doc.text] = tag(doc)
        tags = tagged[doc.text]
        swappable = [i for i in range(len(doc)) if tags[i] in candidates]
        if not swappable:
            return
        chosen = {i for i in swappable if rng.random() < probability} or {rng.choice(swappable)}
        words = [token.text for token in doc]
        for i in sorted(chosen):
            words[i] = match_case(draw(candidates[tags[i]], rng, doc[i].lower_), words[i])
        yield make_variant(nlp, example, _join(doc, words))

    return swap_pos


def draw(candidates: Candidates, rng: random.Random, unlike: str = "") -> str:
    """Draw a word by its weight.

    candidates (Candidates): The words.
    rng (Random): Draws.
    unlike (str): A word in lower-case letters that isn't wanted; there is another one.
    RETURNS (str): The word.
    """
    for _ in range(MAX_DRAWS):
        word = candidates.words[bisect(candidates.sums, rng.random() * candidates.sums[-1])]
        if word.lower() != unlike:
            return word
    # It outweighs all others.
    return rng.choice([word for word in candidates.words if word.lower() != unlike])


@registry.augmenters("distill.sample_ngram.v1")
def create_sample_ngram_augmenter(
    min_length: int = 1, max_length: int = 5, seed: int = 0
) -> Augmenter:
    """Sample n-grams: a run of words of the text, its length drawn evenly between two bounds.

    min_length (int): Fewest tokens, at least 1 (Tang et al.: 1).
    max_length (int): Most tokens, at least min_length (Tang et al.: 5).
    seed (int): Seed.
    RETURNS (Augmenter): The augmenter.
    RAISES (ValueError): The lengths are out of range.
    """
    if not 1 <= min_length <= max_length:
        raise SettingError(
            f"Can't use min_length = {min_length} and max_length = {max_length} in "
            "distill.sample_ngram.v1. Expected 1 <= min_length <= max_length."
        )
    rng = random.Random(seed)

    def sample_ngram(nlp: Language, example: Example) -> Iterator[Example]:
        doc = example.reference
        length = rng.randint(min_length, max_length)
        if length >= len(doc):
            return
        start = rng.randrange(len(doc) - length + 1)
        span = doc[start : start + length]
        # Punctuation and spaces alone say nothing.
        if any(token.is_alpha for token in span):
            yield make_variant(nlp, example, span.text)

    return sample_ngram


@registry.augmenters("distill.sample_sentence.v1")
def create_sample_sentence_augmenter(max_sentences: int = 3, seed: int = 0) -> Augmenter:
    """Sample sentences: a run of them, shorter than the text, its length drawn evenly.

    max_sentences (int): Most sentences, at least 1.
    seed (int): Seed.
    RETURNS (Augmenter): The augmenter.
    RAISES (ValueError): max_sentences is below 1.
    """
    check_least("max_sentences", max_sentences, 1, "distill.sample_sentence.v1")
    rng = random.Random(seed)

    def sample_sentence(nlp: Language, example: Example) -> Iterator[Example]:
        sentences = split_sentences(example.reference)
        if len(sentences) < 2:
            return
        length = rng.randint(1, min(max_sentences, len(sentences) - 1))
        start = rng.randrange(len(sentences) - length + 1)
        first, last = sentences[start], sentences[start + length - 1]
        yield make_variant(nlp, example, first.doc[first.start : last.end].text.strip())

    return sample_sentence


@registry.augmenters("distill.mix_sentences.v1")
def create_mix_sentences_augmenter(
    corpus: Path,
    max_sentences: int = 6,
    seed: int = 0,
    pool: Path | None = None,
    pool_texts: int = 5000,
) -> Augmenter:
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
    RETURNS (Augmenter): The augmenter.
    RAISES (ValueError): A number is out of range.
    """
    check_least("max_sentences", max_sentences, 2, "distill.mix_sentences.v1")
    check_least("pool_texts", pool_texts, 0, "distill.mix_sentences.v1")
    rng = random.Random(seed)
    sentences: list[str] = []
    numbers: list[int] = []

    def mix_sentences(nlp: Language, example: Example) -> Iterator[Example]:
        # What language the texts are in is known with the first call only.
        if not numbers:
            docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
            for doc in docs + read_pool_docs(nlp, pool, pool_texts, seed):
                found = [sent.text.strip() for sent in split_sentences(doc)]
                sentences.extend(found)
                numbers.append(len(found))
        own = split_sentences(example.reference)
        most = min(rng.choice(numbers), max_sentences)
        if not own or most < 2:
            return
        mixed = [rng.choice(own).text.strip(), *rng.sample(sentences, rng.randint(2, most) - 1)]
        rng.shuffle(mixed)
        text = " ".join(mixed)
        if text != example.reference.text:
            variant = make_variant(nlp, example, text)
            variant.reference.cats = {}
            yield variant

    return mix_sentences


def split_sentences(doc: Doc) -> list[Span]:
    """Split a document into sentences that hold a word.

    doc (Doc): The document; its own sentences are taken where it has them, those that end in a
        full stop, question or exclamation mark where not.
    RETURNS (list[Span]): The sentences.
    """
    if not doc.has_annotation("SENT_START"):
        doc = Sentencizer()(doc.copy())
    return [sent for sent in doc.sents if any(token.is_alpha for token in sent)]
