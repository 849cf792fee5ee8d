"""The files of a pool of unlabelled texts, some thousands of rows in memory at a time."""

import codecs
import io
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from .errors import InputError
from .records import FLAT_MEMORY
from .table_files import (
    REMEDY,
    STRING_COLUMNS,
    check_columns,
    check_ending,
    check_quotes,
    csv_options,
    explain_failure,
    locate_row,
    parse_json_lines,
    read_excel,
    refuse_rows,
)
from .tables import parse_text

TEXT = "text"
EXPECTED = f"Expected a table with the column '{TEXT}', or plain lines in a file .txt."
# How much is in memory at a time: of lines, of a Parquet file's rows.
CHUNK_CHARACTERS = 1_000_000
CHUNK_ROWS = 1024


class PoolText(NamedTuple):
    """An unlabelled text, and where it stood."""

    text: str
    source: str


class PoolFiles(NamedTuple):
    """The files of a pool that hold texts, and those beside them that are left alone."""

    tables: list[Path]
    others: list[Path]


class Chunk(NamedTuple):
    """Some rows of a file: what each has for a text, by its number, and how many others couldn't be
    parsed.
    """

    cells: dict[int, Any]
    skipped: int = 0


def _check(path: Path, columns: list[Any]) -> None:
    check_columns(path, columns, EXPECTED)
    if TEXT not in columns:
        raise InputError(
            f"Can't use {path} as a pool: expected the column '{TEXT}', found: "
            f"{', '.join(map(str, columns))}. Rename the column."
        )


def _read_lines(path: Path, skip_invalid: bool = False) -> Iterator[Chunk]:
    lines: dict[int, str] = {}
    size = 0
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                lines[number] = line.removesuffix("\n")
                size += len(line)
            if size >= CHUNK_CHARACTERS:
                yield Chunk(lines)
                lines, size = {}, 0
    yield Chunk(lines)


def _read_jsonl(path: Path, skip_invalid: bool) -> Iterator[Chunk]:
    known = False
    for lines, _ in _read_lines(path):
        frame, skipped = parse_json_lines(lines, skip_invalid)
        # What is no column of the first rows may be one of others.
        if not frame.empty and not known:
            _check(path, list(frame.columns))
            known = True
        cells = frame.reindex(columns=[TEXT])[TEXT]
        yield Chunk(dict(zip(frame.index, cells)), skipped)


def _open_utf8(path: Path) -> pa.NativeFile:
    """Open a text file as bytes, without a byte order mark and with newlines of one kind."""
    decode = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8-sig")(), translate=True
    ).decode

    def transform(block: pa.Buffer) -> bytes:
        return decode(bytes(block), final=not len(block)).encode("utf8")

    return pa.TransformInputStream(pa.OSFile(str(path)), transform)


def _read_csv(path: Path, skip_invalid: bool) -> Iterator[Chunk]:
    bad: list[csv.InvalidRow] = []
    unusable: set[int] = set()
    check_quotes(path)

    def handle(row: csv.InvalidRow) -> str:
        if row.number is not None:
            unusable.add(row.number - 1)
        bad.append(row)
        return "skip"

    def take_skipped() -> int:
        taken = bad[:]
        del bad[: len(taken)]  # more may have been found meanwhile
        refuse_rows(path, taken, skip_invalid)
        return len(taken)

    with csv.open_csv(_open_utf8(path), **csv_options(path, lambda row: "skip")) as head:
        _check(path, head.schema.names)
    convert = csv.ConvertOptions(
        column_types=STRING_COLUMNS, strings_can_be_null=False, include_columns=[TEXT]
    )
    options = csv_options(path, handle)
    numbers = (number for number in count(1) if number not in unusable)
    with csv.open_csv(_open_utf8(path), **options, convert_options=convert) as reader:
        for batch in reader:
            skipped = take_skipped()
            cells = batch.column(TEXT).to_pylist()
            yield Chunk({number: cell for cell, number in zip(cells, numbers)}, skipped)
    yield Chunk({}, take_skipped())


def _read_excel(path: Path, skip_invalid: bool) -> Iterator[Chunk]:
    frame = read_excel(path, skip_invalid).frame
    _check(path, list(frame.columns))
    yield Chunk(dict(zip(frame.index, frame[TEXT])))


def _read_parquet(path: Path, skip_invalid: bool) -> Iterator[Chunk]:
    with pq.ParquetFile(path, **FLAT_MEMORY) as file:
        _check(path, file.schema_arrow.names)
        first = 1
        for batch in file.iter_batches(CHUNK_ROWS, columns=[TEXT]):
            yield Chunk(dict(enumerate(batch.column(TEXT).to_pylist(), first)))
            first += batch.num_rows


