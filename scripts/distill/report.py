"""What a run found out, for people: one HTML page and one Markdown table, all from metrics.json."""

import io
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import srsly
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from .outputs import atomic_file
from .products import require

TEMPLATES = Path(__file__).parent / "templates"
PAGE, TABLE = "index.html", "table.md"
# What stands for a figure that can't be had: the speed of a file of scores.
NOT_KNOWN = "-"
# Colours that can be told apart by people who don't see all colours (Okabe & Ito 2008).
# Distance between the names in the plot, as a share of its height.
LABEL_GAP = 0.09
COLOURS = {
    "teacher": "#D55E00",
    "student": "#009E73",
    "baseline": "#0072B2",
    "tfidf": "#CC79A7",
    "fasttext": "#E69F00",
}


# What the learning curves are drawn over: keys of a run in ablation.json.
CURVES = {"synthetic": "synthetic texts", "pool": "texts of the pool"}
# Beside metrics.json, where the step `ablation` has been run.
ABLATION = "ablation.json"


class Column(NamedTuple):
    """A column of the result table: heading, key in metrics.json, format."""

    heading: str
    key: str
    format: str

    def write(self, figure: float | None) -> str:
        """Write a figure; one that isn't known is a dash."""
        return NOT_KNOWN if figure is None else self.format.format(figure)


COLUMNS = (
    Column("accuracy", "accuracy", "{:.1%}"),
    Column("macro F1", "macro_f1", "{:.1%}"),
    Column("ROC AUC", "roc_auc", "{:.3f}"),
    Column("ECE", "ece", "{:.3f}"),
    Column("Brier", "brier", "{:.3f}"),
    Column("agrees with teacher", "agreement", "{:.1%}"),
    Column("words/s", "words_per_second", "{:,.0f}"),
    Column("times the teacher's speed", "speedup", "{:,.1f}"),
    Column("p50 ms", "p50", "{:.2f}"),
    Column("p99 ms", "p99", "{:.2f}"),
    Column("MB on disk", "size_mb", "{:.1f}"),
    Column("peak memory, MB", "peak_rss_mb", "{:,.0f}"),
)


class Report(NamedTuple):
    """The files of a report, and whether an ablation was left out since it is of other scores."""

    page: Path
    table: Path
    outdated: bool = False


def flatten(metrics: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Give each model's figures under the keys of COLUMNS.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (dict[str, dict[str, float | None]]): Figures by model and key; None where one isn't known.
    """
    speeds = {name: model["words_per_second"] for name, model in metrics["models"].items()}
    return {
        name: {
            **{column.key: model.get(column.key) for column in COLUMNS},
            "speedup": speeds[name] / speeds["teacher"]
            if speeds[name] and speeds["teacher"]
            else None,
            **model["latency_ms"],
        }
        for name, model in metrics["models"].items()
    }


def make_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Make the result table.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (list[list[str]]): A row for each model: its name, then a figure for each of COLUMNS.
    """
    return [
        [name, *(column.write(figures[column.key]) for column in COLUMNS)]
        for name, figures in flatten(metrics).items()
    ]


# Names are drawn as text, and element ids don't change from run to run.
SVG_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "distill"}


def to_svg(figure: Figure) -> str:
    """Render a figure for a page.

    figure (Figure): The figure.
    RETURNS (str): An SVG element; text is text, in the page's own colour.
    """
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.StringIO()
    with matplotlib.rc_context(SVG_SETTINGS):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    # Without the XML prologue it can stand in a page; black becomes the page's text colour.
    svg = svg[svg.index("<svg") :].replace("#000000", "currentColor")
    return re.sub(r"<text(?=[ >])", '<text fill="currentColor"', svg)


