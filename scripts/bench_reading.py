"""Measure what reading scored texts takes, whole and streamed."""

from typing import Annotated

import typer
from tqdm import tqdm
from wasabi import msg

from .console import done, run
from .distill.reading_benchmark import measure_reading


def bench_reading(
    rows: Annotated[list[int], typer.Argument(help="Sizes of the files, in rows", min=1)],
    buffer_size: Annotated[int, typer.Option(help="Texts in the shuffle buffer", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the random texts")] = 0,
) -> None:
    """Show that streaming takes no more memory for more texts."""
    with tqdm(total=2 * len(rows), unit="pass", desc="Reading") as bar:
        readings = measure_reading(rows, buffer_size, seed, lambda reading: bar.update())
    table = [
        (
            f"{reading.rows:,}",
            f"buffer of {reading.buffer_size:,}" if reading.buffer_size else "whole",
            f"{reading.start_rss_mb:,.0f}",
            f"{reading.peak_rss_mb:,.0f}",
            f"{reading.texts_per_second:,.0f}",
        )
        for reading in readings
    ]
    header = ("rows", "read", "MB before", "peak MB", "texts/s")
    msg.table(table, header=header, divider=True, aligns=["r", "l", "r", "r", "r"])
    done(f"{len(readings)} passes, each in a process of its own.")


if __name__ == "__main__":
    run(bench_reading)
