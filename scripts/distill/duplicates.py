"""Exact and near duplicates among texts."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from datasketch import MinHash, MinHashLSH

SHINGLE_WORDS = 3
NEAR_JACCARD = 0.7
PERMUTATIONS = 128


class Duplicate(NamedTuple):
    """That a text repeats one seen before: its position, the earlier one's, and how (exact or near)."""

    position: int
    of: int
    exact: bool


class _Blanks(dict[int, str]):
    """A table for str.translate that turns punctuation, spaces and control characters into spaces.
    Marks (the vowels of many scripts) and symbols (emoji) are part of what a text says.
    """

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        self[codepoint] = " " if unicodedata.category(character)[0] in "PZC" else character
        return self[codepoint]


_BLANKS = _Blanks()


def normalize(text: str) -> str:
    """Fold away what doesn't make a text another text: case, punctuation, spacing, Unicode form.

    text (str): Any text.
    RETURNS (str): Its words, casefolded, one space between them; the text itself where it has no
        words.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.translate(_BLANKS).split()) or folded.strip()


def _shingles(normalized: str) -> frozenset[str]:
    words = normalized.split(" ")
    if len(words) <= SHINGLE_WORDS:
        return frozenset([normalized])
    last = len(words) - SHINGLE_WORDS + 1
    return frozenset(" ".join(words[i : i + SHINGLE_WORDS]) for i in range(last))


def find_duplicates(
    texts: Sequence[str],
    groups: Sequence[str] | None = None,
    progress: Callable[[int], object] = lambda compared: None,
) -> list[Duplicate]:
    """Find the texts that repeat an earlier one, exactly or nearly.

    Two texts are exact duplicates when they are equal once normalized, near duplicates when the
    Jaccard similarity of their word 3-grams is at least 0.7. Candidates come from MinHash with
    locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman & Ullman, ch. 3) and are then
    compared exactly. What is reported as a duplicate is not compared with later texts.

    texts (Sequence[str]): The texts, those to keep first.
    groups (Sequence[str] | None): A name for each text; near duplicates count between different
        groups only. Exact ones always count. If None, all count.
    progress (Callable[[int], object]): Told the number of texts compared, one at a time.
    RETURNS (list[Duplicate]): In the order of the texts.
    """
    seen: dict[str, int] = {}
    shingles: dict[int, frozenset[str]] = {}
    # Candidates are compared exactly afterwards: better one too many than one missed.
    index = MinHashLSH(threshold=NEAR_JACCARD, num_perm=PERMUTATIONS, weights=(0.1, 0.9))
    duplicates = []
    for i, text in enumerate(texts):
        progress(1)
        key = normalize(text)
        if key in seen:
            duplicates.append(Duplicate(i, seen[key], True))
            continue
        own = _shingles(key)
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode("utf8") for shingle in own])
        near = [
            j
            for j in sorted(index.query(sketch))
            if (groups is None or groups[j] != groups[i])
            and _jaccard(own, shingles[j]) >= NEAR_JACCARD
        ]
        if near:
            duplicates.append(Duplicate(i, near[0], False))
            continue
        seen[key] = i
        shingles[i] = own
        index.insert(i, sketch)
    return duplicates


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)
