"""Texts and scores between the steps: Parquet, with what must be known of them in the schema."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .errors import InputError
from .outputs import atomic_file

# How many texts are in memory at a time where they are streamed.
ROWS_PER_GROUP = 4096
# How Parquet files are opened: left to itself Arrow reads ahead, and has a whole file in memory.
FLAT_MEMORY: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 20}
METADATA_KEY = b"distill"
TEXT_FIELDS = [
    pa.field("text", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("method", pa.string(), nullable=False),
]
SCORED_FIELDS = [*TEXT_FIELDS, pa.field("logits", pa.list_(pa.float32()), nullable=False)]
# A method of its own: the training texts as they are.
GOLD = "gold"
# Real texts without labels.
POOL = "pool"


@dataclass(frozen=True)
class TextsMeta:
    """What the schema of a Parquet file of texts or scores says.

    labels (list[str]): The labels, in the order of the logits.
    teacher (str): Fingerprint of the teacher that scored, or is to score, the texts.
    mask_token (str): The teacher's mask token, as it stands in the texts.
    seed (int): Seed that the texts were made with.
    exclusive (bool): Whether the labels exclude each other.
    precision (str): What the teacher multiplied in; "" where the texts aren't scored.
    """

    labels: list[str]
    teacher: str
    mask_token: str
    seed: int
    exclusive: bool = True
    precision: str = ""


class TextRow(NamedTuple):
    """A text for the teacher: where it came from and which method made it."""

    text: str
    source: str
    method: str


class ScoredTexts(NamedTuple):
    """A Parquet file of scores in memory. logits has the shape (texts, labels)."""

    texts: list[str]
    methods: list[str]
    logits: NDArray[numpy.float32]
    meta: TextsMeta


def _schema(fields: Sequence[pa.Field], meta: TextsMeta) -> pa.Schema:
    return pa.schema(list(fields), metadata={METADATA_KEY: json.dumps(asdict(meta))})


@contextmanager
def open_texts(path: Path, meta: TextsMeta) -> Iterator[Callable[[Iterable[TextRow]], None]]:
    """Open a file for texts, some thousands of them in memory at a time; it appears when the block ends
    well.

    path (Path): The Parquet file.
    meta (TextsMeta): Goes into the schema.
    YIELDS (Callable): Writes rows (Iterable[TextRow]), after those that were written before.
    """
    schema = _schema(TEXT_FIELDS, meta)

    def write(rows: Iterable[TextRow]) -> None:
        rows = iter(rows)
        while part := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(pa.table(_columns(part), schema=schema))

    with (
        atomic_file(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        yield write


def write_texts(path: Path, rows: Iterable[TextRow], meta: TextsMeta) -> None:
    """Write texts for the teacher to score, all at once.

    path (Path): The Parquet file.
    rows (Iterable[TextRow]): The texts.
    meta (TextsMeta): Goes into the schema.
    """
    with open_texts(path, meta) as write:
        write(rows)


def _columns(rows: Sequence[TextRow]) -> list[pa.Array]:
    return [pa.array([getattr(row, field.name) for row in rows]) for field in TEXT_FIELDS]


@contextmanager
def open_scores(
    path: Path, meta: TextsMeta
) -> Iterator[Callable[[Sequence[TextRow], NDArray[numpy.float32]], None]]:
    """Open a file for texts with the teacher's scores; it appears when the block ends well.

    path (Path): The Parquet file.
    meta (TextsMeta): Goes into the schema.
    YIELDS (Callable): Writes rows (Sequence[TextRow]) and their logits (NDArray[float32]) of the shape
        (texts, labels), the labels in the order of `meta.labels`. It raises a ValueError where the
        shapes don't fit each other.
    """
    schema = _schema(SCORED_FIELDS, meta)

    def write(rows: Sequence[TextRow], logits: NDArray[numpy.float32]) -> None:
        if logits.shape != (len(rows), len(meta.labels)):
            raise ValueError(
                f"Logits of shape {logits.shape} for {len(rows)} texts and {len(meta.labels)} labels"
            )
        columns = _columns(rows)
        columns.append(pa.array(list(logits.astype("float32")), type=pa.list_(pa.float32())))
        writer.write_table(pa.table(columns, schema=schema), row_group_size=ROWS_PER_GROUP)

    with (
        atomic_file(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        yield write


def write_scores(
    path: Path, rows: Sequence[TextRow], logits: NDArray[numpy.float32], meta: TextsMeta
) -> None:
    """Write texts with the teacher's scores, all at once.

    path (Path): The Parquet file.
    rows (Sequence[TextRow]): The texts.
    logits (NDArray[float32]): Shape: (texts, labels), the labels in the order of `meta.labels`.
    meta (TextsMeta): Goes into the schema.
    RAISES (ValueError): The shapes don't fit each other.
    """
    with open_scores(path, meta) as write:
        write(rows, logits)


def _open_parquet(path: Path, remedy: str = "") -> pq.ParquetFile:
    if not path.is_file():
        raise InputError(f"Can't find {path}. {remedy}".strip())
    try:
        return pq.ParquetFile(path, **FLAT_MEMORY)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"Can't read {path}: {error}. Expected Parquet. {remedy}".strip()
        ) from error


def _open(path: Path, fields: Sequence[pa.Field]) -> pq.ParquetFile:
    step = "score" if len(fields) > len(TEXT_FIELDS) else "augment"
    remedy = f"Run the step '{step}' to make it."
    file = _open_parquet(path, remedy)
    missing = [field.name for field in fields if field.name not in file.schema_arrow.names]
    if METADATA_KEY not in (file.schema_arrow.metadata or {}):
        missing.append(f"the schema's metadata '{METADATA_KEY.decode()}'")
    if missing:
        raise InputError(f"Can't use {path}: it lacks {', '.join(missing)}. {remedy}")
    return file


def is_ours(path: Path) -> bool:
    """Tell whether a Parquet file says what must be known of its texts (TextsMeta); others may hold
    texts all the same.

    path (Path): The file.
    RETURNS (bool): Whether it does.
    RAISES (InputError): It is missing, or no Parquet.
    """
    return METADATA_KEY in (_open_parquet(path).schema_arrow.metadata or {})


def read_column(path: Path, name: str) -> Iterator[Any]:
    """Read a column of a Parquet file, some thousands of values in memory at a time.

    path (Path): The file.
    name (str): The column.
    YIELDS (Any): Its values.
    RAISES (InputError): The file is missing, no Parquet, or has no such column.
    """
    file = _open_parquet(path)
    if name not in file.schema_arrow.names:
        raise InputError(
            f"Can't use {path}: it has the columns {', '.join(file.schema_arrow.names)}. Expected one "
            f"named '{name}'."
        )
    for (values,) in _iter_columns(path, file, [name]):
        yield from values


def _iter_columns(
    path: Path, file: pq.ParquetFile, names: Sequence[str]
) -> Iterator[list[list[Any]]]:
    """Read columns, some thousands of values of each in memory at a time."""
    try:
        for batch in file.iter_batches(ROWS_PER_GROUP, columns=list(names)):
            yield [batch.column(name).to_pylist() for name in names]
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"Can't read {path}: {error}. It is damaged: make it again.") from error


def _meta(file: pq.ParquetFile) -> TextsMeta:
    return TextsMeta(**json.loads(file.schema_arrow.metadata[METADATA_KEY]))


def read_texts_meta(path: Path, *, scored: bool = False) -> TextsMeta:
    """Read what the schema of a file of texts or scores says.

    path (Path): The Parquet file.
    scored (bool): Whether it has to hold scores.
    RETURNS (TextsMeta): Labels, teacher, mask token and seed.
    RAISES (InputError): The file is missing or of another kind.
    """
    return _meta(_open(path, SCORED_FIELDS if scored else TEXT_FIELDS))


def count_rows(path: Path) -> int:
    """Count the texts of a file without reading them.

    path (Path): A file that write_texts or write_scores made.
    RETURNS (int): How many there are.
    RAISES (InputError): The file is missing or of another kind.
    """
    return int(_open(path, TEXT_FIELDS).metadata.num_rows)


def count_texts(path: Path) -> int:
    """Count the rows of any Parquet file without reading them.

    path (Path): The file.
    RETURNS (int): How many there are.
    RAISES (InputError): It is missing, or no Parquet.
    """
    return int(_open_parquet(path).metadata.num_rows)


def read_texts(path: Path) -> Iterator[TextRow]:
    """Read texts back, a batch in memory at a time.

    path (Path): A file that write_texts or write_scores made.
    YIELDS (TextRow): The texts, in order.
    RAISES (InputError): The file is missing, of another kind or damaged.
    """
    file = _open(path, TEXT_FIELDS)
    for columns in _iter_columns(path, file, [field.name for field in TEXT_FIELDS]):
        yield from map(TextRow._make, zip(*columns))


def sample_texts(path: Path, n_texts: int, seed: int = 0) -> list[TextRow]:
    """Draw texts evenly, in one pass and with no more of them in memory (reservoir sampling; Vitter
    1985, algorithm R).

    path (Path): A file that write_texts or write_scores made.
    n_texts (int): How many; all where the file holds no more.
    seed (int): Seed of the draw.
    RETURNS (list[TextRow]): The texts.
    RAISES (InputError): The file is missing or of another kind.
    """
    rng = random.Random(seed)
    sample: list[TextRow] = []
    for i, row in enumerate(read_texts(path)):
        if i < n_texts:
            sample.append(row)
        elif (place := rng.randrange(i + 1)) < n_texts:
            sample[place] = row
    return sample


def iter_scores(path: Path, rng: numpy.random.Generator | None = None) -> Iterator[ScoredTexts]:
    """Read texts and scores back, one row group in memory at a time.

    path (Path): A file that write_scores made, or one of the same layout.
    rng (Generator | None): Draws the order of the row groups. None reads them as they stand.
    YIELDS (ScoredTexts): The rows of a row group; none where it holds no rows.
    RAISES (InputError): The file is missing, of another kind, damaged, empty, or holds scores that
        don't fit its labels or aren't finite.
    """
    file = _open(path, SCORED_FIELDS)
    meta = _meta(file)
    if not file.metadata.num_rows:
        raise InputError(f"Can't use {path}: it holds no texts. Run the step 'augment' again.")
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    starts = numpy.cumsum([0, *sizes])
    groups = numpy.arange(file.num_row_groups)
    if rng is not None:
        rng.shuffle(groups)
    for group in groups.tolist():
        try:
            table = file.read_row_group(group, columns=["text", "method", "logits"])
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"Can't read {path}, row group {group + 1}: {error}. Run the step 'score' again."
            ) from error
        logits = _read_logits(path, table["logits"].combine_chunks(), meta, int(starts[group]))
        yield ScoredTexts(table["text"].to_pylist(), table["method"].to_pylist(), logits, meta)


def copy_scores(scored: Path, output: Path, keep: NDArray[numpy.bool_]) -> None:
    """Copy some rows of a file of scores, one row group in memory at a time.

    scored (Path): A file that write_scores made.
    output (Path): The file for the copy.
    keep (NDArray[bool]): Which rows. Shape: (texts,).
    RAISES (InputError): The file is missing, of another kind or damaged.
    """
    rows, start = read_texts(scored), 0
    with open_scores(output, read_texts_meta(scored, scored=True)) as write:
        for group in iter_scores(scored):
            wanted = keep[start : start + len(group.texts)]
            start += len(wanted)
            chosen = [row for row, want in zip(islice(rows, len(wanted)), wanted) if want]
            write(chosen, group.logits[wanted])


def _read_logits(
    path: Path, column: pa.Array, meta: TextsMeta, first_row: int
) -> NDArray[numpy.float32]:
    lengths = set(column.value_lengths().to_pylist())
    if lengths - {len(meta.labels)}:
        raise InputError(
            f"Can't use {path}: its rows have {sorted(lengths, key=str)} logits, expected "
            f"{len(meta.labels)}, one for each of the labels {', '.join(meta.labels)}. Run the step "
            "'score' again."
        )
    logits = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, len(meta.labels))
    finite = numpy.isfinite(logits)
    if not finite.all():
        row, label = (int(i) for i in numpy.argwhere(~finite)[0])
        raise InputError(
            f"Can't use {path}: the logit of '{meta.labels[label]}' in row {first_row + row + 1} is "
            f"{logits[row, label]}, expected a finite number. Run the step 'score' again."
        )
    return logits


def read_scores(path: Path) -> ScoredTexts:
    """Read texts and scores back whole.

    path (Path): A file that write_scores made.
    RETURNS (ScoredTexts): Texts, methods, logits and the schema's metadata.
    RAISES (InputError): See iter_scores.
    """
    groups = list(iter_scores(path))
    return ScoredTexts(
        [text for group in groups for text in group.texts],
        [method for group in groups for method in group.methods],
        numpy.concatenate([group.logits for group in groups]),
        groups[0].meta,
    )
