"""What each kind of text brings: one student trained on parts of what its teacher scored."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import srsly
from numpy.typing import NDArray

from .documents import read_gold
from .evaluation import hash_inputs, list_candidates
from .measure import load_predictor
from .metrics import evaluate
from .model_names import TEACHER
from .outputs import atomic_file
from .products import BEST, read_stats, require
from .records import GOLD, POOL, copy_scores, read_column
from .students import Architecture, train_student
from .teacher_info import hash_file

# The learning curves: so many synthetic texts, and shares of the pool.
SYNTHETIC_SIZES = (0, 5000, 15000, 30000)
POOL_SHARES = (0.0, 0.25, 0.5)
# What is kept of a student's figures.
FIGURES = ("accuracy", "macro_f1", "ece", "agreement", "kl_to_teacher")
DEV = "dev"
ALL, WITHOUT, SYNTHETIC, POOL_SIZE = "all", "without", "synthetic", "pool"


class Part(NamedTuple):
    """A part of the scored texts: its name, what it is a point of ("all", "without" a method, a curve
    over "synthetic" or "pool" texts), and which rows it holds, of the shape (texts,).
    """

    name: str
    group: str
    keep: NDArray[numpy.bool_]


def list_parts(methods: Sequence[str], sources: Sequence[str], seed: int) -> list[Part]:
    """List the parts to train on. Smaller ones lie within larger ones.

    methods (Sequence[str]): The method of each text.
    sources (Sequence[str]): Where each came from. Texts made of a pool text that is left out are left
        out with it; words and sentences of it that swaps and mixtures of other texts took over are not.
    seed (int): Seed of the draws.
    RETURNS (list[Part]): All texts first.
    """
    of, source = numpy.array(methods), numpy.array(sources)
    in_pool, synthetic = of == POOL, ~numpy.isin(of, [GOLD, POOL])
    everything = numpy.ones(len(of), dtype=bool)
    parts = [Part("all texts", ALL, everything)]
    for method in dict.fromkeys(of[synthetic].tolist()):
        parts.append(Part(f"without {method}", WITHOUT, of != method))
    rng = numpy.random.default_rng(seed)
    order = rng.permutation(numpy.flatnonzero(synthetic))
    for size in SYNTHETIC_SIZES:
        if size < len(order):
            keep = ~synthetic
            keep[order[:size]] = True
            parts.append(Part(f"{size:,} synthetic texts", SYNTHETIC, keep))
    order = rng.permutation(numpy.flatnonzero(in_pool))
    for share in POOL_SHARES if len(order) else ():
        size = round(share * len(order))
        keep = ~numpy.isin(source, source[order[size:]])
        parts.append(Part(f"{size:,} texts of the pool", POOL_SIZE, keep))
    return parts


def describe_part(part: Part, methods: Sequence[str]) -> dict[str, Any]:
    """Describe a part of the scored texts.

    part (Part): The part.
    methods (Sequence[str]): The method of each of all texts.
    RETURNS (dict[str, Any]): Its name and group, and how many texts of each kind it holds.
    """
    of = numpy.array(methods)[part.keep]
    pool = int((of == POOL).sum())
    synthetic = int(len(of) - pool - (of == GOLD).sum())
    return {"name": part.name, "group": part.group, "synthetic": synthetic, "pool": pool}


def ablate(
    architecture: Architecture,
    corpus: Path,
    scored: Path,
    training: Path,
    output: Path,
    *,
    lang: str,
    seed: int,
    gpu_id: int,
    start: Callable[[int], object] = lambda total: None,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, Any]:
    """Train a student on each part of the scored texts and measure it on test, and on dev, by which to
    choose a mixture. What is done is written at once: a run that was interrupted goes on where it was,
    as long as texts, scores, vectors and config are the same.

    architecture (Architecture): What the student is made of.
    corpus (Path): The folder of the gold corpus.
    scored (Path): What the step `score` wrote.
    training (Path): The folder of the models; teacher and vectors are read.
    output (Path): The file ablation.json.
    lang (str): Language code.
    seed (int): Seed of draws, weights and order.
    gpu_id (int): GPU to train on, or -1 for the CPU.
    start (Callable[[int], object]): Told the number of students to train.
    progress (Callable[[str], object]): Told the name of each part that is done.
    RETURNS (dict[str, Any]): What was written: the student, the seed, and its figures for each part.
    RAISES (InputError): An input is missing or can't be used.
    """
    stats = read_stats(corpus)
    teacher = list_candidates(training, [])[0]
    require(teacher.path, step=TEACHER)
    require(scored, step="score")
    methods = list(read_column(scored, "method"))
    parts = list_parts(methods, list(read_column(scored, "source")), seed)
    key = _make_key(architecture, corpus, scored, training, seed)
    done = _read_done(output, key)
    start(len(parts) - len(done))
    labels, exclusive = stats["labels"], stats["exclusive"]
    test, dev = (read_gold(corpus / f"{split}.spacy", lang) for split in ("test", "dev"))
    teach = load_predictor(teacher.path, labels)
    measured = [(split, teach(split.texts)) for split in (test, dev)]
    for part in parts:
        if part.name in done:
            continue
        with _train_on(
            part, architecture, corpus, scored, training, lang=lang, seed=seed, gpu_id=gpu_id
        ) as model:
            predict = load_predictor(model, labels)
            on_test, on_dev = (
                _choose_figures(evaluate(gold, predict(texts), expected, labels, exclusive))
                for (texts, gold), expected in measured
            )
        done[part.name] = {**describe_part(part, methods), **on_test, DEV: on_dev}
        runs = [done[part.name] for part in parts if part.name in done]
        with atomic_file(output) as temporary:
            srsly.write_json(temporary, {**key, "test_texts": len(test.texts), "runs": runs})
        progress(part.name)
    return srsly.read_json(output)


def _choose_figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in FIGURES}


@contextmanager
def _train_on(
    part: Part,
    architecture: Architecture,
    corpus: Path,
    scored: Path,
    training: Path,
    *,
    lang: str,
    seed: int,
    gpu_id: int,
) -> Iterator[Path]:
    """Train a student on a part of the scored texts, and keep it for as long as the block takes."""
    with tempfile.TemporaryDirectory(dir=training, prefix=".ablation.") as folder:
        texts, student = Path(folder) / "scored.parquet", Path(folder) / "student"
        copy_scores(scored, texts, part.keep)
        train_student(
            architecture,
            corpus,
            texts,
            training / "vectors",
            student,
            lang=lang,
            seed=seed,
            gpu_id=gpu_id,
        )
        yield student / BEST


def _make_key(
    architecture: Architecture, corpus: Path, scored: Path, training: Path, seed: int
) -> dict[str, Any]:
    """Say what the figures depend on."""
    return {
        "student": architecture.name,
        "seed": seed,
        "config": hash_file(architecture.config),
        **hash_inputs(corpus, scored, training),
    }


def _read_done(output: Path, key: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Read what an earlier run with the same inputs has done."""
    if not output.is_file():
        return {}
    earlier = srsly.read_json(output)
    if any(earlier.get(name) != value for name, value in key.items()):
        return {}
    return {run["name"]: run for run in earlier["runs"] if DEV in run}
