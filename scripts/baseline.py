"""Train a student's architecture without a teacher."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill import callbacks, readers  # noqa: F401  registers what the config names
from .distill.students import train_baseline


def baseline(
    config: Annotated[Path, typer.Argument(help="The student's config")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the baseline")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Train the same small text classifier on the gold labels alone."""
    trained = train_baseline(config, corpus, output, lang=lang, seed=seed, gpu_id=gpu_id)
    done(f"{trained.path}: baseline from {config.name}, {trained.dev_score:.1%} on dev.")


if __name__ == "__main__":
    run(baseline)
