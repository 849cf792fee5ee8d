"""Parse the tables that people have: JSONL, CSV, TSV, Excel, Parquet."""

import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from csv import Error as CsvError
from csv import field_size_limit, reader
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from .errors import InputError

# How much of a bad row a message shows.
SHOWN_CHARACTERS = 100
ROWS_IN_FIELD = "rows in a field"
# How long a row of a CSV file may be. Arrow reads some dozens of such blocks ahead.
CSV_BLOCK_BYTES = 2 << 20
EXPECTED = "Expected a table with the columns 'text' and 'label', 'labels' or 'stars'."
REMEDY = (
    "Mend or remove the row, or pass --on-invalid skip (--vars.on_invalid skip) to drop and count "
    "such rows."
)
# What stands between fields.
DELIMITERS = {".csv": ",", ".tsv": "\t"}
# CSV says nothing of types; read as numbers, "007" would change.
STRING_COLUMNS = {name: pa.string() for name in ("text", "label", "labels", "stars", "split")}


class InvalidRowError(ValueError):
    """A line of a file can't be parsed."""


class Table(NamedTuple):
    """A parsed table, its index the number of each row in the file, and how many were skipped.

    JSONL: the number of the line. Excel: that of the sheet's row; the header is row 1. Others: 1 is the
    first row below the header, in however many lines. What messages say of it: see locate_row.
    """

    frame: pd.DataFrame
    skipped: int


def _read_jsonl(path: Path, skip_invalid: bool) -> Table:
    # Not splitlines(): it also splits at characters that may stand inside a text.
    content = path.read_text(encoding="utf-8-sig").split("\n")
    lines = {number: line for number, line in enumerate(content, 1) if line.strip()}
    return parse_json_lines(lines, skip_invalid)


def parse_json_lines(lines: Mapping[int, str], skip_invalid: bool) -> Table:
    """Parse lines that hold a JSON object each.

    lines (Mapping[int, str]): The lines by their numbers.
    skip_invalid (bool): Count lines that can't be parsed instead of raising.
    RETURNS (Table): Their rows.
    RAISES (InvalidRowError): A line can't be parsed.
    """
    try:
        frame, skipped = _parse_objects(lines.values()), 0
    # AttributeError: a line that is JSON but no object.
    except (ValueError, AttributeError) as error:
        # pandas doesn't say which line it failed on.
        bad = {number: problem for number, line in lines.items() if (problem := _diagnose(line))}
        if not bad:
            raise
        if not skip_invalid:
            number = min(bad)
            raise InvalidRowError(f"line {number}: {bad[number]}") from error
        lines = {number: line for number, line in lines.items() if number not in bad}
        frame, skipped = _parse_objects(lines.values()), len(bad)
    return Table(frame.set_axis(list(lines)[: len(frame)]), skipped)


def _parse_objects(lines: Iterable[str]) -> pd.DataFrame:
    source = io.StringIO("\n".join(lines))
    frame = pd.read_json(source, lines=True, dtype=False, convert_dates=False)
    if not all(isinstance(name, str) for name in frame.columns):
        raise ValueError("a line is no object")
    return frame


