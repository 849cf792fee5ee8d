"""Corpora in which single words give the labels away: classifiers learn them from few texts."""

from pathlib import Path

from scripts.distill.corpus import Corpus, describe, write_corpus
from scripts.distill.tables import SPLITS, LabelledText

# As many as no count of labels is, so that no thing goes with a label.
THINGS = ["kettle", "lamp", "tent", "drill", "scarf", "clock", "chair"]
# What gives a label away.
SIGNS = {"praise": "wonderful", "anger": "horrible", "doubt": "strange"}
SIZES = {"train": 48, "dev": 24, "test": 12}
# Labels in an order that isn't the alphabet's, and whether they exclude each other.
CASES = [
    (labels, exclusive)
    for labels in (["praise", "anger"], ["doubt", "praise", "anger"])
    for exclusive in (True, False)
]
CASE_NAMES = ["two-exclusive", "two", "three-exclusive", "three"]


def make_texts(split: str, labels: list[str], exclusive: bool) -> list[LabelledText]:
    texts = []
    for i in range(SIZES[split]):
        # Each label alone in turn or, where they don't exclude each other, each set of them.
        chosen = [
            label
            for j, label in enumerate(labels)
            if (i % len(labels) == j if exclusive else i >> j & 1)
        ]
        signs = " ".join(SIGNS[label] for label in chosen)
        text = f"{THINGS[i % 7]} and {THINGS[i * 5 % 7]} number {split}{i} {signs}"
        texts.append(LabelledText(text, sorted(chosen), split, f"data:{i + 1}"))
    return texts


def write_separable_corpus(folder: Path, labels: list[str], exclusive: bool) -> Path:
    splits = {split: make_texts(split, labels, exclusive) for split in SPLITS}
    stats = {
        "exclusive": exclusive,
        "seed": 0,
        "splits": {split: describe(splits[split], labels) for split in SPLITS},
    }
    write_corpus(Corpus(splits, labels, stats), [], "en", folder)
    return folder
