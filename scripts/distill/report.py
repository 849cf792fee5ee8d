"""What a run found out, for people: one HTML page and one Markdown table, all from metrics.json."""

from pathlib import Path
from typing import Any, NamedTuple

import srsly
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import plots
from .conclusions import summarize
from .errors import InputError
from .examples import MAX_OCCLUSIONS
from .hub import SEVERAL_LANGUAGES, make_front_matter
from .marked_texts import view_examples
from .model_names import TEACHER, is_student, twin_of
from .outputs import atomic_file
from .products import require
from .result_table import make_table
from .wording import count_cores, percent, points

TEMPLATES = Path(__file__).parent / "templates"
PAGE, TABLE = "index.html", "table.md"
# Beside metrics.json, where the step `ablation` has been run.
ABLATION = "ablation.json"


class Report(NamedTuple):
    """The files of a report, and whether an ablation was left out since it is of other scores or by
    an earlier version.
    """

    page: Path
    table: Path
    outdated: bool = False


class Confused(NamedTuple):
    """Of labels that don't exclude each other: by label, for each model, how many texts it is found
    in, missed in and falsely given to.
    """

    models: list[str]
    rows: dict[str, list[int]]


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
    environment.filters.update(percent=percent, points=points, code="`{}`".format)
    environment.globals.update(
        front_matter=make_front_matter, summarize=summarize, cores=count_cores
    )
    return environment


def read_metrics(path: Path) -> dict[str, Any]:
    """Read metrics.json.

    path (Path): The file.
    RETURNS (dict[str, Any]): Its content.
    RAISES (InputError): It is missing, or is of an earlier version.
    """
    require(path, step="evaluate")
    metrics = srsly.read_json(path)
    if "fingerprints" not in metrics["data"]:
        raise InputError(
            f"Can't use {path}: it was written by an earlier version. Expected figures of this one. Run "
            "the step 'evaluate' again."
        )
    return metrics


def build_report(metrics_path: Path, output: Path) -> Report:
    """Write the HTML page and the Markdown table. What isn't known is left out.

    metrics_path (Path): The file metrics.json; ablation.json is looked for beside it.
    output (Path): The folder of the report.
    RETURNS (Report): Page and table.
    RAISES (InputError): metrics.json is missing.
    """
    metrics, ablation, outdated = read_metrics(metrics_path), None, False
    if (metrics_path.parent / ABLATION).is_file():
        ablation = srsly.read_json(metrics_path.parent / ABLATION)
        inputs = metrics["data"]["fingerprints"]
        outdated = any(ablation.get(name) != found for name, found in inputs.items()) or any(
            "dev" not in run for run in ablation["runs"]
        )
    context = make_context(metrics, None if outdated else ablation)
    environment = make_environment()
    for name in (PAGE, TABLE):
        with atomic_file(output / name) as temporary:
            rendered = environment.get_template(f"{name}.jinja").render(context)
            temporary.write_text(rendered, encoding="utf8")
    return Report(output / PAGE, output / TABLE, outdated)


def make_context(metrics: dict[str, Any], ablation: dict[str, Any] | None) -> dict[str, Any]:
    """Gather what the templates show.

    metrics (dict[str, Any]): The content of metrics.json.
    ablation (dict[str, Any] | None): The content of ablation.json, if there is one.
    RETURNS (dict[str, Any]): Variables of the templates.
    """
    best = metrics["data"]["best_student"]
    return {
        "metrics": metrics,
        "data": metrics["data"],
        # Where the data lay on this machine is nobody's business but its name.
        "source": Path(metrics["data"]["source"]).name,
        # What is several languages has no code of its own in HTML.
        "lang": "" if metrics["lang"] in SEVERAL_LANGUAGES else metrics["lang"],
        "best": best,
        "twin": twin_of(best),
        "summary": summarize(metrics),
        "table": make_table(metrics),
        **list_seeds(metrics),
        "cascade_speeds_known": plots.knows_speeds(metrics["cascade"]),
        "max_occlusions": MAX_OCCLUSIONS,
        "plots": draw_plots(metrics, ablation),
        "mistaken": list_mistaken(metrics, [best, TEACHER]),
        "confused": count_confused(metrics, [best, TEACHER]),
        "ablation": ablation,
        "errors": view_examples(metrics, "errors"),
        "disagreements": view_examples(metrics, "disagreements"),
    }


def draw_plots(metrics: dict[str, Any], ablation: dict[str, Any] | None) -> dict[str, Any]:
    """Draw all plots that there are figures for.

    metrics (dict[str, Any]): The content of metrics.json.
    ablation (dict[str, Any] | None): The content of ablation.json, if there is one.
    RETURNS (dict[str, Any]): A plot or None, or a list of plots, by what it shows.
    """
    best = metrics["data"]["best_student"]
    students = [name for name in metrics["models"] if is_student(name)]
    confusion = [plots.plot_confusion(metrics, name) for name in (best, TEACHER)]
    learning = [plots.plot_learning(metrics, name) for name in students]
    return {
        "speed": plots.plot_speed(metrics),
        "cascade": plots.plot_cascade(metrics),
        "reliability": plots.plot_reliability(metrics, [TEACHER, best, twin_of(best)]),
        "confusion": [plot for plot in confusion if plot],
        "learning": [plot for plot in learning if plot],
        "ablation": plots.plot_ablation(ablation) if ablation else [],
    }


def list_seeds(metrics: dict[str, Any]) -> dict[str, Any]:
    """List accuracies seed by seed.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (dict[str, Any]): seeds: headings; seeded: by model, the accuracy with each seed, for models
        that were trained with several.
    """
    seeded = {
        name: dict(zip(model["seeds"], model["over_seeds"]["accuracy"]["values"]))
        for name, model in metrics["models"].items()
        if model["over_seeds"]
    }
    seeds = sorted({seed for found in seeded.values() for seed in found})
    return {
        "seeds": [f"seed {seed}" for seed in seeds],
        "seeded": {
            name: [percent(found[seed]) if seed in found else "-" for seed in seeds]
            for name, found in seeded.items()
        },
    }


def list_mistaken(metrics: dict[str, Any], models: list[str]) -> dict[str, list[plots.Mistake]]:
    """List which labels are taken for which most often, where they are too many for a plot.

    metrics (dict[str, Any]): The content of metrics.json.
    models (list[str]): Names of models.
    RETURNS (dict[str, list[Mistake]]): By model; none where labels don't exclude each other, or are
        drawn.
    """
    labels = metrics["labels"]
    if not metrics["data"]["exclusive"] or len(labels) <= plots.MAX_DRAWN:
        return {}
    return {
        name: plots.list_mistakes(metrics["models"][name]["confusion"], labels) for name in models
    }


def count_confused(metrics: dict[str, Any], models: list[str]) -> Confused | None:
    """Count in how many texts labels are found, missed and falsely given.

    metrics (dict[str, Any]): The content of metrics.json.
    models (list[str]): Names of models.
    RETURNS (Confused | None): The counts; None where labels exclude each other.
    """
    if metrics["data"]["exclusive"]:
        return None
    rows: dict[str, list[int]] = {label: [] for label in metrics["labels"]}
    for name in models:
        for label, ((_, false), (missed, right)) in metrics["models"][name]["confusion"].items():
            rows[label] += [right, missed, false]
    return Confused(models, rows)
