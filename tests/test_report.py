"""The report: plain words first, every model, figures from metrics.json alone, nothing fetched."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import srsly

from scripts.distill.errors import InputError
from scripts.distill.report import TEMPLATES, build_report
from scripts.distill.result_table import make_table

from .conftest import ROOT, Run
from .made_up_metrics import LABELS, make_ablation, make_metrics

Build = Callable[..., str]


class Page(HTMLParser):
    """Collects tags, their attributes, the cells of tables and the ids of sections."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.cells: list[str] = []
        self.in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in ("td", "th"):
            self.in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.cells[-1] += data

    def values(self, wanted: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == wanted]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build the page of a metrics.json, with or without an ablation.json beside it."""

    def build_page(metrics: dict[str, Any], ablation: dict[str, Any] | None = None) -> str:
        srsly.write_json(tmp_path / "metrics.json", metrics)
        if ablation:
            srsly.write_json(tmp_path / "ablation.json", ablation)
        return build_report(tmp_path / "metrics.json", tmp_path).page.read_text(encoding="utf8")

    return build_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A whole page of each task."""
    found = {}
    for task in LABELS:
        folder = tmp_path_factory.mktemp(task)
        srsly.write_json(folder / "metrics.json", make_metrics(task))
        srsly.write_json(folder / "ablation.json", make_ablation())
        page = build_report(folder / "metrics.json", folder).page
        found[task] = page.read_text(encoding="utf8")
    return found


@pytest.fixture(params=LABELS)
def html(request: pytest.FixtureRequest, pages: dict[str, str]) -> str:
    return pages[request.param]


def test_page_of_a_real_run_shows_every_figure_of_the_table(small_run: Run) -> None:
    page = Page((small_run.training / "report" / "index.html").read_text(encoding="utf8"))
    table = make_table(srsly.read_json(small_run.training / "metrics.json"))
    assert len(table.rows) >= 8
    for row in table.rows:
        assert len(row) == len(table.columns) + 1
        assert set(row) <= set(page.cells)


def test_markdown_table_is_whole(small_run: Run) -> None:
    metrics = srsly.read_json(small_run.training / "metrics.json")
    table = (small_run.training / "report" / "table.md").read_text(encoding="utf8")
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(metrics["models"])
    assert len({row.count("|") for row in rows}) == 1
    assert " ".join(table.split()) in " ".join(small_run.output.split())


def test_page_shows_every_row_of_the_table(pages: dict[str, str]) -> None:
    page = Page(pages["stars"])
    for row in make_table(make_metrics("stars")).rows:
        assert set(row) <= set(page.cells)


def test_page_fetches_nothing(html: str) -> None:
    page = Page(html)
    for name in ("src", "href", "xlink:href", "srcset", "data"):
        assert all(value.startswith("#") for value in page.values(name))
    assert not re.search(r"url\((?!#)", html)
    assert "@import" not in html
    assert "<script" not in html
    assert "<link" not in html


def test_page_can_be_read_by_everyone(html: str) -> None:
    page = Page(html)
    assert ("html", "lang", "en") in page.attributes
    assert html.count("<table") == html.count("<caption") > 3
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    images = len([1 for _, name, value in page.attributes if (name, value) == ("role", "img")])
    described = [v for tag, name, v in page.attributes if (tag, name) == ("div", "aria-label")]
    assert images == html.count("<svg") == html.count("<figure") > 6
    assert all(len(alt) > 20 for alt in re.findall(r'role="img" aria-label="([^"]*)"', html))
    assert len(described) == images + html.count('role="region"')
    headings = re.findall(r"<th(?=[ >])[^>]*>", html)
    assert headings
    assert all("scope=" in heading for heading in headings)


def test_no_two_elements_have_the_same_id(html: str) -> None:
    ids = Page(html).values("id")
    assert len(set(ids)) == len(ids)
    used = {value[1:] for value in Page(html).values("xlink:href")}
    assert used
    assert used <= set(ids)


