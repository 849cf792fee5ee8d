"""Students and baselines: one architecture, with and without a teacher."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from . import callbacks, component, readers  # noqa: F401  registers what the configs name
from .calibration import calibrate_on_disk
from .documents import read_gold
from .errors import InputError
from .products import BEST, read_stats, require, split_names
from .records import count_rows
from .training import (
    TEXTS_BATCHER,
    Trained,
    corpus_overrides,
    find_keys,
    read_config,
    steps_per_epoch,
    texts_per_batch,
    train,
)

# A baseline sees few texts: small batches, and many passes over them.
BASELINE_BATCH, BASELINE_EPOCHS = 16, 30
PREFIX = "student_"
# What spaCy's layers call it that they look up word vectors.
VECTOR_SWITCHES = ("include_static_vectors", "pretrained_vectors")


class Architecture(NamedTuple):
    """What a student is made of: its name, a config, and overrides by dotted config key."""

    name: str
    config: Path
    overrides: Mapping[str, Any]


class Variant(NamedTuple):
    """An architecture that another one's config describes but for some overrides."""

    config: str
    overrides: Mapping[str, Any]


VARIANTS = {
    "bow1": Variant("bow", {"components.textcat.model.ngram_size": 1}),
    "bow3": Variant("bow", {"components.textcat.model.ngram_size": 3}),
    "bow_logits": Variant("bow", {"components.textcat.loss": {"@losses": "distill.mse_logits.v1"}}),
}


def list_architectures(configs: Path) -> list[str]:
    """List the students that can be trained.

    configs (Path): The folder of the configs.
    RETURNS (list[str]): Their names, sorted.
    """
    names = {path.stem.removeprefix(PREFIX) for path in configs.glob(f"{PREFIX}*.cfg")}
    return sorted(names | {name for name, variant in VARIANTS.items() if variant.config in names})


def find_architectures(configs: Path, names: str) -> list[Architecture]:
    """Find students by name.

    configs (Path): The folder of the configs.
    names (str): Names, separated by commas.
    RETURNS (list[Architecture]): One for each, in order.
    RAISES (InputError): There is none of that name, or a name is given twice.
    """
    wanted, known = split_names(names), list_architectures(configs)
    for name in wanted:
        if name not in known:
            raise InputError(
                f"Can't find the student '{name}' in {configs}. Expected one or several of "
                f"{', '.join(known)}, separated by commas. Set them with --vars.students, or add "
                f"{configs / f'{PREFIX}{name}.cfg'}."
            )
    architectures = []
    for name in wanted:
        config, variant = configs / f"{PREFIX}{name}.cfg", VARIANTS.get(name)
        if variant is None or config.is_file():  # a config of one's own comes before a variant
            architectures.append(Architecture(name, config, {}))
        else:
            based_on = configs / f"{PREFIX}{variant.config}.cfg"
            architectures.append(Architecture(name, based_on, variant.overrides))
    return architectures


def schedule_overrides(config: Path, rows: int) -> dict[str, int]:
    """Let training take as many steps as one pass over all texts does, where the config has fewer. What
    weights leave out of an epoch makes room for more of it.

    config (Path): The student's config.
    rows (int): The number of scored texts.
    RETURNS (dict[str, int]): Overrides by dotted config key.
    RAISES (InputError): The config is missing.
    """
    steps, size = read_config(config)["training"].get("max_steps"), texts_per_batch(config)
    # Batches of so many words, or a limit that is left to others (0, a variable, spaCy's own): the
    # config knows how long to train.
    if size is None or not isinstance(steps, int) or not steps:
        return {}
    return {"training.max_steps": max(steps, math.ceil(rows / size))}


def has_vectors(pipeline: Path) -> bool:
    """Tell whether a pipeline holds word vectors.

    pipeline (Path): Its folder.
    RETURNS (bool): Whether it does.
    """
    return bool(srsly.read_json(pipeline / "meta.json")["vectors"]["vectors"])


def train_student(
    architecture: Architecture,
    corpus: Path,
    scored: Path,
    vectors: Path,
    output: Path,
    *,
    lang: str,
    seed: int,
    gpu_id: int,
    calibrate: bool = False,
) -> Trained:
    """Train a student on its teacher's scores.

    architecture (Architecture): What it is made of.
    corpus (Path): The folder of the gold corpus; dev decides which checkpoint is kept.
    scored (Path): Parquet file of scored texts.
    vectors (Path): The teacher's word vectors; read where the architecture has use for them, unless
        the teacher had none to give.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    calibrate (bool): Whether to fit a temperature on dev and put it into the weights.
    RETURNS (Trained): The best checkpoint, a plain spaCy pipeline.
    RAISES (InputError): An input is missing, or a setting can't be used.
    """
    config = architecture.config
    require(scored, step="score")
    overrides = {
        **corpus_overrides(config, corpus, lang, seed, "textcat_multilabel_distill"),
        "paths.gold": str(corpus / "train.spacy"),
        "paths.scored": str(scored),
        **schedule_overrides(config, count_rows(scored)),
        **architecture.overrides,
    }
    wanted = {key for key, value in find_keys(config, *VECTOR_SWITCHES).items() if value}
    if wanted:
        require(vectors, step="vectors")
        if has_vectors(vectors):
            overrides["paths.vectors"] = str(vectors)
        else:
            overrides.update(dict.fromkeys(wanted, False))

    def finish(folder: Path, dev_score: float) -> None:
        if calibrate:
            dev, labels = read_gold(corpus / "dev.spacy", lang), read_stats(corpus)["labels"]
            calibrate_on_disk(folder / BEST, dev, labels)

    return train(config, output, overrides, gpu_id=gpu_id, finish=finish)


def train_baseline(
    architecture: Architecture, corpus: Path, output: Path, *, lang: str, seed: int, gpu_id: int
) -> Trained:
    """Train a student's architecture without a teacher, as spaCy does it: on the gold labels alone,
    without the teacher's word vectors.

    architecture (Architecture): What it is made of.
    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    RETURNS (Trained): The best checkpoint, a plain spaCy pipeline.
    RAISES (InputError): An input is missing, or a setting can't be used.
    """
    config, epoch = architecture.config, steps_per_epoch(corpus, BASELINE_BATCH)
    overrides = {
        **corpus_overrides(config, corpus, lang, seed, "textcat_multilabel_distill"),
        **dict.fromkeys(find_keys(config, *VECTOR_SWITCHES), False),
        "paths.gold": str(corpus / "train.spacy"),
        "training.train_corpus": "corpora.gold",
        # 0: as many as there are steps for, the texts in memory and shuffled
        "training.max_epochs": 0,
        "training.max_steps": BASELINE_EPOCHS * epoch,
        "training.eval_frequency": epoch,
        "training.patience": 0,
        # The whole of it: the size alone would be one of words to another batcher.
        "training.batcher": {"@batchers": TEXTS_BATCHER, "size": BASELINE_BATCH},
        **architecture.overrides,
    }
    return train(config, output, overrides, gpu_id=gpu_id)
