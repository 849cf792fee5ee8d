"""Students and baselines: one architecture, with and without a teacher."""

import math
from pathlib import Path

from .products import require
from .records import count_rows
from .training import Trained, corpus_overrides, read_config, steps_per_epoch, train

# A baseline sees few texts: small batches, and it may take many passes over them.
BASELINE_BATCH, BASELINE_EPOCHS, BASELINE_PATIENCE_EPOCHS = 16, 60, 10


def schedule_overrides(config: Path, rows: int) -> dict[str, int]:
    """Let a student see all texts before training ends, and half of them before it may stop early,
    however many there are. The config's numbers of steps hold where they are higher.

    config (Path): The student's config.
    rows (int): The number of scored texts.
    RETURNS (dict[str, int]): Overrides by dotted config key.
    RAISES (InputError): The config is missing.
    """
    settings = read_config(config)["training"]
    epoch = math.ceil(rows / settings["batcher"]["size"])
    return {
        "training.max_steps": max(settings["max_steps"], epoch),
        "training.patience": max(settings["patience"], epoch // 2),
    }


def train_student(
    config: Path, corpus: Path, scored: Path, output: Path, *, lang: str, seed: int, gpu_id: int
) -> Trained:
    """Train a student on its teacher's scores.

    config (Path): A student's config.
    corpus (Path): The folder of the gold corpus; dev decides when to stop.
    scored (Path): Parquet file of scored texts.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    RETURNS (Trained): The best checkpoint, a plain spaCy pipeline.
    RAISES (InputError): An input is missing.
    """
    require(scored, step="score")
    overrides = {
        **corpus_overrides(corpus, lang, seed, "textcat_multilabel_distill"),
        "paths.gold": str(corpus / "train.spacy"),
        "paths.scored": str(scored),
        **schedule_overrides(config, count_rows(scored)),
    }
    return train(config, output, overrides, gpu_id=gpu_id)


def train_baseline(
    config: Path, corpus: Path, output: Path, *, lang: str, seed: int, gpu_id: int
) -> Trained:
    """Train a student's architecture without a teacher: on the gold labels alone, as spaCy does it.

    config (Path): The student's config.
    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for the result.
    lang (str): Language code.
    seed (int): Seed of weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    RETURNS (Trained): The best checkpoint, a plain spaCy pipeline.
    RAISES (InputError): An input is missing.
    """
    epoch = steps_per_epoch(corpus, BASELINE_BATCH)
    overrides = {
        **corpus_overrides(corpus, lang, seed, "textcat_multilabel_distill"),
        "paths.gold": str(corpus / "train.spacy"),
        "training.train_corpus": "corpora.gold",
        "training.max_epochs": BASELINE_EPOCHS,
        "training.max_steps": 0,
        "training.eval_frequency": epoch,
        "training.patience": BASELINE_PATIENCE_EPOCHS * epoch,
        "training.batcher.size": BASELINE_BATCH,
    }
    return train(config, output, overrides, gpu_id=gpu_id)