def plot_accuracy_against_speed(metrics: dict[str, Any]) -> str:
    """Plot each model's accuracy against its throughput.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (str): An SVG element.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    points = {
        name: (model["words_per_second"], 100 * model["accuracy"])
        for name, model in metrics["models"].items()
        if model["words_per_second"]
    }
    for name, (x, y) in points.items():
        axes.scatter([x], [y], color=COLOURS[name.split("_")[0]], s=70, zorder=3)
    heights = spread([y for _, y in points.values()], LABEL_GAP)
    for (name, (x, y)), height in zip(points.items(), heights):
        # Beside its dot, to the left of those that are far to the right; a line where it had to
        # make room.
        axes.annotate(
            name,
            (x, y),
            xytext=(x * 1.25, height),
            fontsize=9,
            va="center",
            arrowprops={"arrowstyle": "-", "alpha": 0.4, "shrinkA": 0, "shrinkB": 4},
        )
    axes.set_xscale("log")
    axes.margins(x=0.22, y=0.15)
    axes.set_xlabel("words/s on one core (log scale)")
    axes.set_ylabel("accuracy on test, %")
    return to_svg(figure)


def plot_learning_curves(ablation: dict[str, Any]) -> str:
    """Plot accuracy against the number of synthetic texts and of the pool's texts.

    ablation (dict[str, Any]): The content of ablation.json.
    RETURNS (str): An SVG element; empty where there are no points for a curve yet.
    """
    runs = ablation["runs"]
    curves = {
        group: sorted(
            (run[group], 100 * run["accuracy"]) for run in runs if run["group"] in (group, "all")
        )
        for group in CURVES
    }
    drawn = {group: points for group, points in curves.items() if len(points) > 1}
    if not drawn:
        return ""
    figure = Figure(figsize=(3.6 * len(drawn), 3.2), layout="constrained")
    for i, (group, points) in enumerate(drawn.items(), start=1):
        axes = figure.add_subplot(1, len(drawn), i)
        axes.plot(*zip(*points), marker="o", color=COLOURS["student"])
        axes.set_xlabel(CURVES[group])
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylabel("accuracy on test, %")
    return to_svg(figure)


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Move numbers apart as little as needed to be read beside each other.

    values (Sequence[float]): The numbers.
    gap (float): Least distance between two of the results, as a share of the range of the values.
    RETURNS (list[float]): One for each, in the same order.
    """
    least = gap * max(max(values) - min(values), 1.0)
    order = sorted(range(len(values)), key=lambda i: values[i])
    moved = list(values)
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + least)
    # Half of what the highest was lifted by is taken back from all, so that they stay in the middle.
    excess = (moved[order[-1]] - values[order[-1]]) / 2
    return [value - excess for value in moved]


def make_environment() -> Environment:
    """Make the environment that templates are rendered in; HTML is escaped, gaps raise.

    RETURNS (Environment): The jinja2 environment.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: bool(name) and ".html" in str(name),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = lambda value: f"{value:.1%}"
    environment.filters["points"] = lambda value: f"{100 * value:+.1f}"
    return environment


def read_metrics(path: Path) -> dict[str, Any]:
    """Read metrics.json.

    path (Path): The file.
    RETURNS (dict[str, Any]): Its content.
    RAISES (InputError): It is missing.
    """
    require(path, step="evaluate")
    return srsly.read_json(path)


def build_report(metrics_path: Path, output: Path) -> Report:
    """Write the HTML page and the Markdown table.

    metrics_path (Path): The file metrics.json; ablation.json is looked for beside it.
    output (Path): The folder of the report.
    RETURNS (Report): Page and table.
    RAISES (InputError): metrics.json is missing.
    """
    metrics = read_metrics(metrics_path)
    context = {
        "metrics": metrics,
        "models": metrics["models"],
        "data": metrics["data"],
        "columns": COLUMNS,
        "rows": make_rows(metrics),
        "best": metrics["data"]["best_student"],
        "figures": flatten(metrics),
        "comparisons": metrics["comparisons"],
        "plot": plot_accuracy_against_speed(metrics),
        "ablation": None,
    }
    outdated = False
    if (metrics_path.parent / ABLATION).is_file():
        ablation = srsly.read_json(metrics_path.parent / ABLATION)
        outdated = ablation["scored"] != metrics["data"].get("scored_fingerprint")
        if not outdated:
            context.update(ablation=ablation, curves=plot_learning_curves(ablation))
    environment = make_environment()
    for name in (PAGE, TABLE):
        with atomic_file(output / name) as temporary:
            rendered = environment.get_template(f"{name}.jinja").render(context)
            temporary.write_text(rendered, encoding="utf8")
    return Report(output / PAGE, output / TABLE, outdated)
