"""Train one student on parts of what the teacher scored, to see what each kind of text brings."""

from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.ablation import ablate
from .distill.errors import InputError
from .distill.students import find_architectures, list_architectures


def ablation(
    configs: Annotated[Path, typer.Argument(help="Folder of the students' configs")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    scored: Annotated[Path, typer.Argument(help="Parquet file of scored texts")],
    training: Annotated[Path, typer.Argument(help="Folder of the models")],
    output: Annotated[Path, typer.Argument(help="The file ablation.json")],
    student: Annotated[str, typer.Option(help="Architecture of the student")] = "cnn",
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of draws, weights and order")] = 0,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Leave out each kind of text in turn, and draw learning curves."""
    known = list_architectures(configs)
    if student not in known:
        raise InputError(
            f"Can't use the student '{student}'. Expected one of: {', '.join(known)}. Set it with "
            "--vars.ablation_student."
        )
    (architecture,) = find_architectures(configs, student)
    with tqdm(unit="student", desc="Ablation") as bar:
        result = ablate(
            architecture,
            corpus,
            scored,
            training,
            output,
            lang=lang,
            seed=seed,
            gpu_id=gpu_id,
            start=bar.reset,
            progress=lambda name: bar.update(),
        )
    runs = {figures["name"]: figures["accuracy"] for figures in result["runs"]}
    worst = min(runs, key=lambda name: runs[name])
    done(
        f"{output}: {len(runs)} students '{student}'; on test {runs['all texts']:.1%} with all texts, "
        f"at worst {runs[worst]:.1%} ({worst})."
    )


if __name__ == "__main__":
    run(ablation)
