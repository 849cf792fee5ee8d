"""Read labelled texts from tables: which column holds what, and which rows can be used."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .errors import InputError
from .labels import Task, parse_labels
from .table_files import READERS, REMEDY, locate_row, read_table

# How long a text spaCy takes.
MAX_CHARACTERS = 1_000_000
SPLITS = ("train", "dev", "test")
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


def _cell(value: Any) -> Any:
    """Give what formats have for a missing value (NaN, NA, NaT, None) as None."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def parse_text(value: Any) -> str:
    """Check a text.

    value (Any): A cell of a table.
    RETURNS (str): The text.
    RAISES (ValueError): It is missing, blank, no string, or longer than spaCy takes.
    """
    text = _cell(value)
    if text is None or (isinstance(text, str) and not text.strip()):
        raise ValueError("'text' is empty, expected a text")
    if not isinstance(text, str):
        raise ValueError(f"'text' is {text!r}, expected a string")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"'text' has {len(text):,} characters, expected {MAX_CHARACTERS:,} or fewer"
        )
    return text


def _read_file(path: Path, task: Task, split: str | None, skip_invalid: bool) -> RawData:
    frame, invalid = read_table(path, skip_invalid=skip_invalid)
    column = _find_column(frame, task, path)
    given = [split] * len(frame)
    if split is None and "split" in frame.columns:
        given = [None if _cell(value) in (None, "") else value for value in frame["split"]]
    texts, left_out = [], 0
    for row, text, value, row_split in zip(frame.index, frame["text"], frame[column], given):
        try:
            if split is None and row_split is not None:
                row_split = _parse_split(row_split)
            parsed, labels = parse_text(text), parse_labels(task, column, _cell(value))
        except ValueError as error:
            if not skip_invalid:
                where = locate_row(path, row)
                raise InputError(f"Can't read {path}, {where}: {error}. {REMEDY}") from error
            invalid += 1
            continue
        if labels is None:
            left_out += 1
        else:
            texts.append(LabelledText(parsed, labels, row_split, f"{path.stem}:{row}"))
    return RawData(texts, left_out, invalid)


def _list_files(folder: Path) -> dict[str, Path]:
    """Find the file of each split in a folder."""
    files: dict[str, Path] = {}
    tables = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in READERS]
    for path in tables:
        split = SPLIT_ALIASES.get(path.stem, path.stem)
        if split in files:
            raise InputError(
                f"Can't use the folder {folder}: both {files[split].name} and {path.name} are "
                f"there for {split}. Expected one file for each split. Move one away."
            )
        if split in SPLITS:
            files[split] = path
    if "train" not in files or "test" not in files:
        raise InputError(
            f"Can't use the folder {folder}: expected the files train.* and test.* (and dev.*), "
            f"found: {', '.join(path.name for path in tables) or 'no table'}. Rename the files, or "
            "set another path with --vars.data."
        )
    return files


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
    files = _list_files(path)
    parts = [_read_file(files[s], task, s, skip_invalid) for s in SPLITS if s in files]
    return RawData(
        [text for part in parts for text in part.texts],
        sum(part.left_out for part in parts),
        sum(part.invalid for part in parts),
    )
