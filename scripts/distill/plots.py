"""The plots of the report, from metrics.json and ablation.json."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from .drawing import (
    FONT_SIZE,
    LOOKS,
    SIZE,
    Dot,
    Name,
    Plot,
    add_legend,
    look_of,
    new_axes,
    to_svg,
    use_log_scale,
    write_names,
)
from .model_names import FASTTEXT, MEAN, TEACHER, TFIDF, get_architecture, twin_of
from .wording import count_cores, join_words, percent

# What the curves of an ablation are drawn over: keys of a run in ablation.json.
CURVES = {"synthetic": "synthetic texts", "pool": "texts of the pool"}
SMALL = (4.1, 2.8)
# So many models find room, each further one makes a plot so many inches higher.
MODELS_AT_EASE, MODEL_HEIGHT = 10, 0.15
WHOLE: dict[str, Any] = {"integer": True, "steps": [1, 2, 5, 10]}
ACCURACY = "accuracy on test, %"
# How models are called beside their dots, whose colour and form say the rest.
SHORT_NAMES = {TFIDF: "TF-IDF", FASTTEXT: "fastText", MEAN: "mean"}
# A cell of a confusion matrix that holds all of its row is this opaque: its number must be readable.
OPAQUE = 0.55
# More labels than this, and numbers don't fit the cells any more; than that, and nor do names.
MAX_NUMBERED, MAX_DRAWN = 14, 25
# So many letters of a label are written. Longer labels, all together, are written from bottom to top.
LABEL_LETTERS, MAX_LETTERS = 14, 24
# In inches.
MAX_SIDE, LETTER = 4.0, 0.08
# So many cells beside the diagonal are told of in words, where there are many labels.
MAX_TOLD = 10


def short_name(model: str) -> str:
    """Name a model by its architecture: "cnn" for "student_cnn" and "baseline_cnn"."""
    return SHORT_NAMES.get(model) or get_architecture(model)


def plot_speed(metrics: dict[str, Any]) -> Plot | None:
    """Plot each model's accuracy against its throughput.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (Plot | None): The plot; None where no speed is known.
    """
    cores = count_cores(metrics)
    places = {
        name: (model["words_per_second"], 100 * model["accuracy"])
        for name, model in metrics["models"].items()
        if model["words_per_second"]
    }
    if not places:
        return None
    height = SIZE[1] + MODEL_HEIGHT * max(len(places) - MODELS_AT_EASE, 0)
    figure, axes = new_axes(f"words/s on {cores} (log scale)", ACCURACY, (SIZE[0], height))
    use_log_scale(axes, [x for x, _ in places.values()])
    _draw_dots(axes, places)
    axes.margins(x=0.12, y=0.12)
    axes.yaxis.set_major_locator(MaxNLocator(6, **WHOLE))
    arrows = _draw_gains(axes, places)
    add_legend(axes, columns=len(LOOKS))
    names = [Name(short_name(name), x, y) for name, (x, y) in places.items()]
    write_names(axes, names, avoid=arrows)
    said = [f"{name} {y:.1f}% at {x:,.0f}" for name, (x, y) in places.items()]
    return Plot(
        to_svg(figure, "speed"),
        f"Accuracy on test against words a second on {cores}: {', '.join(said)}.",
    )


def _draw_dots(axes: Axes, places: dict[str, tuple[float, float]]) -> None:
    """Draw a dot for each model, and name each kind once for the legend."""
    seen = set()
    for name, (x, y) in places.items():
        look = look_of(name)
        role = next(role for role, other in LOOKS.items() if other is look)
        title = None if role in seen else {"peer": "other"}.get(role, role)
        axes.scatter([x], [y], color=look.colour, marker=look.marker, s=55, zorder=3, label=title)
        seen.add(role)


def _draw_gains(axes: Axes, places: dict[str, tuple[float, float]]) -> list[tuple[float, float]]:
    """Draw an arrow from each baseline to its student, what the teacher brought, and give points that
    lie on them.
    """
    along = []
    for student, (x, y) in places.items():
        baseline = twin_of(student)
        if baseline == student or baseline not in places:
            continue
        style = {"arrowstyle": "->", "alpha": 0.55, "shrinkA": 5, "shrinkB": 5}
        axes.annotate("", (x, y), places[baseline], arrowprops=style)
        start_x, start_y = places[baseline]
        # Straight on paper, where words/s are logarithms.
        along += [
            (start_x * (x / start_x) ** share, start_y + share * (y - start_y))
            for share in (0.2, 0.4, 0.6, 0.8)
        ]
    return along


def plot_confusion(metrics: dict[str, Any], model: str) -> Plot | None:
    """Plot which labels a model takes for which, each row as shares of its gold label.

    metrics (dict[str, Any]): The content of metrics.json.
    model (str): Name of the model.
    RETURNS (Plot | None): The plot; None where labels don't exclude each other, or are too many.
    """
    matrix, labels = metrics["models"][model]["confusion"], metrics["labels"]
    if not metrics["data"]["exclusive"] or len(labels) > MAX_DRAWN:
        return None
    names = shorten(labels)
    turned = sum(map(len, names)) > MAX_LETTERS
    side, room = min(MAX_SIDE, 1.6 + 0.4 * len(labels)), LETTER * max(map(len, names))
    size = (side + max(room, 0.4), side + (room if turned else 0))
    figure, axes = new_axes("label given", "gold label", size)
    axes.set_title(model, fontsize=FONT_SIZE, color=look_of(model).colour)
    axes.grid(False)
    _draw_cells(axes, matrix, look_of(model).colour)
    ticks = [i + 0.5 for i in range(len(labels))]
    axes.set_xticks(ticks, names, rotation=90 if turned else 0, parse_math=False)
    axes.set_yticks(ticks, names, parse_math=False)
    axes.tick_params(length=0)
    axes.set(xlim=(0, len(labels)), ylim=(len(labels), 0))
    return Plot(to_svg(figure, f"confusion-{model}"), _describe_confusion(matrix, labels, model))


def _draw_cells(axes: Axes, matrix: Sequence[Sequence[int]], colour: str) -> None:
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            share = count / max(sum(row), 1)
            cell = Rectangle((j, i), 1, 1, color=colour, alpha=OPAQUE * share, linewidth=0)
            axes.add_patch(cell)
            if len(matrix) <= MAX_NUMBERED:
                axes.text(
                    j + 0.5, i + 0.5, f"{count:,}", ha="center", va="center", fontsize=FONT_SIZE
                )


def shorten(labels: Sequence[str]) -> list[str]:
    """Shorten labels to what fits the side of a plot, at their ends where that keeps them apart.

    labels (Sequence[str]): The labels.
    RETURNS (list[str]): A name for each; names that come out alike but in the middle are numbered.
    """
    for end in (0, LABEL_LETTERS // 2):
        start = LABEL_LETTERS - 1 - end
        names = [
            label
            if len(label) <= LABEL_LETTERS
            else f"{label[:start].rstrip()}\u2026{label[len(label) - end :].lstrip()}"
            for label in labels
        ]
        if len(set(names)) == len(names):
            return names
    return [f"{i}: {name}" for i, name in enumerate(names, 1)]


class Mistake(NamedTuple):
    """How many of a gold label's texts were given another one."""

    gold: str
    given: str
    texts: int
    of: int


