"""The corpus that students are trained on: scored Parquet, as spaCy examples."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import registry

from .errors import InputError, SettingError
from .records import GOLD, ScoredTexts, count_rows, iter_scores, read_scores, read_texts_meta
from .settings import check_least
from .teacher_logits import set_teacher_logits

# A file of more texts is streamed through a buffer of so many, unless a config says otherwise.
MAX_TEXTS_WHOLE = 500_000
STREAM_BUFFER = 50_000


def make_doc(nlp: Language, text: str, mask_token: str) -> Doc:
    """Tokenize a text as a student sees it: the teacher's mask token is one token, not "[", "MASK"
    and "]", so that it stands for one word.

    nlp (Language): The pipeline whose tokenizer is used.
    text (str): The text.
    mask_token (str): The teacher's mask token.
    RETURNS (Doc): The document.
    """
    doc = nlp.make_doc(text)
    start = text.find(mask_token) if mask_token else -1
    if start < 0:
        return doc
    with doc.retokenize() as retokenizer:
        while start >= 0:
            end = start + len(mask_token)
            span = doc.char_span(start, end)
            # None where the tokenizer joined the mask to what stands beside it: nothing to merge.
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
            start = text.find(mask_token, end)
    return doc


@registry.readers("distill.ScoredCorpus.v1")
def create_scored_corpus(
    path: Path | None,
    gold: Path | None = None,
    seed: int = 0,
    shuffle: bool = True,
    weights: dict[str, float] | None = None,
    synthetic_per_gold: int | None = None,
    buffer_size: int | None = None,
) -> Callable[[Language], Iterable[Example]]:
    """Read scored texts as examples that carry their teacher's logits.

    With `max_epochs = -1` in [training] the texts are tokenized anew each epoch, in another order
    each time. They are read whole (texts and logits are in memory, documents are not), or streamed
    through a shuffle buffer: for files larger than memory.

    path (Path | None): A Parquet file of scores. None is for configs that train on another corpus.
    gold (Path | None): The training texts with their gold labels (.spacy). Their rows in the file get
        the labels, for a loss that has use for them.
    seed (int): Seed of the order.
    shuffle (bool): Whether to shuffle.
    weights (dict[str, float] | None): For each method the chance of a text of its to be in an epoch,
        drawn anew each time, from 0 to 1. Methods that aren't named have 1; that of "gold" isn't used
        beside synthetic_per_gold.
    synthetic_per_gold (int | None): So many texts of other methods are followed by one gold document,
        and gold documents are taken over and over until the others are all read. None leaves the
        mixture as it is in the file.
    buffer_size (int | None): How many texts to keep and draw from while streaming; more shuffle better
        and take more memory. 0 reads the file whole; None does so up to 500,000 texts, and streams more
        through a buffer of 50,000.
    RETURNS (Callable[[Language], Iterable[Example]]): The corpus.
    RAISES (ValueError): A setting is out of range.
    """
    for method, weight in (weights or {}).items():
        if not 0 <= weight <= 1:
            raise SettingError(
                f"Can't use weights.{method} = {weight} in distill.ScoredCorpus.v1. Expected a number "
                "from 0 to 1."
            )
    if synthetic_per_gold is not None:
        check_least("synthetic_per_gold", synthetic_per_gold, 1, "distill.ScoredCorpus.v1")
    if buffer_size is not None:
        check_least("buffer_size", buffer_size, 0, "distill.ScoredCorpus.v1")
    return ScoredCorpus(
        None if path is None else Path(path),
        None if gold is None else Path(gold),
        seed=seed,
        shuffle=shuffle,
        weights=weights or {},
        synthetic_per_gold=synthetic_per_gold,
        buffer_size=buffer_size,
    )


class ScoredRow(NamedTuple):
    """A text, the method that made it, and the teacher's logits of the shape (labels,)."""

    text: str
    method: str
    logits: NDArray[numpy.float32]


