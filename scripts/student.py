"""Train a student on its teacher's scores."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill import callbacks, readers  # noqa: F401  registers what the config names
from .distill.students import train_student


def student(
    config: Annotated[Path, typer.Argument(help="The student's config")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    scored: Annotated[Path, typer.Argument(help="Parquet file of scored texts")],
    output: Annotated[Path, typer.Argument(help="Folder for the student")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Train a small text classifier on the teacher's scores."""
    trained = train_student(config, corpus, scored, output, lang=lang, seed=seed, gpu_id=gpu_id)
    done(f"{trained.path}: student from {config.name}, {trained.dev_score:.1%} on dev.")


if __name__ == "__main__":
    run(student)