def list_mistakes(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> list[Mistake]:
    """List which labels are taken for which most often.

    matrix (Sequence[Sequence[int]]): Texts by gold label (rows) and label given (columns).
    labels (Sequence[str]): The labels, in order.
    RETURNS (list[Mistake]): At most ten, the most frequent first.
    """
    found = [
        Mistake(labels[i], labels[j], count, sum(row))
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(found, key=lambda mistake: -mistake.texts)[:MAX_TOLD]


def _describe_confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str], model: str) -> str:
    if len(labels) > MAX_NUMBERED:
        told = [
            f"{mistake.texts:,} of {mistake.of:,} {mistake.gold} texts as {mistake.given}"
            for mistake in list_mistakes(matrix, labels)
        ]
        most = join_words(told) if told else "no text otherwise than gold"
        return f"What {model} labels the test texts as. Most often it labels {most}."
    rows = [
        f"of {sum(row):,} {label} texts "
        + join_words([f"{count:,} as {other}" for other, count in zip(labels, row) if count])
        for label, row in zip(labels, matrix)
        if sum(row)
    ]
    return f"What {model} labels the test texts as: {'; '.join(rows)}."


def plot_reliability(metrics: dict[str, Any], models: Sequence[str]) -> Plot:
    """Plot how often models are right against how sure they are.

    metrics (dict[str, Any]): The content of metrics.json.
    models (Sequence[str]): Names of the models; at least one.
    RETURNS (Plot): The plot.
    """
    curves = {name: metrics["models"][name]["reliability"] for name in models}
    exclusive = metrics["data"]["exclusive"]
    figure, axes = new_axes(
        "confidence, %" if exclusive else "probability given, %",
        "texts labelled right, %" if exclusive else "texts that have the label, %",
    )
    lowest = 100 / len(metrics["labels"]) if exclusive else 0
    axes.plot([lowest, 100], [lowest, 100], color="black", alpha=0.5, linewidth=1)
    for name, bins in curves.items():
        look, total = look_of(name), sum(bin_["count"] for bin_ in bins)
        x, y = ([100 * bin_[key] for bin_ in bins] for key in ("confidence", "accuracy"))
        sizes = [5 + 150 * bin_["count"] / total for bin_ in bins]
        axes.plot(x, y, look.line, color=look.colour, label=name, linewidth=1.2)
        axes.scatter(x, y, s=sizes, color=look.colour, marker=look.marker, alpha=0.7, linewidth=0)
    axes.margins(0.06)
    add_legend(axes)
    said = [f"{name} {metrics['models'][name]['ece']:.3f}" for name in models]
    return Plot(
        to_svg(figure, "reliability"),
        f"Confidence against the truth. Expected calibration error: {', '.join(said)}.",
    )


