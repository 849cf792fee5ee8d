"""What it takes to read scored texts for training, whole and streamed."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy
import spacy

from .measure import peak_rss_mb
from .readers import create_scored_corpus
from .records import TextRow, TextsMeta, write_scores

VOCABULARY = 20_000
WORDS_PER_TEXT = 12


class Reading(NamedTuple):
    """One pass over a file: its rows, the shuffle buffer (0: read whole), peak memory of the process
    before and after in MB, and speed.
    """

    rows: int
    buffer_size: int
    start_rss_mb: float
    peak_rss_mb: float
    texts_per_second: float


def write_random_scores(path: Path, rows: int, seed: int) -> None:
    """Write scored texts of random words, as many as there shall be.

    path (Path): The Parquet file.
    rows (int): How many.
    seed (int): Seed of the words and logits.
    """
    rng = numpy.random.default_rng(seed)
    words = rng.integers(VOCABULARY, size=(rows, WORDS_PER_TEXT))
    texts = [TextRow(" ".join(f"word{i}" for i in row), "random", "swap") for row in words]
    logits = rng.normal(size=(rows, 2)).astype("float32")
    write_scores(path, texts, logits, TextsMeta(["negative", "positive"], "", "", seed))


def read_once(path: Path, buffer_size: int) -> Reading:
    """Read a file as training does, document by document, and look at this process's memory.

    path (Path): The Parquet file.
    buffer_size (int): Of the shuffle buffer; 0 reads the file whole.
    RETURNS (Reading): What it took.
    """
    nlp = spacy.blank("en")
    corpus = create_scored_corpus(path, buffer_size=buffer_size)
    before, start = peak_rss_mb(), time.perf_counter()
    rows = sum(1 for _ in corpus(nlp))
    speed = rows / (time.perf_counter() - start)
    return Reading(rows, buffer_size, before, peak_rss_mb(), speed)


def measure_reading(
    sizes: Sequence[int],
    buffer_size: int,
    seed: int,
    progress: Callable[[Reading], object] = lambda reading: None,
) -> list[Reading]:
    """Read files of several sizes, whole and streamed, each in a fresh process.

    sizes (Sequence[int]): Numbers of rows.
    buffer_size (int): Of the shuffle buffer.
    seed (int): Seed of the texts.
    progress (Callable[[Reading], object]): Told each result.
    RETURNS (list[Reading]): Two for each size.
    """
    context, readings = multiprocessing.get_context("spawn"), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scored.parquet"
        for rows in sizes:
            # Written in a process of its own too: nothing of it is left in memory.
            with context.Pool(1) as pool:
                pool.apply(write_random_scores, (path, rows, seed))
            for size in (buffer_size, 0):
                with context.Pool(1) as pool:
                    readings.append(pool.apply(read_once, (path, size)))
                progress(readings[-1])
    return readings
