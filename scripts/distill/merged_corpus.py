"""The gold texts of several languages as one corpus, for a teacher of all of them."""

from collections.abc import Mapping
from pathlib import Path

from .corpus import Corpus, describe, remove_duplicates, write_corpus
from .documents import SOURCE, read_docs
from .errors import InputError
from .languages import describe_label_differences
from .products import read_stats
from .tables import SPLITS, LabelledText

# What spaCy calls a language that is several.
MULTILINGUAL_LANG = "xx"


def merge_corpora(corpora: Mapping[str, Path], output: Path) -> int:
    """Put the gold corpora of several languages together, split by split.

    corpora (Mapping[str, Path]): Folders of gold corpora by language code; at least one.
    output (Path): Folder for the merged corpus, of the language "xx".
    RETURNS (int): How many texts it has to train on.
    RAISES (InputError): A corpus is missing, or their labels differ.
    """
    stats = {lang: read_stats(folder) for lang, folder in corpora.items()}
    different = describe_label_differences({lang: found["labels"] for lang, found in stats.items()})
    if different:
        raise InputError(
            f"Can't teach {', '.join(corpora)} by one teacher: their labels differ. {different} "
            "Expected the same labels. Correct the data, or teach them apart: --vars.one_teacher "
            "false."
        )
    first = next(iter(stats.values()))
    labels = first["labels"]
    splits = {
        split: [
            LabelledText(
                doc.text,
                [label for label in labels if doc.cats[label]],
                split,
                f"{lang}/{doc.user_data[SOURCE]}",
            )
            for lang, folder in corpora.items()
            for doc in read_docs(folder / f"{split}.spacy", lang)
        ]
        for split in SPLITS
    }
    # A text of test in one language may be one of train in another.
    splits, removed = remove_duplicates(splits)
    described = {split: describe(texts, labels) for split, texts in splits.items()}
    sources = [found["source"] for found in stats.values()]
    merged = {**first, "source": ", ".join(sources), "sources": sources}
    for counts in ("left_out", "duplicates"):
        merged[counts] = {
            key: sum(found[counts][key] for found in stats.values()) for key in first[counts]
        }
    for kind in ("exact", "near"):
        merged["duplicates"][kind] += sum(d.exact == (kind == "exact") for d in removed)
    write_corpus(
        Corpus(splits, labels, {**merged, "splits": described}), [], MULTILINGUAL_LANG, output
    )
    return len(splits["train"])