def _diagnose(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError as error:
        return f"not valid JSON ({error})"
    return "" if isinstance(found, dict) else "not a JSON object"


def csv_options(path: Path, handle: Callable[[csv.InvalidRow], str]) -> dict[str, Any]:
    """Say how files of separated values are read.

    path (Path): The file.
    handle (Callable[[InvalidRow], str]): Told each row that has too many fields or too few.
    RETURNS (dict[str, Any]): Arguments of pyarrow's readers.
    """
    return {
        # Threads lose the number of a row.
        "read_options": csv.ReadOptions(use_threads=False, block_size=CSV_BLOCK_BYTES),
        "parse_options": csv.ParseOptions(
            delimiter=DELIMITERS[path.suffix.lower()],
            newlines_in_values=True,
            invalid_row_handler=handle,
        ),
    }


class CsvRow(NamedTuple):
    """A row of a file of separated values: the line in which it begins, and its fields."""

    line: int
    fields: list[str]


def _scan_csv(path: Path) -> Iterator[CsvRow]:
    """Read a file of separated values strictly: the rows that Arrow finds, the header before them.

    path (Path): The file.
    YIELDS (CsvRow): The rows but for empty ones.
    RAISES (InputError): A quote isn't closed where its field ends.
    """
    delimiter = DELIMITERS[path.suffix.lower()]
    first, width = 1, 0
    limit = field_size_limit(CSV_BLOCK_BYTES)
    try:
        with path.open(encoding="utf-8-sig") as file:
            # Python 3.10 refuses a NUL, which may stand in a text.
            lines = (line.replace("\0", " ") for line in file)
            rows = reader(lines, delimiter=delimiter, strict=True)
            try:
                for fields in rows:
                    width = width or len(fields)
                    # Among commas that can't be told: texts have them, too.
                    if delimiter == "\t" and any(
                        _holds_rows(field, i, width) for i, field in enumerate(fields)
                    ):
                        raise CsvError(ROWS_IN_FIELD)
                    if fields:
                        yield CsvRow(first, fields)
                    first = rows.line_num + 1
            except CsvError as error:
                reason = _describe_quote(path, first, rows.line_num, str(error))
                raise InputError(reason) from error
    finally:
        field_size_limit(limit)


def _holds_rows(field: str, column: int, width: int) -> bool:
    """Tell whether a field would be whole rows without its quotes: each line has the tabs of a row."""
    start, *between = field.split("\n")
    if not between or "\t" not in field:
        return False
    end = between.pop()
    whole = all(line.count("\t") == width - 1 for line in between)
    return whole and column + start.count("\t") == width - 1 and end.count("\t") == column


def _describe_quote(path: Path, first: int, last: int, problem: str) -> str:
    with path.open(encoding="utf-8-sig") as file:
        text = next(islice(file, first - 1, None)).rstrip("\n")[:SHOWN_CHARACTERS]
    found = "begins with a quote that isn't closed at its end"
    found += f" (see line {last})" if last > first else ""
    if problem == ROWS_IN_FIELD:
        found = f"between quotes holds whole rows, up to line {last}"
    if "field limit" in problem:
        found = f"has more than {CSV_BLOCK_BYTES:,} characters, or a quote that isn't closed"
    return (
        f"Can't read {path}, line {first}: a field {found}, in {text!r}. Expected a quote at both ends "
        "of a field or at none, and those between the two doubled. Mend the field, or save the table as "
        "JSONL."
    )


def check_quotes(path: Path) -> None:
    """Check that what begins with a quote ends with one. Arrow reads on to the next quote, wherever it
    is: rows between them would be part of a text, and nobody would know.

    path (Path): A file of separated values.
    RAISES (InputError): A quote isn't closed where its field ends.
    """
    for _ in _scan_csv(path):
        pass


def locate_row(path: Path, number: int) -> str:
    """Say where a row of a table is, as one sees it who opens the file.

    path (Path): The file.
    number (int): See Table.
    RETURNS (str): Its line, or its row where a file has no lines.
    """
    ending = path.suffix.lower()
    if ending in DELIMITERS:
        # Read again: to know where each row begins would take more memory than the check of them all.
        row = next(islice(_scan_csv(path), number, None))
        return f"line {row.line}"
    return f"row {number}" if ending in (".xlsx", ".parquet") else f"line {number}"


def refuse_rows(path: Path, bad: Sequence[csv.InvalidRow], skip_invalid: bool) -> None:
    """Refuse rows that have too many fields or too few.

    path (Path): The file.
    bad (Sequence[InvalidRow]): The rows.
    skip_invalid (bool): Let them pass, but for one of several lines.
    RAISES (InvalidRowError): One can't be passed over.
    """
    # A quote that is closed too late swallows the rows that follow: to skip it would be to lose them.
    long = next((row for row in bad if "\n" in (row.text or "")), None)
    if not bad or (skip_invalid and not long):
        return
    row = long or bad[0]
    where = "" if row.number is None else f"{locate_row(path, row.number - 1)}: "
    text = repr((row.text or "")[:SHOWN_CHARACTERS])
    hint = ". A field of it spans several lines: see where its quote is closed" if long else ""
    if row.expected_columns == 1 and ";" in (row.text or ""):
        hint = ". Separate the fields by commas, not semicolons"
    raise InvalidRowError(
        f"{where}{row.actual_columns} fields, expected {row.expected_columns}, in {text}{hint}"
    )


def _read_csv(path: Path, skip_invalid: bool) -> Table:
    bad: list[csv.InvalidRow] = []
    check_quotes(path)

    def handle(row: csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    content = path.read_text(encoding="utf-8-sig").encode("utf8")
    table = csv.read_csv(
        io.BytesIO(content),
        **csv_options(path, handle),
        # A text can be "NA" or "null".
        convert_options=csv.ConvertOptions(column_types=STRING_COLUMNS, strings_can_be_null=False),
    )
    refuse_rows(path, bad, skip_invalid)
    skipped = {row.number - 1 for row in bad if row.number is not None}
    total = table.num_rows + len(bad)
    numbers = [number for number in range(1, total + 1) if number not in skipped]
    return Table(table.to_pandas().set_axis(numbers[: table.num_rows]), len(bad))


def _count_rows(frame: pd.DataFrame, first: int = 1) -> Table:
    return Table(frame.set_axis(range(first, first + len(frame))), 0)


def read_excel(path: Path, skip_invalid: bool) -> Table:
    """Read a spreadsheet's first sheet.

    path (Path): The file.
    skip_invalid (bool): Makes no difference.
    RETURNS (Table): Its rows.
    """
    frame = pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    return _count_rows(frame, first=2)


def _read_parquet(path: Path, skip_invalid: bool) -> Table:
    return _count_rows(pd.read_parquet(path))


READERS: dict[str, Callable[[Path, bool], Table]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".xlsx": read_excel,
    ".parquet": _read_parquet,
}


def check_ending(path: Path, endings: Collection[str]) -> None:
    """Check that a file is of a known format.

    path (Path): The file.
    endings (Collection[str]): The endings of those that are.
    RAISES (InputError): It isn't.
    """
    if path.suffix.lower() not in endings:
        raise InputError(
            f"Can't read {path}: unknown ending '{path.suffix}'. "
            f"Expected one of: {', '.join(endings)}. Convert the file to one of these."
        )


def check_columns(path: Path, columns: Sequence[object], expected: str) -> None:
    """Check that no two columns have the same name.

    path (Path): The file.
    columns (Sequence[object]): The names of its columns.
    expected (str): What the file should be.
    RAISES (InputError): Some do.
    """
    twice = [str(name) for name in dict.fromkeys(columns) if columns.count(name) > 1]
    if twice:
        raise InputError(
            f"Can't use {path}: it has several columns named {', '.join(twice)}. {expected} Rename "
            "them."
        )


@contextmanager
def explain_failure(path: Path, expected: str, remedy: str = REMEDY) -> Iterator[None]:
    """Turn what readers raise into what a user can put right.

    path (Path): The file that is read in the block.
    expected (str): What it should be.
    remedy (str): What to do about a row that can't be parsed.
    RAISES (InputError): It can't be parsed.
    """
    try:
        yield
    except InvalidRowError as error:
        raise InputError(f"Can't read {path}, {error}. {expected} {remedy}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"Can't read {path}: it isn't UTF-8 text ({error.reason} at byte "
            f"{_find_undecodable(path)}). {expected} Save it as UTF-8."
        ) from error
    # What the readers raise for a file that isn't what its ending says.
    except (ValueError, KeyError, OSError, BadZipFile, pa.ArrowException) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        if "straddling object" in reason:
            reason = f"a row has more than {CSV_BLOCK_BYTES:,} bytes, or a quote isn't closed"
        raise InputError(
            f"Can't read {path} as {path.suffix}: {reason}. {expected} Open the file to see what it "
            "holds, and save it again or convert it."
        ) from error


def _find_undecodable(path: Path) -> int:
    """Find the first byte of a file that isn't UTF-8. Decoders count from where a block began."""
    start = 0
    with path.open("rb") as file:
        for line in file:
            try:
                line.decode("utf8")
            except UnicodeDecodeError as error:
                return start + error.start
            start += len(line)
    return start


def read_table(
    path: Path,
    *,
    skip_invalid: bool = False,
    expected: str = EXPECTED,
    remedy: str = REMEDY,
    variable: str = "data",
) -> Table:
    """Read a table of any supported format.

    path (Path): The file; its ending tells the format.
    skip_invalid (bool): Count lines that can't be parsed instead of raising.
    expected (str): What the file should be.
    remedy (str): What to do about a row that can't be parsed.
    variable (str): The variable of project.yml that names the file.
    RETURNS (Table): The rows, and how many were skipped.
    RAISES (InputError): The file is missing, of an unknown format, empty, or can't be parsed.
    """
    if not path.is_file():
        raise InputError(
            f"Can't find {path}. {expected} Check the path, or set it with --vars.{variable}."
        )
    check_ending(path, READERS)
    with explain_failure(path, expected, remedy):
        table = READERS[path.suffix.lower()](path, skip_invalid)
    check_columns(path, list(table.frame.columns), expected)
    if table.frame.empty:
        raise InputError(
            f"Can't use {path}: it holds no rows. {expected} Check the path, or set another with "
            f"--vars.{variable}."
        )
    return table
