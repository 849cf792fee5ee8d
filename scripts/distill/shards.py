"""Score a folder of Parquet shards, here or on a cluster of Ray: more texts than one machine can do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .errors import InputError
from .records import count_rows, count_texts, is_ours, read_texts_meta
from .score_files import FileScorer
from .scoring import AUTO
from .teacher_info import read_teacher_info

SUFFIX = ".parquet"


class ShardsScored(NamedTuple):
    """How many shards were scored and how many texts they hold; how many shards were there already."""

    shards: int
    texts: int
    already: int


class Shard(NamedTuple):
    """A file of texts, and the file for their scores."""

    texts: Path
    output: Path


def list_shards(folder: Path, output: Path) -> list[Shard]:
    """List the files of a folder.

    folder (Path): A folder of Parquet files.
    output (Path): Folder for the scores, in files of the same names.
    RETURNS (list[Shard]): In the order of their names.
    RAISES (InputError): There are none, or the scores would lie among them.
    """
    # In a folder of theirs they would be taken for texts by the next run.
    if output.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"Can't write scores to {output}: the texts are in {folder}. Expected a folder outside of "
            "it. Name another folder."
        )
    paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))
    nested = sorted(folder.glob(f"*/**/*{SUFFIX}"))
    if nested:
        raise InputError(
            f"Can't score {folder}: there are Parquet files in folders of it ({nested[0]}). Expected "
            "all files side by side. Move them, or score each folder."
        )
    if not paths:
        raise InputError(
            f"Can't score {folder}: it holds no files that end in {SUFFIX}. Expected Parquet files with "
            "a column 'text'."
        )
    return [Shard(path, output / path.name) for path in paths]


def is_scored(shard: Shard, fingerprint: str, precision: str = AUTO) -> bool:
    """Tell whether a shard has been scored by a teacher. A file of scores appears when it is whole.

    shard (Shard): The shard.
    fingerprint (str): The teacher's.
    precision (str): What the teacher is to multiply in; with "auto" either will do.
    RETURNS (bool): Whether it has: the texts are as many, and haven't been written since. False as well
        where one of the two can't be read: scoring makes it anew, or says what is wrong with it.
    """
    try:
        if not shard.output.is_file() or not is_ours(shard.output):
            return False
        if shard.output.stat().st_mtime < shard.texts.stat().st_mtime:
            return False
        meta = read_texts_meta(shard.output, scored=True)
        if precision not in (AUTO, meta.precision):
            return False
        return meta.teacher == fingerprint and count_rows(shard.output) == count_texts(shard.texts)
    except InputError:
        return False


def _count(shard: Shard) -> int:
    try:
        return count_texts(shard.texts)
    # Scoring says what is wrong with it, and goes on with the others.
    except InputError:
        return 0


def score_shards(
    teacher: Path,
    folder: Path,
    output: Path,
    *,
    engine: str = "local",
    workers: int = 0,
    gpu_id: int = -1,
    precision: str = AUTO,
    progress: Callable[[int], object] = lambda texts: None,
    start: Callable[[int], object] = lambda total: None,
) -> ShardsScored:
    """Score each file of a folder. What has been scored by this teacher before is left as it is, so that
    a run that was killed goes on where it was.

    Locally one after the other, with "ray" by Ray Data: an actor for each GPU or core loads the teacher
    once, and scores shard after shard by the same function, so that the scores are the same. Teacher and
    folders must be where all machines can see them.

    teacher (Path): The teacher's folder.
    folder (Path): A folder of Parquet files with a column `text`.
    output (Path): Folder for the scores.
    engine (str): "local" or "ray".
    workers (int): How many actors Ray starts. 0: as many as the cluster has GPUs or cores, but no more
        than there are shards.
    gpu_id (int): GPU to score on, or -1 for the CPU; with Ray 0 or more means one GPU for each actor.
    precision (str): What a transformer multiplies in: see scoring.choose_precision.
    progress (Callable[[int], object]): Told the number of texts of each shard that is done.
    start (Callable[[int], object]): Told the number of texts to be scored.
    RETURNS (ShardsScored): How many.
    RAISES (InputError): An input can't be used, or Ray can't. A shard that can't be scored stops none of
        the others.
    """
    fingerprint = read_teacher_info(teacher).fingerprint
    shards = list_shards(folder, output)
    missing = [shard for shard in shards if not is_scored(shard, fingerprint, precision)]
    start(sum(map(_count, missing)))
    texts, errors = 0, []
    run = _run_on_ray if engine == "ray" else _run_here
    scorer = {"teacher": str(teacher.resolve()), "gpu_id": gpu_id, "precision": precision}
    for scored, error in run(missing, workers, scorer) if missing else ():
        progress(scored)
        texts += scored
        errors += [error] if error else []
    if errors:
        others = "The others are done. " if len(errors) < len(shards) else ""
        raise InputError(
            f"Can't score {len(errors)} of {len(shards)} shards. The first: {errors[0]} {others}Put it "
            "right, and run the same command again."
        )
    return ShardsScored(len(missing), texts, len(shards) - len(missing))


class ShardActor:
    """A teacher that scores shards. It is loaded with the first of them, so that what prevents it is
    told like all else.
    """

    def __init__(self, teacher: str, gpu_id: int, precision: str) -> None:
        self._teacher = Path(teacher)
        self._gpu_id = gpu_id
        self._precision = precision
        self._scorer: FileScorer | None = None

    def __call__(self, row: dict[str, str]) -> dict[str, Any]:
        """Score the shard of a row.

        row (dict[str, str]): Paths `texts` and `output`.
        RETURNS (dict[str, Any]): `scored`, the number of texts, and `error`, a message for the user
            where the shard can't be scored.
        """
        try:
            if self._scorer is None:
                self._scorer = FileScorer(
                    self._teacher, gpu_id=self._gpu_id, precision=self._precision
                )
            scored = self._scorer.score(Path(row["texts"]), Path(row["output"])).texts
        except InputError as error:
            return {"scored": 0, "error": str(error)}
        # One shard may not end the work on all others, on whatever machine it is.
        except Exception as error:
            message = f"{row['texts']}: {type(error).__name__}: {error}."
            return {"scored": 0, "error": message}
        return {"scored": scored, "error": ""}


def _to_row(shard: Shard) -> dict[str, str]:
    return {"texts": str(shard.texts.resolve()), "output": str(shard.output.resolve())}


def _run_here(
    shards: Sequence[Shard], workers: int, scorer: Mapping[str, Any]
) -> Iterator[tuple[int, str]]:
    """Give for each shard the number of texts that were scored, and an error or none."""
    actor = ShardActor(**scorer)
    for shard in shards:
        result = actor(_to_row(shard))
        yield result["scored"], result["error"]


def _run_on_ray(
    shards: Sequence[Shard], workers: int, scorer: Mapping[str, Any]
) -> Iterator[tuple[int, str]]:
    """Do the same with as many actors as asked for."""
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "Can't score on Ray: it isn't installed. Install it as requirements/lock.txt has it, or use "
            "--engine local."
        ) from error
    # A cluster named by RAY_ADDRESS or `ray job submit`; else one on this machine.
    try:
        ray.init(ignore_reinit_error=True, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Can't score on Ray: {error} Expected a cluster at RAY_ADDRESS, or none named, for one on "
            "this machine."
        ) from error
    ray.data.DataContext.get_current().enable_progress_bars = False
    on_gpu = scorer["gpu_id"] >= 0
    available = int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 0))
    if not available:
        raise InputError(
            "Can't score on Ray: the cluster has no GPU. Expected one or more. Use --gpu-id -1 for CPUs."
        )
    results = ray.data.from_items(
        [_to_row(shard) for shard in shards], override_num_blocks=len(shards)
    ).map(
        ShardActor,
        # Ray shows each actor its own GPU alone.
        fn_constructor_kwargs={**scorer, "gpu_id": 0 if on_gpu else -1},
        concurrency=min(workers or available, len(shards)),
        num_cpus=1,
        num_gpus=1 if on_gpu else 0,
    )
    for row in results.iter_rows():
        yield row["scored"], row["error"]
