"""Which words may take the place of others, and how often."""

import math
import random
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from spacy.language import Language
from spacy.lookups import load_lookups
from spacy.tokens import Doc

from .tagging import Tagger

# After these a capital letter opens a sentence.
SENTENCE_ENDS = (".", "!", "?", "...", "…", "\n", "\n\n")
# spacy-lookups-data's table of logarithms of words' probabilities.
PROBABILITIES = "lexeme_prob"
# A word is drawn so often at most until it is another one than that in the text.
MAX_DRAWS = 20


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
