"""The result table: mean and sd over seeds, and no column that nothing is known of."""

import pytest

from scripts.distill.result_table import COLUMNS, make_table

from .made_up_metrics import LABELS, make_metrics


@pytest.mark.parametrize("task", LABELS)
def test_columns_are_those_that_are_known(task: str) -> None:
    keys = [column.key for column in make_table(make_metrics(task)).columns]
    assert ("mae" in keys) is (task == "stars")
    assert {column.key for column in COLUMNS} - set(keys) <= {"mae"}


def test_rows_hold_a_cell_for_each_column() -> None:
    table = make_table(make_metrics())
    assert [row[0] for row in table.rows] == list(make_metrics()["models"])
    assert {len(row) for row in table.rows} == {len(table.columns) + 1}
    assert {"students_mean", "fasttext"} <= {row[0] for row in table.rows}


def test_seeds_are_mean_and_deviation() -> None:
    metrics = make_metrics()
    seeds = {"mean": 0.8765, "sd": 0.0123, "values": [0.8642, 0.8888]}
    metrics["models"]["student_cnn"]["over_seeds"] = {"accuracy": seeds, "ece": seeds}
    cells = {row[0]: row[1:] for row in make_table(metrics).rows}
    headings = [column.heading for column in make_table(metrics).columns]
    assert cells["student_cnn"][headings.index("accuracy")] == "87.6% ± 1.2"
    assert cells["student_cnn"][headings.index("ECE")] == "0.876 ± 0.012"
    assert "±" not in cells["student_cnn"][headings.index("macro F1")]
    assert "±" not in "".join(cells["teacher"])


def test_what_isnt_known_is_a_dash() -> None:
    metrics = make_metrics()
    metrics["models"]["teacher"].update(mae=None, load_seconds=None)
    for model in metrics["models"].values():
        model["times_teacher"] = None
    table = make_table(metrics)
    headings = [column.heading for column in table.columns]
    for row in table.rows:
        assert row[1 + headings.index("times teacher")] == "-"
    assert table.rows[0][1 + headings.index("load s")] == "-"
    (mean,) = (row for row in table.rows if row[0] == "students_mean")
    assert [mean[1 + headings.index(heading)] for heading in ("p50 ms", "p99 ms")] == ["-", "-"]


def test_groups_span_all_columns() -> None:
    table = make_table(make_metrics("stars"))
    assert sum(width for _, width in table.groups) == len(table.columns) == len(COLUMNS)
    starts = [i for i in range(len(table.columns)) if table.starts_group(i)]
    assert starts == [0, table.groups[0][1], table.groups[0][1] + table.groups[1][1]]
