"""The pool: texts without labels, for the teacher to score."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .duplicates import SketchIndex, make_key, normalize
from .pool_files import read_pool
from .records import POOL, TextRow


class Pool:
    """Unlabelled texts, without those that repeat one another, or a gold text exactly or nearly.

    Each pass reads them anew, some thousands in memory at a time. Of each text that was met a key of 8
    bytes is remembered.
    """

    def __init__(
        self,
        path: Path | None,
        gold: Sequence[str],
        *,
        data: Path | None = None,
        skip_invalid: bool = False,
        progress: Callable[[int], object] = lambda compared: None,
    ) -> None:
        """Name a pool.

        path (Path | None): A file or folder of unlabelled texts: see pool_files.read_pool. None is a
            pool without texts.
        gold (Sequence[str]): The texts of train, dev and test.
        data (Path | None): Where they are from: see pool_files.list_files.
        skip_invalid (bool): Drop and count invalid rows instead of raising.
        progress (Callable[[int], object]): Told the number of texts compared with the others.
        """
        self.path = path
        self.gold = gold
        self.data = data
        self.skip_invalid = skip_invalid
        self.progress = progress
        self._forget()

    def _forget(self) -> None:
        # What the latest pass has met: texts that were given, and what was dropped.
        self.kept = self.exact = self.near = self.invalid = 0

    def __iter__(self) -> Iterator[TextRow]:
        """Read the texts, and count them and what is dropped.

        YIELDS (TextRow): Those that are kept, in order.
        RAISES (InputError): The path is missing, or a row is invalid.
        """
        self._forget()
        if self.path is None:
            return
        seen: set[bytes] = set()
        index: SketchIndex | None = None
        texts = read_pool(
            self.path,
            data=self.data,
            skip_invalid=self.skip_invalid,
            on_invalid=self._count_invalid,
        )
        for text, source in texts:
            # Not before there is something to compare: many runs have no pool.
            index = index or self._index_gold(seen)
            self.progress(1)
            normalized = normalize(text)
            key = make_key(normalized)
            if key in seen:
                self.exact += 1
            elif index.find(normalized):
                self.near += 1
            else:
                seen.add(key)
                self.kept += 1
                yield TextRow(text, source, POOL)

    def _index_gold(self, seen: set[bytes]) -> SketchIndex:
        index = SketchIndex()
        for i, text in enumerate(self.gold):
            self.progress(1)
            normalized = normalize(text)
            if (key := make_key(normalized)) not in seen:
                seen.add(key)
                index.add(i, normalized)
        return index

    def _count_invalid(self, rows: int) -> None:
        self.invalid += rows
