"""Train the students' architectures without a teacher."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run
from .distill.products import DEFAULT_STUDENTS, name_by_seed, split_seeds
from .distill.students import find_architectures, train_baseline


def baseline(
    configs: Annotated[Path, typer.Argument(help="Folder of the configs")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the baselines")],
    students: Annotated[str, typer.Option(help="Architectures, by comma")] = DEFAULT_STUDENTS,
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
    seeds: Annotated[str, typer.Option(help="Several in its place, by comma")] = "",
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Train the same small text classifiers on the gold labels alone."""
    for found in find_architectures(configs, students):
        for number, name in name_by_seed(found.name, split_seeds(seeds, seed)).items():
            path = output / name
            trained = train_baseline(found, corpus, path, lang=lang, seed=number, gpu_id=gpu_id)
            done(f"{trained.path}: baseline '{name}', {trained.dev_score:.1%} on dev.")


if __name__ == "__main__":
    run(baseline)
