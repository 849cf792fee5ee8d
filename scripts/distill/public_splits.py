"""Splits of public data sets, in files that the step `prepare` reads."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from .duplicates import find_duplicates
from .errors import InputError
from .outputs import atomic_file
from .public_data import REPLACE, PublicText, Sizes, get_set, next_step, read_public

TRAIN, DEV, TEST, POOL = "train", "dev", "test", "pool"
GOLD_SPLITS = (TRAIN, DEV, TEST)
# More texts are drawn than are wanted, since some repeat others; to draw all would be to compare all.
# Where more than this margin repeat others, splits are smaller than wanted.
MARGIN = 1.25


class Drawn(NamedTuple):
    """Texts by split (train, dev, test, pool), and how many were left out as duplicates."""

    splits: dict[str, list[PublicText]]
    duplicates: int


class Converted(NamedTuple):
    """How many texts each split has got, how many it was to have, and how many were left out."""

    sizes: dict[str, int]
    wanted: Sizes
    duplicates: int
    invalid: int


def _sample(shuffled: Sequence[PublicText], sizes: Sizes) -> list[PublicText]:
    """Take the first texts that may be wanted: as many as the splits need of each part, and more."""
    if sizes.pool is None:
        return list(shuffled)
    needed = {TEST: sizes.test, TRAIN: sizes.train + sizes.dev + sizes.pool, POOL: sizes.pool}
    limits = {part: round(MARGIN * size) for part, size in needed.items()}
    limits[""] = limits[TEST] + limits[TRAIN]
    taken: list[PublicText] = []
    for text in shuffled:
        part = POOL if text.labels is None else text.part
        if limits[part] > 0:
            limits[part] -= 1
            taken.append(text)
    return taken


def draw_splits(
    texts: Sequence[PublicText],
    sizes: Sizes,
    seed: int,
    progress: Callable[[int], object] = lambda compared: None,
) -> Drawn:
    """Draw test, dev, train and pool, in this order, of texts none of which repeats another, exactly or
    nearly. Test is drawn from the published test part where there is one, the others from the rest.
    The pool is drawn from the texts without labels, where there are any.

    texts (Sequence[PublicText]): All texts.
    sizes (Sizes): How many texts the splits are to have; where too few are left without the duplicates,
        the later ones have fewer. No more than 1.25 times what is wanted are drawn from, even where
        the data have more.
    seed (int): Seed of the draw.
    progress (Callable[[int], object]): Told the number of texts compared, one at a time.
    RETURNS (Drawn): The splits, and the number of duplicates among the texts that were drawn from.
    """
    shuffled = list(texts)
    random.Random(seed).shuffle(shuffled)
    sample = _sample(shuffled, sizes)
    repeated = find_duplicates([text.text for text in sample], progress=progress)
    gone = {duplicate.position for duplicate in repeated}
    left = [text for i, text in enumerate(sample) if i not in gone]
    splits: dict[str, list[PublicText]] = {}
    for split, size in ((TEST, sizes.test), (DEV, sizes.dev), (TRAIN, sizes.train)):
        part = TEST if split == TEST else TRAIN
        fitting = [i for i, t in enumerate(left) if t.labels is not None and t.part in ("", part)]
        taken = set(fitting[:size])
        splits[split] = [left[i] for i in fitting[:size]]
        left = [text for i, text in enumerate(left) if i not in taken]
    unlabelled = [text for text in left if text.labels is None]
    pool = unlabelled or [text for text in left if text.part != TEST]
    splits[POOL] = pool[: sizes.pool]
    return Drawn(splits, len(gone))


def convert_public(
    name: str,
    path: Path,
    output: Path,
    *,
    seed: int,
    skip_invalid: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> Converted:
    """Make train.jsonl, dev.jsonl, test.jsonl and pool.jsonl of a public data set, as the step `prepare`
    reads them.

    name (str): One of SETS.
    path (Path): The file as published.
    output (Path): The folder, made if it is missing. The files take their places together, when all are
        written; what else is there stays.
    seed (int): Seed of the splits.
    skip_invalid (bool): Count rows of another form instead of raising.
    progress (Callable[[int], object]): Told the number of rows read, then of texts compared.
    RETURNS (Converted): The sizes of the splits, those that were wanted, and what was left out.
    RAISES (InputError): The file is missing or can't be used, or the folder is a file.
    """
    public = get_set(name)
    if output.is_file():
        raise InputError(
            f"Can't write to {output}: it is a file. Expected a folder, which is made if it is missing. "
            "Set it with --vars.public_folder."
        )
    raw = read_public(path, name, skip_invalid=skip_invalid, progress=progress)
    splits, duplicates = draw_splits(raw.texts, public.sizes, seed, progress)
    empty = [split for split in (*GOLD_SPLITS, POOL) if not splits[split]]
    if empty:
        raise InputError(
            f"Can't use {path}: of {len(raw.texts)} texts, {duplicates} of them duplicates, none is "
            f"left for {', '.join(empty)}. Expected more than {sum(public.sizes[:3]):,} texts. "
            f"{next_step(path, public, REPLACE)}"
        )
    with ExitStack() as stack:
        for split, texts in splits.items():
            path = stack.enter_context(atomic_file(output / f"{split}.jsonl"))
            srsly.write_jsonl(path, _to_rows(texts, split, public.column))
    sizes = {split: len(splits[split]) for split in (*GOLD_SPLITS, POOL)}
    return Converted(sizes, public.sizes, duplicates, raw.invalid)


def _to_rows(texts: Sequence[PublicText], split: str, column: str) -> Iterator[dict[str, Any]]:
    for text in texts:
        if split == POOL:
            yield {"text": text.text}
        else:
            labels = text.labels or []
            yield {"text": text.text, column: labels if column == "labels" else labels[0]}
