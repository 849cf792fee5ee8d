"""The pool: real texts without labels, for the teacher to score."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .duplicates import find_duplicates
from .records import POOL, TextRow
from .tables import read_pool


class Pool(NamedTuple):
    """Unlabelled texts, and how many were dropped: duplicates of each other or of gold texts, and
    invalid rows.
    """

    rows: list[TextRow]
    exact: int
    near: int
    invalid: int


def build_pool(
    path: Path,
    gold: Sequence[str],
    *,
    skip_invalid: bool = False,
    progress: Callable[[int], object] = lambda compared: None,
) -> Pool:
    """Read a pool and drop what repeats itself, or a gold text exactly or nearly.

    path (Path): A file or folder of unlabelled texts: see tables.read_pool.
    gold (Sequence[str]): The texts of train, dev and test.
    skip_invalid (bool): Drop and count invalid rows instead of raising.
    progress (Callable[[int], object]): Told the number of texts compared with the others.
    RETURNS (Pool): The texts.
    RAISES (InputError): The path is missing, or a row is invalid.
    """
    raw = read_pool(path, skip_invalid=skip_invalid)
    texts = [*gold, *(text.text for text in raw.texts)] if raw.texts else []
    groups = ["gold"] * len(gold) + ["pool"] * len(raw.texts) if raw.texts else []
    removed = find_duplicates(texts, groups, progress)
    gone = {d.position - len(gold): d for d in removed if d.position >= len(gold)}
    rows = [
        TextRow(text.text, text.source, POOL) for i, text in enumerate(raw.texts) if i not in gone
    ]
    exact = sum(duplicate.exact for duplicate in gone.values())
    return Pool(rows, exact, len(gone) - exact, raw.invalid)
