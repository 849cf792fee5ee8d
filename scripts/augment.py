"""Make synthetic texts of the training texts."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill import augmenters, mixture  # noqa: F401  registers what the config names
from .distill.synthetic import build_synthetic
from .distill.tagging import LEXICON, describe_tagger


def augment(
    config: Annotated[Path, typer.Argument(help="The augmenters' config")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    output: Annotated[Path, typer.Argument(help="Parquet file for the texts")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    n_synthetic: Annotated[int, typer.Option(help="How many texts to make", min=0)] = 60000,
    tagger: Annotated[str, typer.Option(help="Installed pipeline that tags, or lexicon")] = LEXICON,
    seed: Annotated[int, typer.Option(help="Seed of all draws")] = 0,
) -> None:
    """Make synthetic texts by the methods of the config."""
    with tqdm(total=n_synthetic, unit="text", desc="Augmenting") as bar:
        synthetic = build_synthetic(
            config,
            corpus,
            teacher,
            output,
            lang=lang,
            n_texts=n_synthetic,
            tagger=tagger,
            seed=seed,
            progress=bar.update,
        )
    made = sum(synthetic.counts.values())
    parts = ", ".join(f"{name} {count}" for name, count in synthetic.counts.items())
    short = "" if made == n_synthetic else f" ({n_synthetic} asked for: no more different ones)"
    pool = f" and {synthetic.pool} of the pool" if synthetic.pool else ""
    dropped = (
        ", ".join(f"{count} {reason}" for reason, count in synthetic.dropped.items()) or "none"
    )
    done(
        f"{output}: {made} synthetic texts{short} ({parts}) and {synthetic.gold} gold ones{pool}; "
        f"dropped: {dropped}; parts of speech by {describe_tagger(lang, tagger)}."
    )


if __name__ == "__main__":
    run(augment)
