"""The report: every model, figures from metrics.json alone, nothing fetched."""

import itertools
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.report import (
    COLUMNS,
    build_report,
    make_rows,
    plot_accuracy_against_speed,
    spread,
)

from .conftest import Run


class Page(HTMLParser):
    """Collects tags, their attributes and the cells of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.cells: list[str] = []
        self.in_cell = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.in_cell = tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.cells.append(data)


@pytest.fixture(scope="module")
def html(small_run: Run) -> str:
    return (small_run.training / "report" / "index.html").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def metrics(small_run: Run) -> dict[str, Any]:
    return srsly.read_json(small_run.training / "metrics.json")


def test_page_shows_every_figure_of_the_table(html: str, metrics: dict[str, Any]) -> None:
    page = Page()
    page.feed(html)
    for row in make_rows(metrics):
        assert len(row) == len(COLUMNS) + 1
        assert set(row) <= set(page.cells)


def test_page_fetches_nothing(html: str) -> None:
    page = Page()
    page.feed(html)
    references = [v for _, name, v in page.attributes if name in ("src", "href", "xlink:href")]
    assert all(value.startswith("#") for value in references)
    assert "url(http" not in html
    assert "@import" not in html
    assert "<script" not in html


def test_page_can_be_read_by_everyone(html: str) -> None:
    page = Page()
    page.feed(html)
    assert ("html", "lang", "en") in page.attributes
    assert html.count("<table") == html.count("<caption")
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    figures = [
        value for tag, name, value in page.attributes if (tag, name) == ("figure", "aria-label")
    ]
    assert len(figures) == html.count("<figure") > 0


def test_summary_names_the_best_student(html: str, metrics: dict[str, Any]) -> None:
    best = metrics["data"]["best_student"]
    assert best.startswith("student_")
    assert f"<strong>{best}</strong>" in html
    assert f"{metrics['models'][best]['accuracy']:.1%}" in html


def test_markdown_table_is_whole(small_run: Run, metrics: dict[str, Any]) -> None:
    table = (small_run.training / "report" / "table.md").read_text(encoding="utf8")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(metrics["models"])
    assert len({row.count("|") for row in rows}) == 1
    assert table in small_run.output


def test_labels_are_escaped(tmp_path: Path, metrics: dict[str, Any]) -> None:
    text = srsly.json_dumps(metrics).replace("positive", "<b>bold</b>")
    (tmp_path / "metrics.json").write_text(text, encoding="utf8")
    report = build_report(tmp_path / "metrics.json", tmp_path)
    assert not re.search("<b>", report.page.read_text(encoding="utf8"))


def test_missing_metrics_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metrics\.json.*step 'evaluate'"):
        build_report(tmp_path / "metrics.json", tmp_path)


def test_every_text_of_the_plot_has_the_pages_colour(small_run: Run) -> None:
    plot = plot_accuracy_against_speed(srsly.read_json(small_run.training / "metrics.json"))
    texts = re.findall(r"<text[^>]*>", plot)
    assert len(texts) > 8
    assert all('fill="currentColor"' in text for text in texts)


def test_names_in_the_plot_keep_apart() -> None:
    assert spread([1.0, 5.0, 9.0], 0.1) == [1.0, 5.0, 9.0]
    moved = spread([80.0, 80.1, 84.0, 80.1], 0.2)
    assert min(b - a for a, b in itertools.pairwise(sorted(moved))) >= 0.8 - 1e-9
    assert min(moved) == moved[0]
    assert spread([3.0], 0.1) == [3.0]
