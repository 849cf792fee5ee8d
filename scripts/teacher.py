"""Fine-tune the teacher."""

from pathlib import Path
from typing import Annotated

import typer

from .console import done, run, warn
from .distill.black_box import note_black_box
from .distill.default_transformers import DEFAULT, choose_transformer
from .distill.products import describe_poor_area
from .distill.settings import split_settings
from .distill.shared_teacher import adopt_teacher
from .distill.teacher import train_teacher


def teacher(
    config: Annotated[Path, typer.Argument(help="The teacher's config")],
    corpus: Annotated[Path, typer.Argument(help="Folder of the gold corpus")],
    output: Annotated[Path, typer.Argument(help="Folder for the teacher")],
    transformer: Annotated[
        str, typer.Option(help="Hub name or local folder; default: by language")
    ] = DEFAULT,
    transformer_of: Annotated[
        list[str] | None, typer.Option(help="LANGUAGE=NAME: another one for a language")
    ] = None,
    black_box: Annotated[
        str, typer.Option(help="In its place: MODULE:NAME of a callable, or a file of scores")
    ] = "",
    shared: Annotated[
        str, typer.Option(help="In its place: the folder of a teacher of several languages")
    ] = "",
    lang: Annotated[str, typer.Option(help="Language code")] = "en",
    epochs: Annotated[int, typer.Option(help="Passes over the training texts", min=1)] = 5,
    learn_rate: Annotated[float, typer.Option(help="Highest learning rate", min=0)] = 0.0001,
    seed: Annotated[int, typer.Option(help="Seed of weights and order")] = 0,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Fine-tune a transformer as a text classifier, or take a black box as the teacher."""
    if black_box:
        score = note_black_box(black_box, corpus, output, lang=lang)
        done(f"{output}: the teacher is '{black_box}', {score:.1%} on dev.")
        return
    if shared:
        score = adopt_teacher(Path(shared), corpus, output, lang=lang, gpu_id=gpu_id)
        done(f"{output}: the teacher is that of {shared}, {score:.1%} on dev.")
        return
    name = choose_transformer(transformer, lang, split_settings(transformer_of or []))
    trained = train_teacher(
        config,
        corpus,
        output,
        transformer=name,
        lang=lang,
        seed=seed,
        epochs=epochs,
        learn_rate=learn_rate,
        gpu_id=gpu_id,
    )
    done(f"{trained.path}: teacher from '{name}', {trained.dev_score:.1%} on dev.")
    poor = describe_poor_area(trained.path)
    if poor:
        warn(
            f"{trained.path}: the teacher hardly tells the labels apart. {poor} Students "
            "learn little from it. Try more epochs (--vars.epochs), another learning rate "
            "(--vars.learn_rate), more texts, or another transformer (--vars.transformer)."
        )


if __name__ == "__main__":
    run(teacher)
