"""From raw labelled texts to the gold corpus: check, split, drop duplicates, describe, write."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import srsly
from sklearn.model_selection import train_test_split

from .documents import GoldText, make_docs, write_docs
from .duplicates import Duplicate, find_duplicates
from .errors import InputError
from .labels import Task, describe_joined
from .outputs import atomic_file
from .products import POOL_FILE
from .records import TextRow, TextsMeta, open_texts
from .tables import SPLITS, LabelledText, read_labelled_texts

# A label needs this many texts in each split to be learned and measured at all.
MIN_PER_LABEL = 2


class Corpus(NamedTuple):
    """Checked gold texts, a list for each split, and what is to be known of them."""

    splits: dict[str, list[LabelledText]]
    labels: list[str]
    stats: dict[str, Any]


def build_corpus(
    path: Path,
    task: Task,
    *,
    dev_share: float,
    test_share: float,
    seed: int,
    skip_invalid: bool = False,
    progress: Callable[[int], object] = lambda compared: None,
) -> Corpus:
    """Read labelled texts and make train, dev and test of them.

    Given splits (a column `split`, or a folder with a file for each) are kept; dev is taken from
    train where it isn't given. Of duplicates within or across splits the one in test stays, then
    the one in dev.

    path (Path): A table, or a folder of tables.
    task (Task): The task.
    dev_share (float): Share of the texts that becomes dev, between 0 and 1.
    test_share (float): Share of the texts that becomes test, between 0 and 1.
    seed (int): Seed of the split.
    skip_invalid (bool): Drop and count invalid rows instead of raising.
    progress (Callable[[int], object]): Told the number of texts compared with the others.
    RETURNS (Corpus): The splits, the labels in order, and statistics.
    RAISES (InputError): Rows are invalid, labels unknown, or there are too few texts.
    """
    raw = read_labelled_texts(path, task, skip_invalid=skip_invalid)
    given = _split(raw.texts, task, dev_share, test_share, seed, path)
    splits, removed = remove_duplicates(given, progress)
    labels = _find_labels(splits, task, path)
    _check_sizes(splits, labels, task, path, _list_drawn(raw.texts))
    stats = {
        "source": path.as_posix(),
        "task": task.name,
        "exclusive": task.exclusive,
        "labels": labels,
        "seed": seed,
        "left_out": {"no_label_for_task": raw.left_out, "invalid": raw.invalid},
        "duplicates": {
            "exact": sum(d.exact for d in removed),
            "near": sum(not d.exact for d in removed),
            "exact_with_other_labels": count_conflicts(given, removed),
        },
        "splits": {split: describe(splits[split], labels) for split in SPLITS},
    }
    return Corpus(splits, labels, stats)


def _stratify_by(texts: Sequence[LabelledText], task: Task, size: int) -> list[str]:
    """One class a text to keep in proportion: its label; of several, the rarest. Classes of several
    labels that are too small to be cut are thrown together.
    """
    counts = Counter(label for text in texts for label in text.labels or [""])
    strata = [min(text.labels or [""], key=lambda label: counts[label]) for text in texts]
    if task.exclusive:
        return strata
    needed = math.ceil(len(texts) / min(size, len(texts) - size))
    sizes = Counter(strata)
    merged = ["other" if sizes[stratum] < needed else stratum for stratum in strata]
    # What was thrown together can still be too small: then it joins the largest.
    small = merged.count("other") < needed
    largest = max(sizes, key=lambda stratum: sizes[stratum])
    return [largest if small and stratum == "other" else stratum for stratum in merged]


class Halves(NamedTuple):
    """Texts cut in two."""

    rest: list[LabelledText]
    taken: list[LabelledText]


class Deduplicated(NamedTuple):
    """Texts by split, and the duplicates that are no longer among them: their positions count the texts
    of test, then those of dev, then those of train.
    """

    splits: dict[str, list[LabelledText]]
    removed: list[Duplicate]


def _take(
    texts: Sequence[LabelledText], size: int, split: str, task: Task, seed: int, path: Path
) -> Halves:
    try:
        if not 0 < size < len(texts):
            raise ValueError("one side would be empty")
        rest, taken = train_test_split(
            list(texts), test_size=size, random_state=seed, stratify=_stratify_by(texts, task, size)
        )
    except ValueError as error:
        counts = Counter(label for text in texts for label in text.labels)
        rarest = min(counts, key=lambda label: counts[label]) if counts else None
        found = f"; the rarest label is '{rarest}' with {counts[rarest]}" if rarest else ""
        # Of test, dev is still to be drawn from the rest.
        parts = 3 if split == "test" else 2
        remedy = f"Add texts, or change --vars.{split}_share."
        if rarest and counts[rarest] < parts * MIN_PER_LABEL:
            remedy = f"Add texts of '{rarest}'."
        raise InputError(
            f"Too few texts in {path} for a split: {len(texts)} texts, {size} of them for {split}, "
            f"in proportion of their labels{found}. Expected at least {MIN_PER_LABEL} texts of each "
            f"label in each split. {remedy}{_hint(counts, task)}"
        ) from error
    return Halves(rest, taken)


def _hint(labels: Collection[str], task: Task) -> str:
    """Say what labels may be meant that don't look like those of the task."""
    joined = "" if task.exclusive else describe_joined(labels)
    return f" {joined}" if joined else ""


