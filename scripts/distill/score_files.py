"""Score Parquet files of texts: one file, or a folder of shards, here or on a cluster of Ray."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from .black_box import find_black_box
from .errors import InputError
from .outputs import scratch_file
from .pool_choice import Choice, choose_pool
from .records import (
    POOL,
    TextRow,
    TextsMeta,
    is_ours,
    open_scores,
    read_column,
    read_texts,
    read_texts_meta,
)
from .score_cache import open_cache
from .scoring import (
    AUTO,
    BFLOAT16,
    bfloat16,
    choose_precision,
    excludes_labels,
    load_teacher,
    score_texts,
    score_with_cache,
)
from .tables import parse_text
from .teacher_info import read_teacher_info

# Texts of like length are sought among so many.
TEXTS_IN_MEMORY = 65536
# How many texts a black box is given at a time.
TEXTS_PER_CALL = 256

Progress = Callable[[int], object]
ScoreRows = Callable[[Sequence[str]], tuple[NDArray[numpy.float32], int]]


class Scored(NamedTuple):
    """How many texts were scored, how many of them the teacher didn't need to score again, and which of
    the pool's were kept.
    """

    texts: int
    reused: int
    choice: Choice | None = None

    @property
    def written(self) -> int:
        """How many texts the file of scores holds."""
        return self.texts - (self.choice.unsure + self.choice.surplus if self.choice else 0)


class FileScorer:
    """A teacher that scores files; it is loaded once."""

    def __init__(
        self,
        teacher: Path,
        *,
        cache: Path | None = None,
        gpu_id: int = -1,
        precision: str = AUTO,
    ) -> None:
        """Load the teacher.

        teacher (Path): The teacher's folder.
        cache (Path | None): Folder of the scores that teachers have given before; None keeps none.
        gpu_id (int): GPU to score on, or -1 for the CPU.
        precision (str): What a transformer multiplies in: see choose_precision.
        RAISES (InputError): There is no such teacher, GPU or precision.
        """
        self.precision = choose_precision(precision, gpu_id)
        self.teacher = teacher
        self.info = read_teacher_info(teacher)
        self.cache = cache
        self.box = find_black_box(self.info) if self.info.black_box else None
        self.nlp = None if self.box else load_teacher(teacher, gpu_id)

    @property
    def exclusive(self) -> bool:
        """Whether the teacher's labels exclude each other."""
        return self.info.exclusive if self.nlp is None else excludes_labels(self.nlp)

    def score(
        self,
        texts: Path,
        output: Path,
        *,
        min_confidence: float = 0.0,
        balance: bool = False,
        progress: Progress = lambda scored: None,
    ) -> Scored:
        """Score a Parquet file of texts, some thousands of them in memory at a time.

        texts (Path): What the step `augment` wrote, or any Parquet file with a column `text`, whose
            texts count as the pool's.
        output (Path): Parquet file for the scores.
        min_confidence (float): See choose_pool; 0 keeps all of the pool's texts.
        balance (bool): See choose_pool.
        progress (Callable[[int], object]): Told the number of texts done, in instalments.
        RETURNS (Scored): How many texts there were, how many were not scored again, and which of the
            pool's are in the file.
        RAISES (InputError): An input is missing or damaged, or the texts were made for another teacher.
        """
        meta = replace(self._read_meta(texts), precision=self.precision)
        if not min_confidence and not balance:
            return self._score_all(texts, output, meta, progress)
        with scratch_file(output) as everything:
            scored = self._score_all(texts, everything, meta, progress)
            choice = choose_pool(
                everything, output, min_confidence=min_confidence, balance=balance, seed=meta.seed
            )
        return scored._replace(choice=choice)

    def _read_meta(self, texts: Path) -> TextsMeta:
        if not is_ours(texts):
            return TextsMeta(
                self.info.labels, self.info.fingerprint, self.info.mask_token, 0, self.exclusive
            )
        meta = read_texts_meta(texts)
        if meta.teacher != self.info.fingerprint:
            raise InputError(
                f"Can't score {texts}: it was made for the teacher {meta.teacher[:12]}, the one in "
                f"{self.teacher} is {self.info.fingerprint[:12]} (its mask token may differ). Run the "
                "step 'augment' again."
            )
        return meta

    def _score_all(self, texts: Path, output: Path, meta: TextsMeta, progress: Progress) -> Scored:
        stream = read_texts(texts) if is_ours(texts) else read_plain(texts)
        total = total_reused = 0
        with self._open(meta.labels, progress) as score, open_scores(output, meta) as write:
            while rows := list(islice(stream, TEXTS_IN_MEMORY)):
                logits, reused = score([row.text for row in rows])
                write(rows, logits)
                total, total_reused = total + len(rows), total_reused + reused
        return Scored(total, total_reused)

    @contextmanager
    def _open(self, labels: Sequence[str], progress: Progress) -> Iterator[ScoreRows]:
        """Give a function from texts to logits and the number of texts that were known."""
        if self.nlp is None:
            yield self._make_black_box_scorer(progress)
            return
        nlp = self.nlp
        with bfloat16(nlp) if self.precision == BFLOAT16 else nullcontext():
            if self.cache is None:
                yield lambda texts: (score_texts(nlp, texts, labels, progress=progress), 0)
                return
            name = f"{self.info.fingerprint}-{self.precision}"
            with open_cache(self.cache, name, labels) as known:
                yield lambda texts: score_with_cache(nlp, texts, labels, known, progress=progress)

    def _make_black_box_scorer(self, progress: Progress) -> ScoreRows:
        """What a black box said before isn't kept: whether it would say the same isn't known here."""
        assert self.box is not None
        box = self.box

        def score(texts: Sequence[str]) -> tuple[NDArray[numpy.float32], int]:
            parts = []
            for start in range(0, len(texts), TEXTS_PER_CALL):
                parts.append(box.score(texts[start : start + TEXTS_PER_CALL]).astype("float32"))
                progress(len(parts[-1]))
            return numpy.concatenate(parts), 0

        return score


def read_plain(path: Path) -> Iterator[TextRow]:
    """Read a Parquet file of which nothing is known but that it has texts.

    path (Path): A Parquet file with a column `text`.
    YIELDS (TextRow): The texts, as the pool's.
    RAISES (InputError): It can't be read, or a text can't be used: see tables.parse_text.
    """
    for i, text in enumerate(read_column(path, "text"), start=1):
        try:
            parsed = parse_text(text)
        except ValueError as error:
            raise InputError(
                f"Can't score {path}, row {i}: {error}. Mend or remove the row."
            ) from error
        yield TextRow(parsed, f"pool/{path.name}:{i}", POOL)


def score_file(
    teacher: Path,
    texts: Path,
    output: Path,
    *,
    cache: Path | None,
    gpu_id: int = -1,
    precision: str = AUTO,
    min_confidence: float = 0.0,
    balance: bool = False,
    progress: Progress = lambda scored: None,
) -> Scored:
    """Score one file: see FileScorer.

    teacher (Path): The teacher's folder.
    RETURNS (Scored): See FileScorer.score.
    RAISES (InputError): An input is missing or damaged, or the texts were made for another teacher.
    """
    scorer = FileScorer(teacher, cache=cache, gpu_id=gpu_id, precision=precision)
    return scorer.score(
        texts, output, min_confidence=min_confidence, balance=balance, progress=progress
    )
