"""Write the report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run, warn
from .distill.report import build_report


def report(
    metrics: Annotated[Path, typer.Argument(help="The file metrics.json")],
    output: Annotated[Path, typer.Argument(help="Folder for the report")],
) -> None:
    """Write an HTML page and a Markdown table."""
    page, table, outdated = build_report(metrics, output)
    if outdated:
        warn(
            "The ablation is left out: it was made of other scores, texts or vectors, or by an earlier "
            "version. Run the step 'ablation' again to have it."
        )
    print(table.read_text(encoding="utf8"))
    done(f"{page} and {table.name}: the report. Open the page in a browser.")


if __name__ == "__main__":
    run(report)
