"""Tasks: which labels there are, and how a raw row names them."""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InputError

POLARITY = {1: "negative", 2: "negative", 4: "positive", 5: "positive"}
STARS = ("1", "2", "3", "4", "5")
# What joins several labels in one cell of a format that has no lists (CSV, TSV, Excel).
LABEL_SEPARATOR = "|"
# What people join them by instead.
OTHER_SEPARATORS = "[,;]"


@dataclass(frozen=True)
class Task:
    """What is to be told from a text.

    name (str): The value of project.yml's `task`.
    columns (tuple[str, ...]): Columns that can hold the answer; the first one present is read.
    exclusive (bool): One label a text (softmax) rather than any number of them (logistic).
    labels (tuple[str, ...]): The labels in order, or empty where the training texts decide.
    """

    name: str
    columns: tuple[str, ...]
    exclusive: bool
    labels: tuple[str, ...] = ()


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("polarity", ("stars", "label"), True, ("negative", "positive")),
        Task("stars", ("stars", "label"), True, STARS),
        Task("multiclass", ("label",), True),
        Task("multilabel", ("labels",), False),
    )
}


def get_task(name: str) -> Task:
    """Look a task up by name.

    name (str): One of TASKS.
    RETURNS (Task): The task.
    RAISES (InputError): There is no such task.
    """
    if name not in TASKS:
        raise InputError(
            f"Can't find the task '{name}'. Expected one of: {', '.join(TASKS)}. "
            "Set it in project.yml or with --vars.task."
        )
    return TASKS[name]


def parse_labels(task: Task, column: str, value: Any) -> list[str] | None:
    """Read one cell of a raw table as the labels of a text.

    task (Task): The task.
    column (str): The column that the value stands in: 'stars', 'label' or 'labels'.
    value (Any): The cell: a number, a string or a list of strings.
    RETURNS (list[str] | None): The labels; none for a text that the task leaves out (three stars
        say nothing about polarity).
    RAISES (ValueError): The value is no label of the task; the message says what was expected.
    """
    if column == "stars":
        stars = _parse_stars(value)
        if task.name == "polarity":
            return [POLARITY[stars]] if stars in POLARITY else None
        return [str(stars)]
    if column == "labels":
        return _parse_list(value)
    # Whole numbers come as floats from columns in which a value is missing.
    whole = isinstance(value, float) and value.is_integer()
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    if not missing and (isinstance(value, bool) or not isinstance(value, (str, int, float))):
        raise ValueError(f"'label' is {value!r}, expected one label as a string")
    label = "" if missing else str(int(value) if whole else value).strip()
    if not label:
        raise ValueError("'label' is empty, expected a label")
    if task.labels and label not in task.labels:
        raise ValueError(f"unknown label '{label}', expected one of: {', '.join(task.labels)}")
    return [label]


def _parse_stars(value: Any) -> int:
    try:
        stars = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        stars = float("nan")
    if stars not in (1, 2, 3, 4, 5):
        raise ValueError(f"unknown label: 'stars' is {value!r}, expected 1, 2, 3, 4 or 5")
    return int(stars)


def _parse_list(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.split(LABEL_SEPARATOR)
    elif value is None or not hasattr(value, "__iter__") or isinstance(value, dict):
        raise ValueError(
            f"'labels' is {value!r}, expected a list, or labels joined by '{LABEL_SEPARATOR}'"
        )
    value = value.tolist() if hasattr(value, "tolist") else list(value)  # Parquet gives arrays
    if not all(isinstance(label, (str, int)) and not isinstance(label, bool) for label in value):
        raise ValueError(f"'labels' is {value!r}, expected strings")
    labels = {str(label).strip() for label in value}
    return sorted(labels - {""})


def describe_joined(labels: Collection[str]) -> str:
    """Find a label that is several labels, joined by what doesn't separate them.

    labels (Collection[str]): All labels of a task in which a text may have several.
    RETURNS (str): A sentence on the first of them, and how to write it; empty where there is none.
    """
    for label in labels:
        parts = [part.strip() for part in re.split(OTHER_SEPARATORS, label) if part.strip()]
        if len(parts) > 1 and all(part in labels for part in parts):
            return (
                f"The label '{label}' consists of other labels: labels of one text are separated by "
                f"'{LABEL_SEPARATOR}'. Write '{LABEL_SEPARATOR.join(parts)}' if they are meant."
            )
    return ""


def to_cats(labels: Sequence[str], all_labels: Sequence[str]) -> dict[str, float]:
    """Spell out gold labels as spaCy's `Doc.cats`, every label written: one that is missing reads as
    0 in textcat but as unknown in textcat_multilabel.

    labels (Sequence[str]): The labels of a text.
    all_labels (Sequence[str]): All labels of the task, in order.
    RETURNS (dict[str, float]): 1.0 for the labels of the text, 0.0 for the others.
    """
    return {label: float(label in labels) for label in all_labels}
