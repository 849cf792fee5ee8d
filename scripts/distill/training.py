"""Train a pipeline by its config as `spacy train` does, with outputs that exist whole or not at all."""

import itertools
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from configparser import Error as ParsingError
from pathlib import Path
from typing import Any, NamedTuple

import srsly
from catalogue import RegistryError
from confection import ConfigValidationError
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import load_config

from .devices import use_device, use_numpy_blas
from .errors import InputError, SettingError
from .outputs import atomic_folder
from .products import (
    BEST,
    COMPONENT,
    DEV_AUC,
    DEV_AUC_BY_LABEL,
    DEV_SCORE,
    read_dev_score,
    read_stats,
)
from .settings import explain_setting

LAST, LOG = "model-last", "log.jsonl"
WEIGHTS = "training.score_weights"
AREA_SHARE = 0.75
# Its batches have as many texts as its size says.
TEXTS_BATCHER = "spacy.batch_by_sequence.v1"
# Writes the log that read_history reads; others write another, or none.
LOGGER = "spacy.ConsoleLogger.v3"


class Trained(NamedTuple):
    """A trained pipeline: its folder and its score on dev, from 0 to 1."""

    path: Path
    dev_score: float


def steps_per_epoch(corpus: Path, batch_size: int) -> int:
    """Count the batches in one pass over the training texts.

    corpus (Path): The folder of the gold corpus.
    batch_size (int): Texts a batch.
    RETURNS (int): Batches an epoch, at least 1.
    """
    return max(math.ceil(read_stats(corpus)["splits"]["train"]["texts"] / batch_size), 1)


def texts_per_batch(config: Path) -> int | None:
    """Read how many texts a batch has.

    config (Path): A training config.
    RETURNS (int | None): Texts a batch; None where batches are made up otherwise (of so many words, of
        sizes that grow), or where the config leaves it to spaCy.
    RAISES (InputError): See read_config.
    """
    batcher = read_config(config)["training"].get("batcher")
    if not isinstance(batcher, dict) or batcher.get("@batchers") != TEXTS_BATCHER:
        return None
    size = batcher.get("size")
    return size if isinstance(size, int) and size > 0 else None