def test_sections_come_in_the_order_that_people_read(html: str) -> None:
    titles = re.findall(r"<h[12][^>]*>(.*?)</h", html)
    assert titles[0].startswith("Ship student_ensemble: ")
    assert titles[1:] == [
        "All models on the same test set",
        "Plots",
        "Texts to look at",
        "How sure the differences are",
        "Label by label",
        "Data",
    ]


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "accuracy": (lambda m: m["models"]["student_ensemble"].update(accuracy=0.93214), "93.2%"),
    "seeds": (
        lambda m: m["models"]["student_cnn"]["over_seeds"]["macro_f1"].update(
            mean=0.4321, sd=0.017
        ),
        "43.2% ± 1.7",
    ),
    "one seed": (
        lambda m: m["models"]["student_cnn"]["over_seeds"]["accuracy"].update(values=[0.1234] * 3),
        "12.3%",
    ),
    "load": (lambda m: m["models"]["teacher"].update(load_seconds=98765.43), "98765.4"),
    "temperature": (
        lambda m: m["models"]["student_ensemble"].update(temperature=2.718),
        "temperature 2.72",
    ),
    "cascade": (lambda m: m["cascade"].update(accuracy=0.97531), "97.5% right"),
    "threshold": (lambda m: m["cascade"].update(threshold=0.6283), "at least 62.83% sure"),
    "interval": (
        lambda m: [c.update(ci95=[0.123, 0.234]) for c in m["comparisons"]],
        "+12.3 to +23.4",
    ),
    "label": (
        lambda m: m["models"]["student_ensemble"]["per_label"]["negative"].update(f1=0.3579),
        "35.8%",
    ),
    "data": (lambda m: m["data"]["splits"]["dev"].update(texts=98765), "98,765"),
    "confusion": (
        lambda m: m["models"]["teacher"].update(confusion=[[4711, 2], [3, 4]]),
        "4,711 as negative",
    ),
    "mean": (
        lambda m: m["models"]["students_mean"].update(accuracy=0.9432),
        "gets 94.3%",
    ),
}


def test_figures_are_those_of_metrics_json(build: Build, pages: dict[str, str]) -> None:
    metrics, ablation = make_metrics(), make_ablation()
    for change, expected in CHANGES.values():
        assert expected not in pages["polarity"]
        change(metrics)
    ablation["runs"][1]["agreement"] = 0.0406
    ablation["runs"][1]["dev"] = {"accuracy": 0.0507, "kl_to_teacher": 0.6543}
    new = ["<td>4.1%</td>", "<td>5.1%</td>", "<td>0.654</td>"]
    assert not any(cell in pages["polarity"] for cell in new)
    html = build(metrics, ablation)
    assert [name for name, (_, expected) in CHANGES.items() if expected not in html] == []
    assert all(cell in html for cell in new)


def test_what_isnt_known_is_left_out(build: Build, pages: dict[str, str]) -> None:
    metrics = make_metrics()
    del metrics["examples"]  # as in a wheel
    for model in metrics["models"].values():
        model.update(over_seeds=None, history=[])
    html = build(metrics)
    for part in ("Texts to look at", "Learning curves", "±", "seed by seed"):
        assert part in pages["polarity"]
        assert part not in html
    assert "<svg" in html


def test_texts_are_in_their_own_language(build: Build) -> None:
    metrics = make_metrics()
    for lang, expected in (("nl", "nl"), ("xx", "")):
        metrics["lang"] = lang
        html = build(metrics)
        # The page itself is in English.
        assert '<html lang="en">' in html
        assert html.count(f'<p lang="{expected}"') == html.count("<p lang=") > 1


def test_without_synthetic_texts_none_are_listed(build: Build, pages: dict[str, str]) -> None:
    metrics = make_metrics()
    assert "The teacher scored 480 texts to train, 60,000 synthetic texts (ngram 12,000, mix " in (
        " ".join(pages["polarity"].split())
    )
    metrics["data"] |= {"scored": {"gold": 480, "pool": 900}, "synthetic": 0}
    assert "The teacher scored 480 texts to train, 900 others without labels." in (
        " ".join(build(metrics).split())
    )


def test_labels_too_many_to_draw_have_a_table_of_mistakes(
    build: Build, pages: dict[str, str]
) -> None:
    metrics, size = make_metrics("stars"), 60
    labels = [f"label {i}" for i in range(size)]
    metrics["labels"] = labels
    for split in metrics["data"]["splits"].values():
        split["labels"] = dict.fromkeys(labels, 7)
    for model in metrics["models"].values():
        scores = next(iter(model["per_label"].values()))
        model["per_label"] = dict.fromkeys(labels, scores)
        model["confusion"] = [[7 * (i == j) for j in range(size)] for i in range(size)]
    metrics["models"]["teacher"]["confusion"][3][5] = 2
    html = build(metrics)
    assert "<td>label 3</td><td>label 5</td><td>2</td><td>9</td>" in html
    assert "<svg" in html
    assert "confusion-" not in html
    assert "are taken for others most often" not in pages["stars"]


def test_seeds_are_explained_where_there_are_several(build: Build) -> None:
    metrics = make_metrics()
    assert "McNemar&#39;s exact test: models of the first seed." in build(metrics)
    for model in metrics["models"].values():
        model["over_seeds"] = None
    assert "of the first seed" not in build(metrics)


