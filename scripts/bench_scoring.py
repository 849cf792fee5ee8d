"""Compare scoring with the teacher's own nlp.pipe."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm
from wasabi import msg

from .console import done, run
from .distill.records import count_texts
from .distill.scoring_benchmark import benchmark_scoring
from .distill.teacher_info import read_teacher_info


def bench_scoring(
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    texts: Annotated[Path, typer.Argument(help="Parquet file of texts")],
    n_texts: Annotated[int, typer.Option(help="How many texts to draw", min=1)] = 2000,
    rounds: Annotated[int, typer.Option(help="How often each way is measured", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the draw")] = 0,
) -> None:
    """Score the same texts in turn, with all cores."""
    if read_teacher_info(teacher).black_box:
        done("Nothing to compare: the teacher is a black box.")
        return
    with tqdm(unit="measurement") as bar:

        def show(name: str) -> None:
            bar.set_description(f"Measured {name}")
            bar.update()

        speeds = benchmark_scoring(
            teacher, texts, n_texts=n_texts, rounds=rounds, seed=seed, progress=show
        )
    rows = [
        (
            s.name,
            f"{s.texts_per_second:,.0f}",
            f"{s.pieces_per_second:,.0f}",
            f"{s.times_pipe:.2f}",
            f"{s.share_of_limit:.0%}",
            f"{s.max_difference:.4f}",
            f"{s.same_labels:.1%}",
        )
        for s in speeds
    ]
    header = (
        "way",
        "texts/s",
        "word pieces/s",
        "times nlp.pipe",
        "of matrix limit",
        "max difference",
        "same labels",
    )
    msg.table(rows, header=header, divider=True, aligns=["l", *"r" * 6])
    done(f"{min(n_texts, count_texts(texts))} texts, all cores, medians of {rounds} rounds.")


if __name__ == "__main__":
    run(bench_scoring)
