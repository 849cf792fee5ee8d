"""Sum up several runs in one table."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill.summary import read_runs, summarize


def summary(
    metrics: Annotated[list[Path], typer.Argument(help="Files metrics.json of several runs")],
) -> None:
    """Print a Markdown table: mean and standard deviation of each model's figures over runs."""
    runs = read_runs(metrics)
    typer.echo(summarize(runs))
    done(f"{len(runs)} runs: {', '.join(map(str, metrics))}.")


if __name__ == "__main__":
    run(summary)
