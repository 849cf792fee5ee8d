"""What the steps leave for each other on disk, and reading it back."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import srsly

from .errors import InputError

BEST = "model-best"
# The text categorizer, in the pipelines of teachers, students and baselines.
COMPONENT = "textcat"
# Unlabelled texts, in the folder of the gold corpus.
POOL_FILE = "pool.parquet"
DEFAULT_STUDENTS = "bow,cnn,ensemble"
# The score that is reported: where labels are exclusive it is the accuracy.
DEV_SCORE = "cats_micro_f"
# Labels that dev lacks count as 0 in it.
DEV_AUC = "cats_macro_auc"
# By label; None for one that dev lacks.
DEV_AUC_BY_LABEL = "cats_auc_per_type"
# What has less, on average over labels, is hardly worth using.
POOR_AREA = 0.6


def require(*paths: Path, step: str) -> None:
    """Check that what an earlier step made is there.

    paths (Path): Files or folders.
    step (str): The step that makes them.
    RAISES (InputError): One is missing.
    """
    for path in paths:
        if not path.exists():
            raise InputError(
                f"Can't find {path}. Expected it from the step '{step}'. Run that step first."
            )


def read_stats(corpus: Path) -> dict[str, Any]:
    """Read what `prepare` says of a gold corpus.

    corpus (Path): The folder of the gold corpus.
    RETURNS (dict[str, Any]): The content of stats.json.
    RAISES (InputError): The corpus isn't there.
    """
    files = [corpus / name for name in ("train.spacy", "dev.spacy", "test.spacy", "labels.json")]
    require(*files, corpus / "stats.json", step="prepare")
    return srsly.read_json(corpus / "stats.json")


def split_names(names: str) -> list[str]:
    """Split a list of names.

    names (str): Names, separated by commas.
    RETURNS (list[str]): The names.
    RAISES (InputError): There are none, or one is there twice.
    """
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not found or len(set(found)) < len(found):
        raise InputError(
            f"Can't use the students '{names}'. Expected different names, separated by commas, such "
            "as bow,cnn. Set them with --vars.students."
        )
    return found


def split_seeds(seeds: str, seed: int) -> list[int]:
    """Split a list of the seeds that students and baselines are trained with.

    seeds (str): Whole numbers, separated by commas; empty: only `seed`.
    seed (int): The seed of all other steps.
    RETURNS (list[int]): The seeds.
    RAISES (InputError): One is no whole number from 0, or is there twice.
    """
    words = [word.strip() for word in seeds.split(",")] if seeds.strip() else [str(seed)]
    if not all(word.isdecimal() for word in words) or len(set(map(int, words))) < len(words):
        raise InputError(
            f"Can't use the seeds '{seeds}'. Expected different whole numbers, separated by commas, "
            'such as 0,1,2. Set them with --vars.seeds; "" stands for --vars.seed alone.'
        )
    return [int(word) for word in words]


def name_by_seed(architecture: str, seeds: Sequence[int]) -> dict[int, str]:
    """Name the folders of a student or baseline that is trained once with each of several seeds.

    architecture (str): Its architecture, such as "cnn".
    seeds (Sequence[int]): The seeds; the first one's model is the one to package.
    RETURNS (dict[int, str]): By seed: "cnn" for the first, "cnn-seed1" and the like for others.
    """
    further = {seed: f"{architecture}-seed{seed}" for seed in seeds[1:]}
    return {seeds[0]: architecture, **further}


def model_folder(training: Path, step: str, name: str) -> Path:
    """Say where a student or baseline lies.

    training (Path): The folder of the models.
    step (str): "student" or "baseline".
    name (str): Its architecture, such as "cnn"; of a further seed see name_by_seed.
    RETURNS (Path): Its folder.
    """
    return training / step / name


def choose_student(training: Path, architectures: Sequence[str]) -> str:
    """Choose the student that did best on dev; test has no say. The area under the ROC curve counts as
    much as the accuracy, or as the micro-averaged F-score where labels don't exclude each other: it
    tells apart what comes out equal, or by chance better, on few texts.

    training (Path): The folder of the models.
    architectures (Sequence[str]): Architectures to choose from; of equals, the first.
    RETURNS (str): Its architecture, such as "cnn".
    RAISES (InputError): A student is missing.
    """
    paths = {name: model_folder(training, "student", name) / BEST for name in architectures}
    require(*paths.values(), step="student")
    return max(
        paths,
        key=lambda name: (
            read_dev_score(paths[name]) + read_dev_score(paths[name], DEV_AUC, DEV_SCORE)
        ),
    )


def read_dev_score(model: Path, *keys: str) -> float:
    """Read from a pipeline's meta.json how well it did on dev.

    model (Path): The pipeline's folder.
    keys (str): The score wanted, and others to take where it is missing. None: the accuracy for
        exclusive labels, the micro-averaged F-score for others.
    RETURNS (float): From 0 to 1.
    """
    performance = srsly.read_json(model / "meta.json")["performance"]
    return float(
        next(performance[key] for key in keys or (DEV_SCORE,) if performance.get(key) is not None)
    )


def describe_poor_area(model: Path) -> str:
    """Say so where a pipeline hardly tells the labels apart.

    model (Path): The pipeline's folder.
    RETURNS (str): A sentence with the area under its ROC curve on dev, on average over the labels that
        dev has, where that is below POOR_AREA; empty where it isn't, or wasn't measured.
    """
    performance = srsly.read_json(model / "meta.json")["performance"]
    areas = [
        area for area in (performance.get(DEV_AUC_BY_LABEL) or {}).values() if area is not None
    ]
    if not areas or fmean(areas) >= POOR_AREA:
        return ""
    return (
        f"The area under its ROC curve is {fmean(areas):.2f} on dev, expected at least {POOR_AREA:.2f} "
        "(by chance it is 0.50)."
    )