def test_stars_alone_have_an_error_in_stars(pages: dict[str, str]) -> None:
    assert [task for task, html in pages.items() if "MAE" in html] == ["stars"]


def test_a_black_box_of_unknown_speed_has_a_page(build: Build) -> None:
    metrics = make_metrics()
    teacher = metrics["models"]["teacher"]
    teacher.update(kind="black_box", words_per_second=None, docs_per_second=None, size_mb=None)
    teacher.update(latency_ms={"p50": None, "p99": None}, peak_rss_mb=None, load_seconds=None)
    cascade = metrics["cascade"]
    for point in [cascade, *cascade["curve"]]:
        point["docs_per_second"] = None
    for model in metrics["models"].values():
        model["times_teacher"] = None
    html = build(metrics)
    assert "taught by a black box" in html
    assert "times as many" not in html
    assert "share of texts that the teacher sees" in html
    assert "From left to right the teacher sees more" in html


def test_labels_are_escaped(build: Build) -> None:
    metrics = srsly.json_loads(srsly.json_dumps(make_metrics()).replace("positive", "<b>bold</b>"))
    html = build(metrics)
    assert "&lt;b&gt;bold" in html
    assert "<b>" not in html


def test_texts_are_escaped(build: Build) -> None:
    metrics = make_metrics()
    example = metrics["examples"]["errors"][0]
    example["words"][0].update(text='<script>alert("1")</script>', weight=0.9)
    example["words"][1].update(text='<img src="x" onerror="alert(2)">', weight=0.0)
    example.update(gold=["</dd><script>"], teacher={"</dd><script>": 1.0})
    example["student"] = example["teacher"]
    html = build(metrics)
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;</mark>" in html


def test_texts_without_words_that_matter_say_so(build: Build) -> None:
    metrics = make_metrics()
    metrics["examples"]["disagreements"] = []
    for word in metrics["examples"]["errors"][0]["words"]:
        word["weight"] /= 100
    assert build(metrics).count("none matters by itself") == 1


def test_an_ablation_of_other_inputs_is_left_out(tmp_path: Path) -> None:
    srsly.write_json(tmp_path / "metrics.json", make_metrics())
    srsly.write_json(tmp_path / "ablation.json", make_ablation())
    assert not build_report(tmp_path / "metrics.json", tmp_path).outdated
    earlier = make_ablation()
    del earlier["runs"][0]["dev"]
    srsly.write_json(tmp_path / "ablation.json", earlier)
    assert build_report(tmp_path / "metrics.json", tmp_path / "report").outdated
    for name in ("scored", "dev", "test", "vectors"):
        srsly.write_json(tmp_path / "ablation.json", {**make_ablation(), name: "f2"})
        report = build_report(tmp_path / "metrics.json", tmp_path)
        assert report.outdated
        assert "What each kind of text brings" not in report.page.read_text(encoding="utf8")


def test_metrics_of_an_earlier_version_are_refused(tmp_path: Path) -> None:
    metrics = make_metrics()
    del metrics["data"]["fingerprints"]
    srsly.write_json(tmp_path / "metrics.json", metrics)
    with pytest.raises(InputError, match=r"earlier version.*step 'evaluate' again"):
        build_report(tmp_path / "metrics.json", tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_missing_metrics_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"metrics\.json.*step 'evaluate'"):
        build_report(tmp_path / "metrics.json", tmp_path)


def test_templates_of_the_page_are_dependencies() -> None:
    commands = {c["name"]: c for c in srsly.read_yaml(ROOT / "project.yml")["commands"]}
    templates = {path.relative_to(ROOT).as_posix() for path in TEMPLATES.iterdir()}
    card = "scripts/distill/templates/card.md.jinja"
    assert templates - {card} <= set(commands["report"]["deps"])
    assert templates - {card} <= set(commands["ablation"]["deps"])
    assert card in commands["package"]["deps"]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out_in_both_themes(theme: int) -> None:
    css = (TEMPLATES / "page.css").read_text(encoding="utf8")
    colours = dict(
        re.findall(r"--(\w+): (#\w{6})", re.findall(r":root \{(.*?)\}", css, re.S)[theme])
    )
    for ground in ("page", "soft"):
        assert contrast(colours["ink"], colours[ground]) > 7
        assert contrast(colours["quiet"], colours[ground]) > 4.5
        assert contrast(colours["accent"], colours[ground]) > 4.5
    for role in ("teacher", "student", "baseline", "peer"):
        assert contrast(colours[role], colours["page"]) > 3
