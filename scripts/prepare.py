"""Read labelled texts, check them, split them, drop duplicates and describe them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm
from wasabi import msg

from .console import OnInvalid, done, run, warn
from .distill.corpus import Corpus, build_corpus, write_corpus
from .distill.labels import TASKS, describe_joined, get_task
from .distill.language_check import describe_foreign, find_foreign
from .distill.pool import Pool
from .distill.pool_files import list_files, name_files
from .distill.products import POOL_FILE
from .distill.records import sample_texts

# So many of the pool's texts, drawn evenly, are looked at for other languages.
CHECKED_POOL_TEXTS = 5000


def prepare(
    data: Annotated[Path, typer.Argument(help="Table (JSONL, CSV, TSV, Excel, Parquet) or folder")],
    output: Annotated[Path, typer.Argument(help="Folder for the gold corpus")],
    pool: Annotated[
        Path | None, typer.Option(help="File or folder of unlabelled texts (also .txt)")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language code, as spaCy names it")] = "en",
    task: Annotated[str, typer.Option(help=f"One of: {', '.join(TASKS)}")] = "polarity",
    dev_share: Annotated[float, typer.Option(help="Share of texts for dev")] = 0.15,
    test_share: Annotated[float, typer.Option(help="Share of texts for test")] = 0.25,
    seed: Annotated[int, typer.Option(help="Seed of the split", min=0)] = 0,
    on_invalid: Annotated[
        OnInvalid, typer.Option(help="What to do with a row that can't be used")
    ] = OnInvalid.stop,
) -> None:
    """Make train, dev and test of labelled texts."""
    skip_invalid = on_invalid is OnInvalid.skip
    # What can't be a pool is to be known before texts are read and compared for minutes.
    files = None if pool is None else list_files(pool, data)
    with tqdm(unit="text", desc="Comparing") as bar:
        corpus = build_corpus(
            data,
            get_task(task),
            dev_share=dev_share,
            test_share=test_share,
            seed=seed,
            skip_invalid=skip_invalid,
            progress=bar.update,
        )
        gold = [text.text for texts in corpus.splits.values() for text in texts]
        unlabelled = Pool(pool, gold, data=data, skip_invalid=skip_invalid, progress=bar.update)
        write_corpus(corpus, unlabelled, lang, output)
    tell_corpus(corpus, output)
    if pool and files and files.tables:
        done(
            f"{output / POOL_FILE}: {unlabelled.kept} unlabelled texts from "
            f"{name_files(pool, files.tables)}. Removed {unlabelled.exact} exact duplicates and "
            f"{unlabelled.near} near ones; left out {unlabelled.invalid} invalid rows."
        )
    joined = "" if corpus.stats["exclusive"] else describe_joined(corpus.labels)
    if joined:
        warn(f"{data}: {joined}")
    gold_texts = ((t.text, t.source) for texts in corpus.splits.values() for t in texts)
    sample = sample_texts(output / POOL_FILE, CHECKED_POOL_TEXTS, seed)
    warn_of_foreign(f"{data}", gold_texts, lang)
    drawn = f"{pool}, {len(sample):,} texts drawn of it"
    warn_of_foreign(drawn, ((row.text, row.source) for row in sample), lang)
    if pool and files and files.others:
        warn(f"{pool}: left alone {name_files(pool, files.others)}.")


def tell_corpus(corpus: Corpus, output: Path) -> None:
    """Say how many texts each split has, of which labels and lengths, and what was removed."""
    stats = corpus.stats
    header = ("split", "texts", *corpus.labels, "words: mean", "p95", "p99", "max")
    rows = [
        (name, s["texts"], *s["labels"].values(), *s["words"].values())
        for name, s in stats["splits"].items()
    ]
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1))
    removed, left_out = stats["duplicates"], stats["left_out"]
    done(
        f"{output}: {sum(len(texts) for texts in corpus.splits.values())} texts, "
        f"{len(corpus.labels)} labels. Removed {removed['exact']} exact duplicates "
        f"({removed['exact_with_other_labels']} labelled otherwise) and {removed['near']} near ones; "
        f"left out {left_out['no_label_for_task']} without a label for this task and "
        f"{left_out['invalid']} invalid rows."
    )


def warn_of_foreign(what: str, texts: Iterable[tuple[str, str]], lang: str) -> None:
    """Say how many texts are in other languages."""
    foreign = find_foreign(texts, lang)
    if foreign:
        warn(f"{what}: {describe_foreign(foreign, lang)}")


if __name__ == "__main__":
    run(prepare)