READERS: dict[str, Callable[[Path, bool], Iterator[Chunk]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
    ".txt": _read_lines,
}


def list_files(path: Path, data: Path | None = None) -> PoolFiles:
    """List the files of a pool.

    Those right in its folder are for any labelled texts. Those for some alone lie within it as the
    labelled texts do beside it: in "assets/pool" the files for "assets/reviews/en.jsonl" are
    "reviews/en.*".

    path (Path): A file, or a folder.
    data (Path | None): The labelled texts. None: files for some alone are left out.
    RETURNS (PoolFiles): The file, or the folder's files in the order of their names, then those for
        these texts alone, without hidden ones and a README. Others are of no use to any: folders and
        files that nothing beside the pool is called like, and files that READERS doesn't know.
    RAISES (InputError): The path is missing, or is the current folder.
    """
    if not path.exists():
        raise InputError(
            f"Can't find {path}. Expected a file or folder of unlabelled texts. Check the path, or set "
            "it with --vars.pool."
        )
    if not path.is_dir():
        return PoolFiles([path], [])
    # What "" stands for as a path, too: everything in it would be taken for texts.
    if path.resolve() == Path.cwd():
        raise InputError(
            f"Can't use '{path}' as a pool: it is the folder that you are in, as is an empty name. "
            "Expected a file or folder of unlabelled texts, or an empty folder for no pool. Set it with "
            "--vars.pool."
        )
    # What links lead to doesn't count: they are names like others.
    beside = Path(os.path.abspath(path)).parent  # noqa: PTH100
    wanted = None if data is None else Path(os.path.abspath(data))  # noqa: PTH100
    tables, own, others = [], [], []
    for entry in _list_visible(path):
        folder = beside / entry.name
        if _is_table(entry):
            tables.append(entry)
        elif not entry.is_dir() or not folder.is_dir():
            others.append(entry)
        else:
            partners = {partner.stem for partner in folder.iterdir()}
            for file in _list_visible(entry):
                if file.stem not in partners or not _is_table(file):
                    others.append(file)
                elif wanted and (wanted.parent, wanted.stem) == (folder, file.stem):
                    own.append(file)
    return PoolFiles(tables + own, others)


def name_files(pool: Path, files: Sequence[Path], most: int = 5) -> str:
    """Name files of a pool.

    pool (Path): The pool.
    files (Sequence[Path]): Some of its files.
    most (int): How many to name at most.
    RETURNS (str): The first of them by their places in it, and how many more there are.
    """
    names = [path.relative_to(pool).as_posix() if pool.is_dir() else str(path) for path in files]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _list_visible(folder: Path) -> list[Path]:
    entries = sorted(folder.iterdir())
    return [e for e in entries if not e.name.startswith(".") and e.stem.upper() != "README"]


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in READERS and path.is_file()


def read_pool(
    path: Path,
    *,
    data: Path | None = None,
    skip_invalid: bool = False,
    on_invalid: Callable[[int], object] = lambda rows: None,
) -> Iterator[PoolText]:
    """Read unlabelled texts from a file, or from all files of a folder.

    path (Path): A file of any format in READERS, with a column `text` or a text a line (.txt); or a
        folder, whose other files (a README) are left alone.
    data (Path | None): The labelled texts: see list_files.
    skip_invalid (bool): Count invalid rows instead of raising.
    on_invalid (Callable[[int], object]): Told the number of rows that were invalid, in instalments.
    YIELDS (PoolText): The texts; none where the folder holds no such file.
    RAISES (InputError): The path is missing, a column is missing, or a row is invalid.
    """
    for file in list_files(path, data).tables:
        name = file.relative_to(path) if path.is_dir() else Path(file.name)
        yield from _read_file(file, name, skip_invalid, on_invalid)


def _read_file(
    path: Path, name: Path, skip_invalid: bool, on_invalid: Callable[[int], object]
) -> Iterator[PoolText]:
    check_ending(path, READERS)
    empty = True
    for cells, skipped in _read_chunks(path, skip_invalid):
        on_invalid(skipped)
        empty = empty and not cells
        for row, cell in cells.items():
            try:
                text = parse_text(cell)
            except ValueError as error:
                if not skip_invalid:
                    where = locate_row(path, row)
                    raise InputError(f"Can't read {path}, {where}: {error}. {REMEDY}") from error
                on_invalid(1)
                continue
            yield PoolText(text, f"pool/{name.as_posix()}:{row}")  # never the source of a gold text
    if empty:
        raise InputError(
            f"Can't use {path}: it holds no rows. {EXPECTED} Check the path, or set another with "
            "--vars.pool."
        )


def _read_chunks(path: Path, skip_invalid: bool) -> Iterator[Chunk]:
    with explain_failure(path, EXPECTED):
        yield from READERS[path.suffix.lower()](path, skip_invalid)
