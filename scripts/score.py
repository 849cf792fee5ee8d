"""Score texts with the teacher."""

import time
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.scoring import score_file


class PoolLabels(str, Enum):
    """Keep the pool's texts as they come, or as many of each label as of the rarest."""

    all = "all"
    balanced = "balanced"


def score(
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    texts: Annotated[Path, typer.Argument(help="Parquet file of texts")],
    output: Annotated[Path, typer.Argument(help="Parquet file for the scores")],
    cache: Annotated[
        Path, typer.Option(help="Folder of the scores that teachers have given before")
    ] = Path("training/scores"),
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
    pool_confidence: Annotated[
        float,
        typer.Option(help="Leave out pool texts that the teacher is less sure of", min=0, max=1),
    ] = 0.0,
    pool_labels: Annotated[
        PoolLabels, typer.Option(help="All pool texts, or as many of each label as of the rarest")
    ] = PoolLabels.all,
) -> None:
    """Write the teacher's logits for every text."""
    began = time.perf_counter()
    with tqdm(unit="text", desc="Scoring") as bar:
        scored = score_file(
            teacher,
            texts,
            output,
            cache=cache,
            gpu_id=gpu_id,
            min_confidence=pool_confidence,
            balance=pool_labels is PoolLabels.balanced,
            progress=bar.update,
            start=bar.reset,
        )
    seconds = time.perf_counter() - began
    new = scored.texts - scored.reused
    pool = ""
    if scored.choice:
        kept, unsure, surplus = scored.choice
        pool = (
            f"; of the pool {kept} kept, {unsure} left out as unsure, {surplus} to balance labels"
        )
    done(
        f"{output}: {scored.texts} texts, {new} scored in {seconds:.0f} s ({new / seconds:.0f} "
        f"texts/s), {scored.reused} not scored again{pool}."
    )


if __name__ == "__main__":
    run(score)