def _split(
    texts: Sequence[LabelledText],
    task: Task,
    dev_share: float,
    test_share: float,
    seed: int,
    path: Path,
) -> dict[str, list[LabelledText]]:
    for name, share in (("dev_share", dev_share), ("test_share", test_share)):
        if not 0 < share < 1 or dev_share + test_share >= 1:
            raise InputError(
                f"Can't split {path}: {name} is {share}. Expected dev_share and test_share between "
                "0 and 1, together below 1."
            )
    given: dict[str, list[LabelledText]] = {split: [] for split in SPLITS}
    unassigned: list[LabelledText] = []
    for text in texts:
        (unassigned if text.split is None else given[text.split]).append(text)
    if unassigned and len(unassigned) < len(texts):
        raise InputError(
            f"Can't split {path}: {len(texts) - len(unassigned)} texts have a split, "
            f"{len(unassigned)} have none, the first of them {unassigned[0].source}. Expected a "
            "split for all texts or for none. Fill the column 'split', or remove it."
        )
    if unassigned:
        train, test = _take(
            unassigned, round(test_share * len(unassigned)), "test", task, seed, path
        )
        train, dev = _take(train, round(dev_share * len(unassigned)), "dev", task, seed, path)
        return {"train": train, "dev": dev, "test": test}
    if given["train"] and not given["dev"]:
        size = round(dev_share * len(given["train"]))
        given["train"], given["dev"] = _take(given["train"], size, "dev", task, seed, path)
    return given


def _list_drawn(texts: Sequence[LabelledText]) -> tuple[str, ...]:
    """List the splits that are drawn, rather than given."""
    given = {text.split for text in texts}
    if None in given:
        return SPLITS
    return () if "dev" in given else ("train", "dev")


def remove_duplicates(
    splits: dict[str, list[LabelledText]],
    progress: Callable[[int], object] = lambda compared: None,
) -> Deduplicated:
    """Drop exact duplicates anywhere and near duplicates across splits.

    splits (dict[str, list[LabelledText]]): Texts by split.
    progress (Callable[[int], object]): Told the number of texts compared with the others.
    RETURNS (Deduplicated): The splits without them, and what was dropped. Test is kept before dev, dev
        before train, so that evaluation sets change least.
    """
    order = [(split, text) for split in reversed(SPLITS) for text in splits[split]]
    removed = find_duplicates(
        [text.text for _, text in order], groups=[split for split, _ in order], progress=progress
    )
    gone = {duplicate.position for duplicate in removed}
    kept: dict[str, list[LabelledText]] = {split: [] for split in SPLITS}
    for i, (split, text) in enumerate(order):
        if i not in gone:
            kept[split].append(text)
    return Deduplicated(kept, removed)


def count_conflicts(splits: dict[str, list[LabelledText]], removed: Sequence[Duplicate]) -> int:
    """Count exact duplicates that carry other labels than the text that stays.

    splits (dict[str, list[LabelledText]]): Texts by split, as they were given to remove_duplicates.
    removed (Sequence[Duplicate]): What it has found.
    RETURNS (int): How many there are.
    """
    labels = [text.labels for split in reversed(SPLITS) for text in splits[split]]
    return sum(labels[d.position] != labels[d.of] for d in removed if d.exact)


