"""Exact and near duplicates among texts."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from datasketch import MinHash, MinHashLSH

SHINGLE_WORDS = 3
NEAR_JACCARD = 0.7
PERMUTATIONS = 128
# What stands for a text that is to be recognized, where there may be very many: among a hundred million
# the chance that any two different ones share it is 1 in 3,700.
KEY_BYTES = 8
# Others are copies of it: to draw the permutations takes longer than all the rest.
EMPTY_SKETCH = MinHash(num_perm=PERMUTATIONS)


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


def make_key(normalized: str) -> bytes:
    """Give what a text can be recognized by, exactly but for case, punctuation and spacing.

    normalized (str): What normalize makes of the text.
    RETURNS (bytes): 8 bytes of its BLAKE2 hash, the same in all processes.
    """
    # A lone surrogate can't be encoded, but may stand in a text.
    encoded = normalized.encode("utf8", "surrogatepass")
    return hashlib.blake2b(encoded, digest_size=KEY_BYTES).digest()


def _shingle_words(normalized: str) -> list[str]:
    words = normalized.split(" ")
    if len(words) <= SHINGLE_WORDS:
        return [normalized]
    last = len(words) - SHINGLE_WORDS + 1
    return [" ".join(words[i : i + SHINGLE_WORDS]) for i in range(last)]


def shingles(normalized: str) -> frozenset[int]:
    """List what a text is compared by: its word 3-grams; the text itself where it has no more words.

    normalized (str): What normalize makes of the text.
    RETURNS (frozenset[int]): Their hashes, which differ from process to process.
    """
    return frozenset(map(hash, _shingle_words(normalized)))


def jaccard(a: frozenset, b: frozenset) -> float:
    """Compare two sets.

    a (frozenset): A set.
    b (frozenset): Another.
    RETURNS (float): The size of their intersection in relation to their union, from 0 to 1.
    """
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def is_near(a: frozenset, b: frozenset, least: float) -> bool:
    """Tell whether two sets are much the same.

    a (frozenset): A set.
    b (frozenset): Another.
    least (float): The least Jaccard similarity, above 0.
    RETURNS (bool): Whether they are.
    """
    # Sets of very different sizes can't be, and needn't be compared.
    return least * len(a) <= len(b) <= len(a) / least and jaccard(a, b) >= least


class NearIndex:
    """Texts to find near duplicates of, for few texts that have little in common with what is asked:
    the comparison is exact, and takes time where much is shared.
    """

    def __init__(self) -> None:
        self._texts: list[frozenset[int]] = []
        self._by_shingle: dict[int, list[int]] = defaultdict(list)

    def add(self, text: str) -> None:
        """Add a text.

        text (str): The text.
        """
        own = shingles(normalize(text))
        for shingle in own:
            self._by_shingle[shingle].append(len(self._texts))
        self._texts.append(own)

    def has(self, own: frozenset[int]) -> bool:
        """Tell whether a text nearly repeats one of these.

        own (frozenset[int]): The text's shingles.
        RETURNS (bool): Whether it does: the Jaccard similarity is at least 0.7.
        """
        found = {i for shingle in own for i in self._by_shingle.get(shingle, ())}
        return any(is_near(own, self._texts[i], NEAR_JACCARD) for i in found)


def _sketch(own: frozenset[str]) -> MinHash:
    sketch = EMPTY_SKETCH.copy()
    sketch.update_batch([shingle.encode("utf8", "surrogatepass") for shingle in own])
    return sketch


class SketchIndex:
    """Texts to find near duplicates of, for any number of texts. Candidates come from MinHash with
    locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman & Ullman, ch. 3) and are then compared
    exactly.
    """

    def __init__(self) -> None:
        # Candidates are compared exactly afterwards: better one too many than one missed.
        self._index = MinHashLSH(threshold=NEAR_JACCARD, num_perm=PERMUTATIONS, weights=(0.1, 0.9))
        self._texts: dict[int, frozenset[str]] = {}
        self._shingles: set[str] = set()

    def add(self, position: int, normalized: str) -> None:
        """Add a text.

        position (int): What it is called.
        normalized (str): What normalize makes of it.
        """
        own = frozenset(_shingle_words(normalized))
        self._texts[position] = own
        self._shingles |= own
        self._index.insert(position, _sketch(own))

    def find(self, normalized: str) -> list[int]:
        """Find the texts that a text nearly repeats.

        normalized (str): What normalize makes of it.
        RETURNS (list[int]): Their positions, in order; the Jaccard similarity is at least 0.7.
        """
        own = frozenset(_shingle_words(normalized))
        # It shares no more with one of the texts than with all of them: most needn't be sketched.
        shared = sum(shingle in self._shingles for shingle in own)
        if shared / len(own) < NEAR_JACCARD:
            return []
        found = sorted(self._index.query(_sketch(own)))
        return [i for i in found if jaccard(own, self._texts[i]) >= NEAR_JACCARD]


def find_duplicates(
    texts: Sequence[str],
    groups: Sequence[str] | None = None,
    progress: Callable[[int], object] = lambda compared: None,
) -> list[Duplicate]:
    """Find the texts that repeat an earlier one, exactly or nearly.

    Two texts are exact duplicates when they are equal once normalized, near duplicates when the
    Jaccard similarity of their word 3-grams is at least 0.7: see SketchIndex. What is reported as a
    duplicate is not compared with later texts.

    texts (Sequence[str]): The texts, those to keep first.
    groups (Sequence[str] | None): A name for each text; near duplicates count between different
        groups only. Exact ones always count. If None, all count.
    progress (Callable[[int], object]): Told the number of texts compared, one at a time.
    RETURNS (list[Duplicate]): In the order of the texts.
    """
    seen: dict[str, int] = {}
    index = SketchIndex()
    duplicates = []
    for i, text in enumerate(texts):
        progress(1)
        key = normalize(text)
        if key in seen:
            duplicates.append(Duplicate(i, seen[key], True))
            continue
        near = [j for j in index.find(key) if groups is None or groups[j] != groups[i]]
        if near:
            duplicates.append(Duplicate(i, near[0], False))
            continue
        seen[key] = i
        index.add(i, key)
    return duplicates
