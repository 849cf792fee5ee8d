"""The result table: a row for each model, a column for each kind of figure that is known."""

from typing import Any, NamedTuple

# What stands for a figure that can't be had: the speed of a file of scores.
NOT_KNOWN = "-"
# Known of one task alone: left out where no model has it.
MAE = "mae"
QUALITY, CLOSENESS, COST = "on test", "to the teacher", "cost"


class Column(NamedTuple):
    """A column of the result table: heading, key in metrics.json, format, and the group that it
    stands in.
    """

    heading: str
    key: str
    format: str
    group: str

    def write(self, figure: float | None, spread: dict[str, Any] | None = None) -> str:
        """Write a figure.

        figure (float | None): The figure; one that isn't known is a dash.
        spread (dict[str, Any] | None): Mean and sd over seeds, which take the figure's place.
        RETURNS (str): Such as "81.5%", or "81.7% ± 0.4".
        """
        if spread:
            # Beside a percentage a second percent sign says nothing.
            deviation = self.format.format(spread["sd"]).rstrip("%")
            return f"{self.format.format(spread['mean'])} ± {deviation}"
        return NOT_KNOWN if figure is None else self.format.format(figure)


COLUMNS = (
    Column("accuracy", "accuracy", "{:.1%}", QUALITY),
    Column("macro F1", "macro_f1", "{:.1%}", QUALITY),
    Column("MAE, stars", MAE, "{:.2f}", QUALITY),
    Column("ROC AUC", "roc_auc", "{:.3f}", QUALITY),
    Column("ECE", "ece", "{:.3f}", QUALITY),
    Column("Brier", "brier", "{:.3f}", QUALITY),
    Column("agrees", "agreement", "{:.1%}", CLOSENESS),
    Column("cosine", "cosine_to_teacher", "{:.3f}", CLOSENESS),
    Column("words/s", "words_per_second", "{:,.0f}", COST),
    Column("times teacher", "times_teacher", "{:,.1f}", COST),
    Column("p50 ms", "p50", "{:.2f}", COST),
    Column("p99 ms", "p99", "{:.2f}", COST),
    Column("load s", "load_seconds", "{:.1f}", COST),
    Column("MB on disk", "size_mb", "{:.1f}", COST),
    Column("peak memory, MB", "peak_rss_mb", "{:,.0f}", COST),
)


class Table(NamedTuple):
    """The result table: its columns, and a row for each model: its name, then a cell for each
    column.
    """

    columns: list[Column]
    rows: list[list[str]]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The groups of columns in order, and how many columns each has."""
        names = [column.group for column in self.columns]
        return [(name, names.count(name)) for name in dict.fromkeys(names)]

    def starts_group(self, index: int) -> bool:
        """Tell whether a column is the first of its group."""
        return index == 0 or self.columns[index].group != self.columns[index - 1].group


def get_mean(model: dict[str, Any], key: str) -> Any:
    """Look up a model's figure: the mean over its seeds where it was measured with several.

    model (dict[str, Any]): Its entry in metrics.json.
    key (str): The figure's key there.
    RETURNS (float | None): The figure; None where it isn't known.
    """
    over_seeds = model["over_seeds"] or {}
    return over_seeds[key]["mean"] if key in over_seeds else model[key]


def flatten(metrics: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Give each model's figures under the keys of COLUMNS.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (dict[str, dict[str, float | None]]): Figures by model and key; None where one isn't known.
    """
    flat = {}
    for name, model in metrics["models"].items():
        figures = {**model, **model["latency_ms"]}
        flat[name] = {column.key: figures[column.key] for column in COLUMNS}
    return flat


def make_table(metrics: dict[str, Any]) -> Table:
    """Make the result table.

    metrics (dict[str, Any]): The content of metrics.json.
    RETURNS (Table): Columns and rows.
    """
    figures = flatten(metrics)
    columns = [
        column
        for column in COLUMNS
        if column.key != MAE or any(row[MAE] is not None for row in figures.values())
    ]
    rows = []
    for name, row in figures.items():
        spread = metrics["models"][name]["over_seeds"] or {}
        cells = [column.write(row[column.key], spread.get(column.key)) for column in columns]
        rows.append([name, *cells])
    return Table(columns, rows)