def _find_labels(splits: dict[str, list[LabelledText]], task: Task, path: Path) -> list[str]:
    found = {split: {label for text in splits[split] for label in text.labels} for split in SPLITS}
    if not splits["train"] and any(splits.values()):
        raise InputError(
            f"Can't use {path}: no text is left in train once those are removed that repeat a text of "
            "dev or test. Expected other texts in train."
        )
    labels = list(task.labels) or sorted(found["train"])
    for split in SPLITS:
        unknown = found[split] - set(labels)
        if unknown:
            where = next(text for text in splits[split] if unknown & set(text.labels))
            raise InputError(
                f"Can't use {path}: unknown label '{min(unknown)}' in {split} ({where.source}), "
                f"not among those of train: {', '.join(labels)}. Correct the label, or add training "
                f"texts that carry it.{_hint([*labels, *unknown], task)}"
            )
    present = set().union(*found.values())
    if len(present) < 2:
        raise InputError(
            f"Can't use {path}: all texts have one class ({', '.join(present) or 'none'}), expected "
            "at least two. Add texts of another label, or choose another task with --vars.task."
        )
    return labels


def _check_sizes(
    splits: dict[str, list[LabelledText]],
    labels: Sequence[str],
    task: Task,
    path: Path,
    drawn: Sequence[str],
) -> None:
    # Where labels exclude each other, the texts without one are those of the others.
    states = (True,) if task.exclusive else (True, False)
    kinds = [(label, has) for has in states for label in labels]
    counts = {
        split: {
            (label, has): sum((label in text.labels) is has for text in splits[split])
            for label, has in kinds
        }
        for split in SPLITS
    }
    for split in SPLITS:
        rarest = min(kinds, key=lambda kind: counts[split][kind])
        count = counts[split][rarest]
        if count >= MIN_PER_LABEL:
            continue
        label, has = rarest
        # To cut them otherwise helps where there are enough of them.
        shares = [f"--vars.{other}_share" for other in drawn if other != "train"]
        enough = sum(counts[other][rarest] for other in drawn) >= MIN_PER_LABEL * len(drawn)
        change = f", or change {' and '.join(shares)}" if split in drawn and enough else ""
        raise InputError(
            f"Too few texts in {path} for a split: {split} has {count} {'of' if has else 'without'} "
            f"label '{label}', expected at least {MIN_PER_LABEL} after duplicates were removed. Add "
            f"such texts{change}.{_hint(labels, task)}"
        )


def describe(texts: Sequence[LabelledText], labels: Sequence[str]) -> dict[str, Any]:
    """Describe a split.

    texts (Sequence[LabelledText]): The texts; at least one.
    labels (Sequence[str]): All labels, in order.
    RETURNS (dict[str, Any]): The count of texts, the count for each label, and the mean, 95th and
        99th percentile and maximum of their length in whitespace-separated words.
    """
    words = numpy.array([len(text.text.split()) for text in texts])
    p95, p99 = numpy.percentile(words, [95, 99])
    return {
        "texts": len(texts),
        "labels": {label: sum(label in text.labels for text in texts) for label in labels},
        "words": {
            "mean": round(float(words.mean()), 1),
            "p95": round(float(p95), 1),
            "p99": round(float(p99), 1),
            "max": int(words.max()),
        },
    }


def write_corpus(corpus: Corpus, pool: Iterable[TextRow], lang: str, output: Path) -> None:
    """Write {train,dev,test}.spacy, pool.parquet, labels.json and stats.json.

    corpus (Corpus): What to write.
    pool (Iterable[TextRow]): Unlabelled texts; may be none, or more than memory holds. They are taken
        before anything is put in its place: what they raise leaves all as it was.
    lang (str): Language code.
    output (Path): The folder, made if it is missing.
    RAISES (InputError): spaCy has no such language.
    """
    docs = {}
    for split in SPLITS:
        texts = [GoldText(t.text, t.labels, t.source) for t in corpus.splits[split]]
        docs[split] = make_docs(texts, corpus.labels, lang)
    meta = TextsMeta(corpus.labels, "", "", corpus.stats["seed"], corpus.stats["exclusive"])
    with open_texts(output / POOL_FILE, meta) as write:
        write(pool)
        # Other steps start from it: it goes first and comes back last, when all the rest is new.
        (output / "stats.json").unlink(missing_ok=True)
        for split in SPLITS:
            write_docs(output / f"{split}.spacy", docs[split])
    for name, content in (("labels", corpus.labels), ("stats", corpus.stats)):
        with atomic_file(output / f"{name}.json") as path:
            srsly.write_json(path, content)
