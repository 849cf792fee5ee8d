"""One table over languages, as in NLP Town's "Distilling BERT models with spaCy" (2019): baseline,
teacher and student of each, how many of the baseline's errors the student makes no more, and the mean.
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any, NamedTuple

from .model_names import TEACHER, TFIDF, twin_of
from .result_table import NOT_KNOWN, get_mean

HEADER = (
    "language",
    "TF-IDF + LR",
    "baseline",
    "teacher",
    "student",
    "errors fewer",
    "student's architecture",
    "times the teacher",
    "texts to train, test",
)


class LanguageRow(NamedTuple):
    """A language's figures on test: accuracies where labels exclude each other, else macro-averaged
    F1, means over seeds where there are several; which share of the baseline's errors the student
    doesn't make (None without errors); and how many times as many words a second it reads as the
    teacher (None where speeds aren't known).
    """

    lang: str
    tfidf: float
    baseline: float
    teacher: float
    student: float
    error_reduction: float | None
    architecture: str
    speedup: float | None
    train_texts: int
    test_texts: int


def describe_language(metrics: Mapping[str, Any]) -> LanguageRow:
    """Take from metrics.json what stands in the table.

    metrics (Mapping[str, Any]): Its content. The student is the one that did best on dev, the baseline
        the same architecture without a teacher.
    RETURNS (LanguageRow): The figures.
    """
    data, models = metrics["data"], metrics["models"]
    key = "accuracy" if data["exclusive"] else "macro_f1"
    best = data["best_student"]
    names = (TFIDF, twin_of(best), TEACHER, best)
    tfidf, baseline, teacher, student = (get_mean(models[name], key) for name in names)
    return LanguageRow(
        metrics["lang"],
        tfidf,
        baseline,
        teacher,
        student,
        reduce_errors(baseline, student),
        models[best]["kind"],
        models[best]["times_teacher"],
        data["splits"]["train"]["texts"],
        data["splits"]["test"]["texts"],
    )


def reduce_errors(baseline: float, student: float) -> float | None:
    """Tell which share of the baseline's errors the student doesn't make.

    baseline (float): Its accuracy or F1, from 0 to 1.
    student (float): The student's.
    RETURNS (float | None): Below 0 where it makes more; None where the baseline makes none.
    """
    return (student - baseline) / (1 - baseline) if baseline < 1 else None


def make_language_table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Make the table over languages.

    runs (Sequence[Mapping[str, Any]]): Contents of metrics.json, one for each language; at least one.
    RETURNS (str): Markdown: what the figures are, then a row for each language, and one of the means.
        The mean error reduction is that of the mean figures, as in NLP Town's table.
    """
    rows = [describe_language(metrics) for metrics in runs]
    means = [mean(getattr(row, name) for row in rows) for name in LanguageRow._fields[1:5]]
    speedups = [row.speedup for row in rows if row.speedup is not None]
    average = (
        *map(_percent, means),
        _percent(reduce_errors(means[1], means[3])),
        "",
        _times(mean(speedups) if len(speedups) == len(rows) else None),
        "",
    )
    lines = [HEADER, ("---", *["---:"] * 5, "---", *["---:"] * 2)]
    lines += [_write_row(row) for row in rows]
    if len(rows) > 1:
        lines.append(("mean", *average))
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{_describe_figures(runs)}\n\n{table}"


def _write_row(row: LanguageRow) -> tuple[str, ...]:
    figures = (row.tfidf, row.baseline, row.teacher, row.student, row.error_reduction)
    counts = f"{row.train_texts:,}, {row.test_texts:,}"
    return (row.lang, *map(_percent, figures), row.architecture, _times(row.speedup), counts)


def _percent(figure: float | None) -> str:
    return NOT_KNOWN if figure is None else f"{figure:.1%}"


def _times(figure: float | None) -> str:
    return NOT_KNOWN if figure is None else f"{figure:,.0f}"


def _describe_figures(runs: Sequence[Mapping[str, Any]]) -> str:
    tasks = dict.fromkeys(run["data"]["task"] for run in runs)
    kinds = dict.fromkeys(
        "accuracy" if run["data"]["exclusive"] else "macro-averaged F1" for run in runs
    )
    return f"Task {', '.join(tasks)}, {' or '.join(kinds)} on test."
