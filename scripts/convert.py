"""Turn a public data set, as published, into train, dev, test and pool."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import OnInvalid, done, run
from .distill.public_data import SETS
from .distill.public_splits import Converted, convert_public


def convert(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(SETS)}")],
    raw: Annotated[Path, typer.Argument(help="The file as published")],
    output: Annotated[Path, typer.Argument(help="Folder for train, dev, test and pool")],
    seed: Annotated[int, typer.Option(help="Seed of the splits", min=0)] = 0,
    on_invalid: Annotated[
        OnInvalid, typer.Option(help="What to do with a row of another form")
    ] = OnInvalid.stop,
) -> None:
    """Make files that the step `prepare` reads."""
    skip_invalid = on_invalid is OnInvalid.skip
    with tqdm(unit="text", desc="Reading and comparing") as bar:
        converted = convert_public(
            name, raw, output, seed=seed, skip_invalid=skip_invalid, progress=bar.update
        )
    done(
        f"{output}: {describe_sizes(converted)}. Removed {converted.duplicates} duplicates; left out "
        f"{converted.invalid} invalid rows."
    )


def describe_sizes(converted: Converted) -> str:
    """Say how many texts each split has, and how many it was to have where it has fewer."""
    wanted = converted.wanted._asdict()
    return ", ".join(
        f"{size:,} of {wanted[split]:,} {split}"
        if wanted[split] is not None and size < wanted[split]
        else f"{size:,} {split}"
        for split, size in converted.sizes.items()
    )


if __name__ == "__main__":
    run(convert)
