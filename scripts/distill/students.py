"""Students and baselines: one architecture, with and without a teacher."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import InputError
from .products import require, split_names
from .records import count_rows
from .training import Trained, corpus_overrides, find_keys, read_config, steps_per_epoch, train

# A baseline sees few texts: small batches, and it may take many passes over them.
BASELINE_BATCH, BASELINE_EPOCHS, BASELINE_PATIENCE_EPOCHS = 16, 60, 10
PREFIX = "student_"


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
}


def list_architectures(configs: Path) -> list[str]:
    """List the students that can be trained.

    configs (Path): The folder of the configs.
    RETURNS (list[str]): Their names, sorted.
    """
    names = {path.stem.removeprefix(PREFIX) for path in configs.glob(f"{PREFIX}*.cfg")}
    return sorted(names | {name for name, variant in VARIANTS.items() if variant.config in names})


def find_architectures(configs: Path, names: str) -> Iterator[Architecture]:
    """Find students by name.

    configs (Path): The folder of the configs.
    names (str): Names, separated by commas.
    YIELDS (Architecture): One for each, in order.
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
    for name in wanted:
        variant = VARIANTS.get(name, Variant(name, {}))
        yield Architecture(name, configs / f"{PREFIX}{variant.config}.cfg", variant.overrides)


def schedule_overrides(config: Path, rows: int) -> dict[str, int]:
    """Let a student see all texts before training ends, however many there are. The config's number of
    steps holds where it is higher.

    config (Path): The student's config.
    rows (int): The number of scored texts.
    RETURNS (dict[str, int]): Overrides by dotted config key.
    RAISES (InputError): The config is missing.
    """
    settings = read_config(config)["training"]
    epoch = math.ceil(rows / settings["batcher"]["size"])
    return {"training.max_steps": max(settings["max_steps"], epoch)}


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
) -> Trained:
    """Train a student on its teacher's scores.

    architecture (Architecture): What it is made of.
    corpus (Path): The folder of the gold corpus; dev decides when to stop.
    scored (Path): Parquet file of scored texts.
    vectors (Path): The teacher's word vectors; read where the architecture has use for them.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
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
    if any(find_keys(config, "include_static_vectors").values()):
        require(vectors, step="vectors")
        overrides["paths.vectors"] = str(vectors)
    return train(config, output, overrides, gpu_id=gpu_id)


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
        **dict.fromkeys(find_keys(config, "include_static_vectors"), False),
        "paths.gold": str(corpus / "train.spacy"),
        "training.train_corpus": "corpora.gold",
        # 0: as many as there are steps for, the texts in memory and shuffled
        "training.max_epochs": 0,
        "training.max_steps": BASELINE_EPOCHS * epoch,
        "training.eval_frequency": epoch,
        "training.patience": BASELINE_PATIENCE_EPOCHS * epoch,
        "training.batcher.size": BASELINE_BATCH,
        **architecture.overrides,
    }
    return train(config, output, overrides, gpu_id=gpu_id)
