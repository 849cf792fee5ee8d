"""Evaluate every model on the same test set."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.evaluation import evaluate_models
from .distill.products import DEFAULT_STUDENTS, split_names, split_seeds


def evaluate(
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    scored: Annotated[Path, typer.Argument(help="Parquet file of scored texts")],
    training: Annotated[Path, typer.Argument(help="Folder of the models")],
    output: Annotated[Path, typer.Argument(help="The file metrics.json")],
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    students: Annotated[
        str, typer.Option(help="Students' architectures, by comma")
    ] = DEFAULT_STUDENTS,
    seed: Annotated[int, typer.Option(help="Seed the teacher was trained with")] = 0,
    seeds: Annotated[
        str, typer.Option(help="Seeds of students and baselines, by comma; else the same")
    ] = "",
) -> None:
    """Measure quality and cost of teacher, students, baselines and their peers, and compare them."""
    with tqdm(unit="measurement") as bar:

        def show(name: str) -> None:
            bar.set_description(f"Measured {name}")
            bar.update()

        metrics = evaluate_models(
            corpus,
            scored,
            training,
            output,
            lang=lang,
            architectures=split_names(students),
            seed=seed,
            seeds=split_seeds(seeds, seed),
            start=bar.reset,
            progress=show,
        )
    accuracies = (f"{name} {model['accuracy']:.1%}" for name, model in metrics["models"].items())
    done(f"{output}: accuracy on test: {', '.join(accuracies)}.")


if __name__ == "__main__":
    run(evaluate)
