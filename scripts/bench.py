"""Compare the throughput of all models side by side."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm
from wasabi import msg

from .console import done, run
from .distill.benchmark import benchmark
from .distill.products import DEFAULT_STUDENTS, split_names


def bench(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    training: Annotated[Path, typer.Argument(help="Folder of the models")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    students: Annotated[
        str, typer.Option(help="Students' architectures, by comma")
    ] = DEFAULT_STUDENTS,
    rounds: Annotated[int, typer.Option(help="How often each model is measured", min=1)] = 5,
) -> None:
    """Measure each model in turn, several times over."""
    with tqdm(unit="measurement") as bar:

        def show(name: str) -> None:
            bar.set_description(f"Measured {name}")
            bar.update()

        results = benchmark(
            corpus,
            training,
            lang=lang,
            architectures=split_names(students),
            rounds=rounds,
            progress=show,
        )
    rows = [
        (
            r.name,
            f"{r.words_per_second:,.0f}",
            f"{r.times_teacher:,.1f}",
            f"{r.share_of_tokenizer:.1%}",
        )
        for r in results
    ]
    header = ("model", "words/s", "times the teacher", "of tokenizing alone")
    msg.table(rows, header=header, divider=True, aligns=["l", "r", "r", "r"])
    done(f"{len(results)} models, one thread, medians of {rounds} rounds.")


if __name__ == "__main__":
    run(bench)
