"""A teacher that was fine-tuned on several languages, in the place of one of this language alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy

from .documents import read_gold
from .errors import InputError
from .metrics import dev_score, to_probabilities
from .outputs import atomic_folder, link_or_copy
from .products import read_stats
from .scoring import load_teacher, score_texts
from .teacher_info import INFO, read_teacher_info, write_teacher_info


def adopt_teacher(shared: Path, corpus: Path, output: Path, *, lang: str, gpu_id: int) -> float:
    """Take over a shared teacher, and measure it on this language. Its large files are on the disk once,
    where that can be: see link_or_copy.

    shared (Path): The folder of a teacher that knows the corpus's labels.
    corpus (Path): The folder of the gold corpus.
    output (Path): Folder for what is taken over.
    lang (str): Language code.
    gpu_id (int): GPU to score dev on, or -1 for the CPU.
    RETURNS (float): Its score on dev: see metrics.dev_score.
    RAISES (InputError): An input is missing, or the teacher has other labels or is a black box.
    """
    stats, info = read_stats(corpus), read_teacher_info(shared)
    if info.black_box:
        raise InputError(
            f"Can't share the teacher {shared}: it is a black box. Expected a fine-tuned transformer. "
            "Give the black box to each language: --vars.black_box."
        )
    if set(info.labels) != set(stats["labels"]) or info.exclusive != stats["exclusive"]:
        raise InputError(
            f"Can't teach {corpus} by {shared}: it has the labels {', '.join(info.labels)}, expected "
            f"{', '.join(stats['labels'])}. Train a teacher on these, or leave --vars.shared_teacher "
            "out."
        )
    texts, gold = read_gold(corpus / "dev.spacy", lang)
    logits = score_texts(load_teacher(shared, gpu_id), texts, stats["labels"])
    probabilities = to_probabilities(logits.astype(numpy.float64), stats["exclusive"])
    score = dev_score(gold, probabilities, stats["exclusive"])
    with atomic_folder(output) as temporary:
        shutil.copytree(
            shared,
            temporary,
            dirs_exist_ok=True,
            copy_function=link_or_copy,
            ignore=shutil.ignore_patterns(INFO),  # says something else here
        )
        write_teacher_info(temporary, replace(info, labels=stats["labels"], dev_score=score))
    return score