def plot_learning(metrics: dict[str, Any], student: str) -> Plot | None:
    """Plot a student's and its baseline's scores on dev while they were trained.

    metrics (dict[str, Any]): The content of metrics.json.
    student (str): Name of the student.
    RETURNS (Plot | None): The plot; None where there is no log of its training.
    """
    histories = {
        name: metrics["models"][name]["history"]
        for name in (student, twin_of(student))
        if name in metrics["models"]
    }
    drawn = {name: history for name, history in histories.items() if history}
    if not drawn:
        return None
    figure, axes = new_axes("training steps (log scale)", "score on dev, %", SMALL)
    said = []
    for name, history in drawn.items():
        look = look_of(name)
        steps, scores = ([entry[key] for entry in history] for key in ("step", "dev_score"))
        shown = [100 * score for score in scores]
        axes.plot(
            steps, shown, look.line, color=look.colour, marker=look.marker, markersize=3, label=name
        )
        best = scores.index(max(scores))
        said.append(f"{name} is best, {percent(scores[best])}, after {steps[best]:,} steps")
    use_log_scale(axes, [entry["step"] for history in drawn.values() for entry in history])
    axes.yaxis.set_major_locator(MaxNLocator(5, **WHOLE))
    add_legend(axes, columns=2)
    return Plot(to_svg(figure, f"learning-{student}"), f"Scores on dev: {join_words(said)}.")


def knows_speeds(cascade: dict[str, Any]) -> bool:
    """Tell whether the speed of all points of a cascade is known, which is plotted then.

    cascade (dict[str, Any]): Its entry in metrics.json.
    RETURNS (bool): Whether it is; else the share of texts that the teacher sees is plotted.
    """
    return all(point["docs_per_second"] for point in [*cascade["curve"], cascade])


