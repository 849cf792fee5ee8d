"""Read labelled texts from the tables that people have: JSONL, CSV, TSV, Excel, Parquet."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import pandas as pd
import pyarrow as pa

from .errors import InputError
from .labels import Task, parse_labels

SPLITS = ("train", "dev", "test")
REMEDY = (
    "Mend or remove the row, or pass --on-invalid skip (--vars.on_invalid skip) to drop and count "
    "such rows."
)
SPLIT_ALIASES = {"validation": "dev", "valid": "dev", "val": "dev", "training": "train"}


class LabelledText(NamedTuple):
    """One usable row: the text, its labels, the split it was given (or none) and where it stood."""

    text: str
    labels: list[str]
    split: str | None
    source: str


class RawData(NamedTuple):
    """What a file or folder held: usable texts, texts that the task leaves out, invalid rows."""

    texts: list[LabelledText]
    left_out: int
    invalid: int


def _read_jsonl(path: Path, skip_invalid: bool) -> tuple[pd.DataFrame, int]:
    def parse(source: io.StringIO) -> pd.DataFrame:
        return pd.read_json(source, lines=True, dtype=False, convert_dates=False)

    content = path.read_text(encoding="utf8")
    try:
        return parse(io.StringIO(content)), 0
    except ValueError as pandas_error:
        # pandas doesn't say which line it failed on.
        good, bad = [], []
        for number, line in enumerate(content.splitlines(), 1):
            try:
                if line.strip():
                    json.loads(line)
                    good.append(line)
            except ValueError as error:
                bad.append(f"line {number}: not valid JSON ({error})")
        if not bad or not skip_invalid:
            raise ValueError(bad[0] if bad else str(pandas_error)) from pandas_error
        return parse(io.StringIO("\n".join(good))), len(bad)


def _read_csv(path: Path, skip_invalid: bool, sep: str = ",") -> tuple[pd.DataFrame, int]:
    bad: list[list[str]] = []
    frame = pd.read_csv(
        path,
        sep=sep,
        dtype=str,
        keep_default_na=False,  # a text can be "NA" or "null"
        encoding="utf8",
        engine="python",
        on_bad_lines=bad.append if skip_invalid else "error",
    )
    return frame, len(bad)


def _read_tsv(path: Path, skip_invalid: bool) -> tuple[pd.DataFrame, int]:
    return _read_csv(path, skip_invalid, sep="\t")


def _read_excel(path: Path, skip_invalid: bool) -> tuple[pd.DataFrame, int]:
    return pd.read_excel(path, dtype=str, keep_default_na=False), 0


def _read_parquet(path: Path, skip_invalid: bool) -> tuple[pd.DataFrame, int]:
    return pd.read_parquet(path), 0


READERS: dict[str, Callable[[Path, bool], tuple[pd.DataFrame, int]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}


def read_table(path: Path, *, skip_invalid: bool = False) -> tuple[pd.DataFrame, int]:
    """Read a table of any supported format.

    path (Path): The file; its ending tells the format.
    skip_invalid (bool): Count lines that can't be parsed instead of raising.
    RETURNS (tuple[pd.DataFrame, int]): The table; how many lines were skipped.
    RAISES (InputError): The file is missing, of an unknown format, empty, or can't be parsed.
    """
    if not path.is_file():
        raise InputError(
            f"Can't find {path}. Expected a file with the columns 'text' and 'label', 'labels' or "
            "'stars'. Check the path, or set it with --vars.data."
        )
    if path.suffix.lower() not in READERS:
        raise InputError(
            f"Can't read {path}: unknown ending '{path.suffix}'. "
            f"Expected one of: {', '.join(READERS)}. Convert the file to one of these."
        )
    try:
        frame, skipped = READERS[path.suffix.lower()](path, skip_invalid)
    except UnicodeDecodeError as error:
        raise InputError(
            f"Can't read {path}: it isn't UTF-8 text ({error.reason} at byte {error.start}). "
            "Save it as UTF-8."
        ) from error
    # What the readers raise for a file they can't parse: ParserError, EmptyDataError and pandas'
    # own complaints are ValueErrors, pyarrow's ArrowInvalid too, a broken .xlsx is no zip file.
    except (ValueError, BadZipFile, pa.ArrowException) as error:
        raise InputError(f"Can't read {path}: {error}. {REMEDY}") from error
    if frame.empty:
        raise InputError(f"Can't use {path}: it holds no rows. Expected labelled texts.")
    return frame, skipped


def _find_column(frame: pd.DataFrame, task: Task, path: Path) -> str:
    found = [column for column in task.columns if column in frame.columns]
    if "text" not in frame.columns or not found:
        wanted = " or ".join(f"'{column}'" for column in task.columns)
        raise InputError(
            f"Can't use {path} for task '{task.name}': expected the columns 'text' and {wanted}, "
            f"found: {', '.join(map(str, frame.columns))}. Rename the columns, or choose another "
            "task with --vars.task."
        )
    return found[0]


def _parse_split(value: object) -> str:
    split = str(value).strip().lower()
    split = SPLIT_ALIASES.get(split, split)
    if split not in SPLITS:
        raise ValueError(f"unknown split {value!r}, expected one of: {', '.join(SPLITS)}")
    return split


def _read_file(path: Path, task: Task, split: str | None, skip_invalid: bool) -> RawData:
    frame, invalid = read_table(path, skip_invalid=skip_invalid)
    column = _find_column(frame, task, path)
    splits = frame["split"] if split is None and "split" in frame.columns else None
    texts, left_out = [], 0
    for i, (text, value) in enumerate(zip(frame["text"], frame[column])):
        try:
            if not isinstance(text, str) or not text.strip():
                raise ValueError("'text' is empty")
            row_split = split if splits is None else _parse_split(splits.iloc[i])
            labels = parse_labels(task, column, value)
        except ValueError as error:
            if not skip_invalid:
                raise InputError(f"Can't read {path}, row {i + 1}: {error}. {REMEDY}") from error
            invalid += 1
            continue
        if labels is None:
            left_out += 1
        else:
            texts.append(LabelledText(text, labels, row_split, f"{path.stem}:{i + 1}"))
    return RawData(texts, left_out, invalid)


def read_labelled_texts(path: Path, task: Task, *, skip_invalid: bool = False) -> RawData:
    """Read labelled texts from a file, or from a folder that holds train, dev and test files.

    path (Path): A file of any format in READERS, or a folder with files named train.*, test.* and
        (optionally) dev.*.
    task (Task): Says which column holds the labels and which labels are known.
    skip_invalid (bool): Count invalid rows instead of raising.
    RETURNS (RawData): The texts, with the counts of what isn't among them.
    RAISES (InputError): A file is missing, a column is missing, or a row is invalid.
    """
    if not path.is_dir():
        return _read_file(path, task, None, skip_invalid)
    files = {p.stem: p for p in sorted(path.iterdir()) if p.suffix.lower() in READERS}
    if "train" not in files or "test" not in files:
        raise InputError(
            f"Can't use the folder {path}: expected the files train.* and test.* (and dev.*), "
            f"found: {', '.join(p.name for p in files.values()) or 'no table'}."
        )
    parts = [_read_file(files[s], task, s, skip_invalid) for s in SPLITS if s in files]
    return RawData(
        [text for part in parts for text in part.texts],
        sum(part.left_out for part in parts),
        sum(part.invalid for part in parts),
    )
