"""Several runs in one table: the mean of each model's figures and how far they lie apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from .errors import InputError
from .figures import describe_spread
from .products import require

NOT_KNOWN = "-"


class Column(NamedTuple):
    """A column of the table: heading, key in metrics.json, format of the mean and of the deviation."""

    heading: str
    key: str
    mean: str
    sd: str


COLUMNS = (
    Column("accuracy", "accuracy", "{:.1%}", "{:.1%}"),
    Column("macro F1", "macro_f1", "{:.1%}", "{:.1%}"),
    Column("ROC AUC", "roc_auc", "{:.3f}", "{:.3f}"),
    Column("ECE", "ece", "{:.3f}", "{:.3f}"),
    Column("agrees with teacher", "agreement", "{:.1%}", "{:.1%}"),
    Column("words/s", "words_per_second", "{:,.0f}", "{:,.0f}"),
    Column("MB", "size_mb", "{:.1f}", "{:.1f}"),
)


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
        of each of COLUMNS over these, the mean alone of a single run. A figure that a run has of
        several seeds counts as their mean.
    """
    names = list(dict.fromkeys(name for run in runs for name in run["models"]))
    rows = [["model", "runs", *(column.heading for column in COLUMNS)]]
    rows.append(["---", *["---:"] * (len(COLUMNS) + 1)])
    for name in names:
        models = [run["models"][name] for run in runs if name in run["models"]]
        rows.append([name, str(len(models)), *(_write(column, models) for column in COLUMNS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _write(column: Column, models: Sequence[dict[str, Any]]) -> str:
    figures = [_get_figure(model, column.key) for model in models]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return NOT_KNOWN
    if len(known) == 1:
        return column.mean.format(known[0])
    spread = describe_spread(known)
    return f"{column.mean.format(spread['mean'])} ± {column.sd.format(spread['sd'])}"


def _get_figure(model: dict[str, Any], key: str) -> float | None:
    over_seeds = model["over_seeds"] or {}
    return over_seeds[key]["mean"] if key in over_seeds else model[key]
