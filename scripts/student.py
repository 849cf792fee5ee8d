"""Train students on their teacher's scores."""

from pathlib import Path
from typing import Annotated

import typer

from .console import Switch, done, run, warn
from .distill.calibration import read_calibration
from .distill.products import DEFAULT_STUDENTS, describe_poor_area, name_by_seed, split_seeds
from .distill.students import find_architectures, train_student


def student(
    configs: Annotated[Path, typer.Argument(help="Folder of the configs")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    scored: Annotated[Path, typer.Argument(help="Parquet file of scored texts")],
    vectors: Annotated[Path, typer.Argument(help="Folder of the teacher's word vectors")],
    output: Annotated[Path, typer.Argument(help="Folder for the students")],
    students: Annotated[str, typer.Option(help="Architectures, by comma")] = DEFAULT_STUDENTS,
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
    seeds: Annotated[str, typer.Option(help="Several in its place, by comma")] = "",
    calibrate: Annotated[
        Switch, typer.Option(help="Fit a temperature on dev", case_sensitive=False)
    ] = Switch.true,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Train small text classifiers on the teacher's scores."""
    for found in find_architectures(configs, students):
        for number, name in name_by_seed(found.name, split_seeds(seeds, seed)).items():
            trained = train_student(
                found,
                corpus,
                scored,
                vectors,
                output / name,
                lang=lang,
                seed=number,
                gpu_id=gpu_id,
                calibrate=calibrate is Switch.true,
            )
            told = [f"student '{name}'", f"{trained.dev_score:.1%} on dev"]
            calibration = read_calibration(trained.path)
            told += [str(calibration)] if calibration else []
            done(f"{trained.path}: {', '.join(told)}.")
            poor = describe_poor_area(trained.path)
            if poor:
                warn(
                    f"{trained.path}: the student hardly tells the labels apart. {poor} Look at the "
                    "teacher's score on dev: a student is seldom better. If that one is good, try more "
                    "texts (--vars.pool, --vars.n_synthetic) or another student (--vars.students)."
                )


if __name__ == "__main__":
    run(student)