def plot_cascade(metrics: dict[str, Any]) -> Plot:
    """Plot what handing on more and more texts to the teacher does to accuracy and throughput.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (Plot): The plot.
    """
    cascade = metrics["cascade"]
    curve = sorted(cascade["curve"], key=lambda point: point["share_to_teacher"])
    speeds_known = knows_speeds(cascade)
    key = "docs_per_second" if speeds_known else "share_to_teacher"
    figure, axes = new_axes(
        f"texts/s on {count_cores(metrics)} (log scale)"
        if speeds_known
        else "share of texts that the teacher sees",
        ACCURACY,
    )
    if speeds_known:
        use_log_scale(axes, [point[key] for point in [*curve, cascade]])
    _draw_cascade(axes, curve, cascade, key)
    at = f" at {cascade['docs_per_second']:,.0f} texts a second" if speeds_known else ""
    return Plot(
        to_svg(figure, "cascade"),
        f"Accuracy of the cascade, from {cascade['student']} alone "
        f"({percent(curve[0]['accuracy'])}) to the teacher alone ({percent(curve[-1]['accuracy'])}). "
        f"Chosen: the teacher sees {percent(cascade['share_to_teacher'])} of the texts, "
        f"{percent(cascade['accuracy'])} are right{at}.",
    )


def _draw_cascade(
    axes: Axes, curve: Sequence[dict[str, Any]], cascade: dict[str, Any], key: str
) -> None:
    look, end = LOOKS["student"], LOOKS["teacher"]
    x, y = [point[key] for point in curve], [100 * point["accuracy"] for point in curve]
    axes.plot(x, y, color=look.colour, marker=".", markersize=5)
    axes.scatter(x[:1], y[:1], color=look.colour, marker=look.marker, s=55, zorder=3)
    axes.scatter(x[-1:], y[-1:], color=end.colour, marker=end.marker, s=55, zorder=3)
    place = cascade[key], 100 * cascade["accuracy"]
    axes.scatter(
        place[:1],
        place[1:],
        s=130,
        facecolor="none",
        edgecolor="black",
        linewidth=1.5,
        zorder=4,
    )
    axes.margins(x=0.1, y=0.12)
    write_names(axes, _name_cascade(cascade, (x[0], y[0]), (x[-1], y[-1]), place), list(zip(x, y)))


def _name_cascade(cascade: dict[str, Any], start: Dot, end: Dot, chosen: Dot) -> list[Name]:
    """Name both ends of the curve and the point that was chosen, which may be one of them."""
    share = cascade["share_to_teacher"]
    mark = "chosen: " if share in (0, 1) else ""
    names = [
        Name(f"{'' if share else mark}{cascade['student']} alone", *start),
        Name(f"{mark if share else ''}{TEACHER} alone", *end),
    ]
    return names if mark else [*names, Name(f"chosen: {percent(share)} to the teacher", *chosen)]


def plot_ablation(ablation: dict[str, Any]) -> list[Plot]:
    """Plot accuracy against the number of synthetic texts and of the pool's texts.

    ablation (dict[str, Any]): The content of ablation.json.
    RETURNS (list[Plot]): A plot for each that there are points for.
    """
    drawn = []
    for group, title in CURVES.items():
        points = sorted(
            (run[group], 100 * run["accuracy"])
            for run in ablation["runs"]
            if run["group"] in (group, "all")
        )
        if len(points) < 2:
            continue
        figure, axes = new_axes(title, ACCURACY, SMALL)
        look = LOOKS["student"]
        axes.plot(*zip(*points), marker=look.marker, color=look.colour)
        axes.xaxis.set_major_locator(MaxNLocator(4, **WHOLE))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        said = [f"{y:.1f}% with {x:,}" for x, y in points]
        alt = f"Accuracy on test against the number of {title}: {', '.join(said)}."
        drawn.append(Plot(to_svg(figure, f"ablation-{group}"), alt))
    return drawn
