"""Score texts with the teacher."""

import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from .console import done, run
from .distill.errors import InputError
from .distill.records import count_texts
from .distill.score_files import Scored, score_file
from .distill.shards import score_shards


class PoolLabels(str, Enum):
    """Keep the pool's texts as they come, or as many of each label as of the rarest."""

    all = "all"
    balanced = "balanced"


class Precision(str, Enum):
    """What the teacher multiplies in; auto: bfloat16 where the processor is fast at it."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"


class Engine(str, Enum):
    """Where a folder of shards is scored: here, or by Ray on as many machines as it has."""

    local = "local"
    ray = "ray"


def score(
    teacher: Annotated[Path, typer.Argument(help="Folder of the teacher")],
    texts: Annotated[Path, typer.Argument(help="Parquet file of texts, or a folder of such files")],
    output: Annotated[Path, typer.Argument(help="Parquet file for the scores, or a folder")],
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of the scores that teachers have given before; for one file"),
    ] = None,
    gpu_id: Annotated[int, typer.Option(help="GPU, or -1 for the CPU")] = -1,
    precision: Annotated[
        Precision, typer.Option(help="What the teacher multiplies in")
    ] = Precision.auto,
    pool_confidence: Annotated[
        float,
        typer.Option(
            help="Leave out pool texts that the teacher is less sure of; for one file", min=0, max=1
        ),
    ] = 0.0,
    pool_labels: Annotated[
        PoolLabels,
        typer.Option(
            help="All pool texts, or as many of each label as of the rarest; for one file"
        ),
    ] = PoolLabels.all,
    engine: Annotated[Engine, typer.Option(help="Where to score a folder")] = Engine.local,
    workers: Annotated[
        int, typer.Option(help="How many actors Ray starts; 0: one for each GPU or core", min=0)
    ] = 0,
) -> None:
    """Write the teacher's logits for every text."""
    began = time.perf_counter()
    if texts.is_dir():
        for_one = {"--cache": cache, "--pool-confidence": pool_confidence}
        for_one["--pool-labels"] = pool_labels is PoolLabels.balanced
        _refuse(for_one, "one file", texts)
        if engine is Engine.local:
            _refuse({"--workers": workers}, "--engine ray", texts)
        _score_folder(teacher, texts, output, engine, workers, gpu_id, precision)
        return
    _refuse({"--engine ray": engine is Engine.ray, "--workers": workers}, "a folder", texts)
    with tqdm(total=count_texts(texts), unit="text", desc="Scoring") as bar:
        scored = score_file(
            teacher,
            texts,
            output,
            cache=cache,
            gpu_id=gpu_id,
            precision=precision.value,
            min_confidence=pool_confidence,
            balance=pool_labels is PoolLabels.balanced,
            progress=bar.update,
        )
    _tell(output, scored, time.perf_counter() - began)


def _tell(output: Path, scored: Scored, seconds: float) -> None:
    new = scored.texts - scored.reused
    pool = ""
    if scored.choice:
        kept, unsure, surplus = scored.choice
        pool = (
            f"; of the pool {kept} kept, {unsure} left out as unsure, {surplus} to balance labels"
        )
    done(
        f"{output}: {scored.written} texts, {new} scored in {seconds:.0f} s ({new / seconds:.0f} "
        f"texts/s), {scored.reused} not scored again{pool}."
    )


def _refuse(options: Mapping[str, object], only_for: str, texts: Path) -> None:
    """Refuse options that would do nothing."""
    for name in (name for name, value in options.items() if value):
        raise InputError(
            f"Can't use {name} for {texts}. Expected it for {only_for} alone. Leave it out."
        )


def _score_folder(
    teacher: Path,
    texts: Path,
    output: Path,
    engine: Engine,
    workers: int,
    gpu_id: int,
    precision: Precision,
) -> None:
    began = time.perf_counter()
    with tqdm(unit="text", desc="Scoring") as bar:
        scored = score_shards(
            teacher,
            texts,
            output,
            engine=engine.value,
            workers=workers,
            gpu_id=gpu_id,
            precision=precision.value,
            progress=bar.update,
            start=bar.reset,
        )
    seconds = time.perf_counter() - began
    done(
        f"{output}: {scored.texts} texts in {scored.shards} shards scored in {seconds:.0f} s "
        f"({scored.texts / seconds:.0f} texts/s), {scored.already} shards not scored again."
    )


if __name__ == "__main__":
    run(score)