class ScoredCorpus:
    """Examples from a Parquet file of scores; each call gives one epoch."""

    def __init__(
        self,
        path: Path | None,
        gold: Path | None,
        *,
        seed: int,
        shuffle: bool,
        weights: dict[str, float],
        synthetic_per_gold: int | None,
        buffer_size: int | None,
    ) -> None:
        self.path = path
        self.gold = gold
        self.shuffle = shuffle
        self.weights = weights
        self.synthetic_per_gold = synthetic_per_gold
        self.buffer_size = buffer_size
        self.rng = numpy.random.default_rng(seed)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Give the examples of one epoch.

        nlp (Language): The pipeline to be trained; its tokenizer is used.
        YIELDS (Example): Examples with the teacher's logits in the reference's user_data; gold
            labels where they are known.
        RAISES (ValueError): There is no path.
        RAISES (InputError): A file can't be used.
        """
        if self.path is None:
            raise SettingError(
                "Can't read distill.ScoredCorpus.v1: its path is null. Expected a Parquet file of "
                "scores. Set it in the config or with --paths.scored."
            )
        meta = read_texts_meta(self.path, scored=True)
        gold = read_cats(self.gold, nlp) if self.gold else {}
        row = None
        for row in self._mix(self._draw(self.path)):
            predicted = make_doc(nlp, row.text, meta.mask_token)
            reference = predicted.copy()
            set_teacher_logits(reference, meta.labels, row.logits.tolist())
            if row.method == GOLD and gold:
                reference.cats = self._get_cats(gold, row.text)
            yield Example(predicted, reference)
        if row is None:
            raise SettingError(
                f"Can't train on {self.path}: an epoch holds none of its texts, with weights = "
                f"{self.weights} and synthetic_per_gold = {self.synthetic_per_gold} in "
                "distill.ScoredCorpus.v1. Raise a weight, or set synthetic_per_gold to null."
            )

    def _get_cats(self, gold: Mapping[str, dict[str, float]], text: str) -> dict[str, float]:
        if text not in gold:
            raise InputError(
                f"Can't find the gold labels of '{text[:60]}' in {self.gold}. Expected the texts that "
                f"{self.path} was made of. Run the steps 'augment' and 'score' again."
            )
        return gold[text]

    def _draw(self, path: Path) -> Iterator[ScoredRow]:
        """Draw the rows of an epoch, in their order."""
        rng = self.rng if self.shuffle else None
        buffer_size = self.buffer_size
        if buffer_size is None:
            buffer_size = STREAM_BUFFER if count_rows(path) > MAX_TEXTS_WHOLE else 0
        if not buffer_size:
            yield from self._draw_from(read_scores(path), rng)
            return
        rows = (row for group in iter_scores(path, rng) for row in self._draw_from(group, None))
        yield from shuffle_stream(rows, buffer_size, rng) if rng is not None else rows

    def _draw_from(
        self, scored: ScoredTexts, rng: numpy.random.Generator | None
    ) -> Iterator[ScoredRow]:
        chances = numpy.array([self.weights.get(method, 1.0) for method in scored.methods])
        order = numpy.flatnonzero(self.rng.random(len(chances)) < chances)
        if rng is not None:
            rng.shuffle(order)
        for i in order.tolist():
            # A copy: a view would keep the scores of the whole group in memory while it waits.
            yield ScoredRow(scored.texts[i], scored.methods[i], scored.logits[i].copy())

    def _mix(self, rows: Iterator[ScoredRow]) -> Iterator[ScoredRow]:
        """Let every so many synthetic texts be followed by a gold one."""
        if self.synthetic_per_gold is None or self.path is None:
            yield from rows
            return
        gold_rows = _repeat(read_method(self.path, GOLD), self.rng if self.shuffle else None)
        synthetic = (row for row in rows if row.method != GOLD)
        for count, row in enumerate(synthetic, start=1):
            yield row
            if count % self.synthetic_per_gold == 0:
                yield next(gold_rows)


def read_method(path: Path, method: str) -> list[ScoredRow]:
    """Read the rows of one method, group by group.

    path (Path): A Parquet file of scores.
    method (str): The method.
    RETURNS (list[ScoredRow]): Its rows.
    RAISES (InputError): There are none, or the file can't be used.
    """
    rows = [
        ScoredRow(text, method, logits.copy())
        for group in iter_scores(path)
        for text, found, logits in zip(group.texts, group.methods, group.logits)
        if found == method
    ]
    if not rows:
        raise InputError(
            f"Can't use {path}: it holds no texts of the method '{method}', which the setting "
            "synthetic_per_gold of distill.ScoredCorpus.v1 asks for. Run the steps 'augment' and "
            "'score' again, or set it to null."
        )
    return rows


def read_cats(path: Path, nlp: Language) -> dict[str, dict[str, float]]:
    """Read the gold labels of texts.

    path (Path): Gold documents (.spacy).
    nlp (Language): A pipeline of their language.
    RETURNS (dict[str, dict[str, float]]): By text: 0 or 1 for each label.
    RAISES (InputError): The file is missing.
    """
    if not path.is_file():
        raise InputError(f"Can't find {path}. Expected it from the step 'prepare'. Run it first.")
    return {doc.text: dict(doc.cats) for doc in DocBin().from_disk(path).get_docs(nlp.vocab)}


def shuffle_stream(
    rows: Iterable[ScoredRow], buffer_size: int, rng: numpy.random.Generator
) -> Iterator[ScoredRow]:
    """Shuffle a stream: each row takes the place of one drawn from a buffer.

    rows (Iterable[ScoredRow]): The rows.
    buffer_size (int): How many rows wait at most, at least 1.
    rng (Generator): Draws.
    YIELDS (ScoredRow): All of them, in another order.
    """
    rows = iter(rows)
    buffer = list(islice(rows, buffer_size))
    for row in rows:
        i = int(rng.integers(len(buffer)))
        yield buffer[i]
        buffer[i] = row
    rng.shuffle(buffer)  # type: ignore[arg-type]
    yield from buffer


def _repeat(rows: Sequence[ScoredRow], rng: numpy.random.Generator | None) -> Iterator[ScoredRow]:
    """Give rows over and over, each time in another order."""
    while True:
        order = rng.permutation(len(rows)) if rng is not None else range(len(rows))
        for i in order:
            yield rows[i]