def find_keys(config: Path, *keys: str) -> dict[str, Any]:
    """Find settings in a text categorizer's model, however deep they lie.

    config (Path): A training config.
    keys (str): The settings' names.
    RETURNS (dict[str, Any]): Their values, by dotted config key.
    RAISES (InputError): See read_config.
    """

    def walk(block: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
        for name, value in block.items():
            if name in keys:
                yield f"{path}.{name}", value
            elif isinstance(value, dict):
                yield from walk(value, f"{path}.{name}")

    model = f"components.{COMPONENT}.model"
    return dict(walk(read_config(config)["components"][COMPONENT]["model"], model))


def corpus_overrides(
    config: Path, corpus: Path, lang: str, seed: int, multilabel_factory: str
) -> dict[str, Any]:
    """Say what every config of ours leaves open about the corpus.

    Where labels don't exclude each other, the checkpoint is chosen mostly by the area under the ROC
    curve: early in training many labels are guessed, and the micro-averaged F-score of that is better
    than that of a model that has learned so far that labels are rare.

    config (Path): The config.
    corpus (Path): The folder of the gold corpus.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    multilabel_factory (str): Factory of the component where labels don't exclude each other.
    RETURNS (dict[str, Any]): Overrides by dotted config key.
    """
    overrides = {
        "nlp.lang": lang,
        "paths.dev": str(corpus / "dev.spacy"),
        "paths.labels": str(corpus / "labels.json"),
        "system.seed": seed,
    }
    if not read_stats(corpus)["exclusive"]:
        overrides["components.textcat.factory"] = multilabel_factory
        overrides.update(dict.fromkeys(find_keys(config, "exclusive_classes"), False))
        overrides.update(_weigh_area(config))
    return overrides


def _weigh_area(config: Path) -> dict[str, Any]:
    """Give the area under the ROC curve most of the weight that it and the micro-averaged F-score
    have, where the weights stand in one line, as in configs/. A section for them is its writer's own
    choice, and stays.
    """
    weights = read_config(config)["training"].get("score_weights", {})
    known = isinstance(weights, dict) and isinstance(weights.get(DEV_SCORE), (int, float))
    if not known or not weights[DEV_SCORE] or f"[{WEIGHTS}]" in config.read_text(encoding="utf8"):
        return {}
    both = weights[DEV_SCORE] + (weights.get(DEV_AUC) or 0.0)
    area = AREA_SHARE * both
    return {WEIGHTS: {**weights, DEV_SCORE: both - area, DEV_AUC: area}}


def read_config(config: Path) -> dict[str, Any]:
    """Read a training config as it stands.

    config (Path): The file.
    RETURNS (dict[str, Any]): Its blocks; references between them are not filled in.
    RAISES (InputError): It is missing, or no such config.
    """
    if not config.is_file():
        raise InputError(f"Can't find the config {config}. Expected a spaCy training config.")
    try:
        found = load_config(config, interpolate=False)
    except (ConfigValidationError, ParsingError, UnicodeDecodeError) as error:
        raise InputError(
            f"Can't read the config {config}: {explain_setting(error)} Correct it there."
        ) from error
    if "model" not in found.get("components", {}).get(COMPONENT, {}) or "training" not in found:
        raise InputError(
            f"Can't use the config {config}: it lacks [components.{COMPONENT}.model] or [training]. "
            f"Expected a spaCy training config of a text categorizer named {COMPONENT}."
        )
    return found


def train(
    config: Path,
    output: Path,
    overrides: dict[str, Any],
    *,
    gpu_id: int = -1,
    finish: Callable[[Path, float], None] = lambda folder, dev_score: None,
) -> Trained:
    """Train a pipeline and keep the checkpoint that did best on dev.

    That of the first batch doesn't count: its scores are taken for 0. spaCy evaluates it, but nothing is
    learned then; where several labels may hold, guessing half of them can beat what is learned later.

    config (Path): A spaCy training config. Its logger is replaced by spaCy's for console and file.
    output (Path): Folder for the result: model-best and the training log. It appears when training
        has ended; one that exists is replaced then.
    overrides (dict[str, Any]): Overrides by dotted config key.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    finish (Callable[[Path, float], None]): Called with the folder and the score on dev before the
        folder is put in its place, to add to it.
    RETURNS (Trained): The best pipeline.
    RAISES (InputError): The config is missing, a setting in it can't be used, training never ends, or
        before there is a checkpoint that counts, or there is no such GPU.
    """
    read_config(config)
    use_device(gpu_id)
    with atomic_folder(output) as temporary:
        logger = {"@loggers": LOGGER, "progress_bar": "eval", "output_file": str(temporary / LOG)}
        try:
            with use_numpy_blas():
                _fit(config, temporary, {**overrides, "training.logger": logger}, gpu_id)
        except (ConfigValidationError, RegistryError, SettingError) as error:
            raise InputError(
                f"Can't train with {config}: {explain_setting(error)} Correct it there."
            ) from error
        shutil.rmtree(temporary / LAST)
        finish(temporary, read_dev_score(temporary / BEST))
    return Trained(output / BEST, read_dev_score(output / BEST))


def _fit(config: Path, folder: Path, overrides: dict[str, Any], gpu_id: int) -> None:
    """Train into a folder, with what only these scripts do: see `train`."""
    settings = load_config(config, overrides=overrides, interpolate=False)
    weights = settings.interpolate()["training"].get("score_weights", {})
    if not isinstance(weights, dict):
        raise SettingError(
            f"training.score_weights is {weights}. Expected the weight of each score."
        )
    for name, weight in weights.items():
        if isinstance(weight, (int, float)) and weight < 0:
            raise SettingError(
                f"training.score_weights has {name} = {weight}. Expected 0 or more, or null."
            )
    # spaCy leaves others out without a word, and takes its own default for what is misspelled.
    for name in sorted(settings["training"].keys() - ConfigSchemaTraining.model_fields.keys()):
        raise SettingError(
            f"training.{name} is no setting that spaCy knows. Expected one of "
            "https://spacy.io/api/data-formats#config-training."
        )
    # Noted in meta.json.
    settings["training"]["score_weights"] = {DEV_AUC_BY_LABEL: None, **weights}
    nlp = init_nlp(settings, use_gpu=gpu_id)
    _refuse_endless(nlp.config.interpolate()["training"])
    evaluations = _discount_first_evaluation(nlp)
    train_nlp(nlp, folder, use_gpu=gpu_id, stdout=sys.stdout, stderr=sys.stderr)
    if next(evaluations) < 2:
        training = nlp.config["training"]
        limits = ", ".join(
            f"{name} = {training[name]}"
            for name in ("max_steps", "max_epochs", "patience", "eval_frequency")
        )
        raise SettingError(
            f"training ends before there is a checkpoint that counts: {limits}. Expected an "
            "eval_frequency of at most max_steps and patience, where they aren't 0, and below the "
            "steps of max_epochs."
        )


def _refuse_endless(training: dict[str, Any]) -> None:
    """Refuse settings by which spaCy would go on for ever."""
    size = training["batcher"].get("size")
    if isinstance(size, int) and size < 1:
        raise SettingError(f"training.batcher.size is {size}. Expected 1 or more.")
    max_epochs = training["max_epochs"]
    if not training["max_steps"] and not training["patience"] and max_epochs < 1:
        raise SettingError(
            f"training never ends: max_steps = 0, max_epochs = {max_epochs}, patience = 0. Expected "
            "one of them above 0."
        )


def _discount_first_evaluation(nlp: Language) -> Iterator[int]:
    """Let a pipeline's first evaluation give 0 for everything.

    nlp (Language): The pipeline.
    RETURNS (Iterator[int]): Its next item is the number of evaluations until then.
    """
    evaluate, counter = nlp.evaluate, itertools.count()

    def discount(examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        scores = evaluate(examples, **settings)
        if next(counter):
            return scores
        return {
            name: 0.0 if isinstance(score, (int, float)) else score
            for name, score in scores.items()
        }

    nlp.evaluate = discount
    return counter


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Read from a training log how well a pipeline did on dev as it learned.

    folder (Path): The folder that `train` made.
    RETURNS (list[dict[str, Any]]): "step", "epoch" (passes over the texts that were complete) and
        "dev_score" (from 0 to 1) of each evaluation, but for that after the first batch, which
        doesn't count; none where there is no log.
    """
    if not (folder / LOG).is_file():
        return []
    return [
        {
            "step": row["step"],
            "epoch": row["epoch"],
            # Percent; a config of one's own may leave it out of what is logged.
            "dev_score": row["scores"].get(DEV_SCORE, 100 * row["score"]) / 100,
        }
        for row in srsly.read_jsonl(folder / LOG)
        if row["step"]
    ]
