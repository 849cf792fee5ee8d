"""Score texts with the teacher."""

import time
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.scoring import score_file


def score(
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    texts: Annotated[Path, typer.Argument(help="Parquet file of texts")],
    output: Annotated[Path, typer.Argument(help="Parquet file for the scores")],
    cache: Annotated[
        Path, typer.Option(help="Folder of the scores that teachers have given before")
    ] = Path("training/scores"),
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
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
            progress=bar.update,
            start=bar.reset,
        )
    seconds = time.perf_counter() - began
    new = scored.texts - scored.reused
    done(
        f"{output}: {scored.texts} texts, {new} scored in {seconds:.0f} s ({new / seconds:.0f} "
        f"texts/s), {scored.reused} not scored again."
    )


if __name__ == "__main__":
    run(score)
