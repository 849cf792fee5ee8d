"""Several runs in one table: the mean of each model's figures and how far they lie apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import srsly

from .errors import InputError
from .figures import describe_spread
from .products import require
from .result_table import COLUMNS, NOT_KNOWN, Column, get_mean

# Those of the result table's columns that stand in a table of runs.
KEYS = {"accuracy", "macro_f1", "roc_auc", "ece", "agreement", "words_per_second", "size_mb"}


def read_runs(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read the metrics of several runs.

    paths (Sequence[Path]): Files metrics.json, of the same task and labels.
    RETURNS (list[dict[str, Any]]): Their contents.
    RAISES (InputError): A file is missing or given twice, or their tasks or labels differ.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(
            f"Can't sum up {', '.join(map(str, paths))}: a file is there twice. Expected different runs."
        )
    require(*paths, step="evaluate")
    runs = [srsly.read_json(path) for path in paths]
    first, *others = (_describe_task(run) for run in runs)
    for path, other in zip(paths[1:], others):
        if other != first:
            raise InputError(
                f"Can't sum up {paths[0]} and {path}: the first is of the {first}, the second of the "
                f"{other}. Expected runs of the same task and labels. Sum them up one by one."
            )
    return runs


def _describe_task(run: dict[str, Any]) -> str:
    return f"task {run['data']['task']} with the labels {', '.join(run['labels'])}"


def summarize(runs: Sequence[dict[str, Any]]) -> str:
    """Make a Markdown table of several runs.

    runs (Sequence[dict[str, Any]]): Contents of metrics.json; at least one.
    RETURNS (str): A row for each model: in how many runs it is, then mean and sample standard deviation
        of each of KEYS over these, the mean alone of a single run. A figure that a run has of
        several seeds counts as their mean.
    """
    names = list(dict.fromkeys(name for run in runs for name in run["models"]))
    columns = [column for column in COLUMNS if column.key in KEYS]
    rows = [["model", "runs", *(column.heading for column in columns)]]
    rows.append(["---", *["---:"] * (len(columns) + 1)])
    for name in names:
        models = [run["models"][name] for run in runs if name in run["models"]]
        rows.append([name, str(len(models)), *(_write(column, models) for column in columns)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _write(column: Column, models: Sequence[dict[str, Any]]) -> str:
    figures = [get_mean(model, column.key) for model in models]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return NOT_KNOWN
    return column.write(known[0], describe_spread(known) if len(known) > 1 else None)
