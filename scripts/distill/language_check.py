"""Tell which texts are in another language than they should be, where py3langid is installed."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

# Measured on reviews and on subtitles in six languages, 25,000 texts: what py3langid is surer of was so,
# such as English lines among French subtitles. It is less sure of every third subtitle of a few words.
MIN_PROBABILITY = 0.95
# What it calls languages that spaCy has another code for.
CODES = {"nb": "no"}


class Foreign(NamedTuple):
    """Texts that are surely in another language: how many of each, of how many in all, and where the
    first of them came from.
    """

    counts: Counter[str]
    texts: int
    first: str


def find_foreign(texts: Iterable[tuple[str, str]], lang: str) -> Foreign | None:
    """Count texts in other languages.

    texts (Iterable[tuple[str, str]]): Each text, and where it came from.
    lang (str): The language that they should be in, as spaCy names it.
    RETURNS (Foreign | None): None where there are none, where py3langid isn't installed, or where it
        doesn't know the language.
    """
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    lang = CODES.get(lang, lang)
    if lang not in identifier.labels:
        return None
    counts: Counter[str] = Counter()
    first, total = "", 0
    for text, source in texts:
        total += 1
        found, probability = identifier.classify(text)
        if found != lang and probability > MIN_PROBABILITY:
            first = first or source
            counts[found] += 1
    return Foreign(counts, total, first) if counts else None


def describe_foreign(foreign: Foreign, lang: str) -> str:
    """Say what was found.

    foreign (Foreign): Texts in other languages.
    lang (str): The language that they should be in.
    RETURNS (str): A sentence on them, and what may be done.
    """
    counts = ", ".join(f"{found} {count:,}" for found, count in foreign.counts.most_common())
    return (
        f"{foreign.counts.total():,} of {foreign.texts:,} texts are in another language than '{lang}', "
        f"as far as py3langid can tell: {counts}; the first is {foreign.first}. Take them out, unless "
        "they are meant to be there."
    )
