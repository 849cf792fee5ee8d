"""The report in a browser: nothing but the page is asked for, it fits a phone, and both themes show."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import srsly
from matplotlib.image import imread
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.distill.report import build_report

from .made_up_metrics import LABELS, make_ablation, make_metrics, rename_labels

# The system's own: none is ever downloaded.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
# The tasks with labels of their own, and labels that hardly fit beside a plot.
LONG = {
    "polarity": ["needs_human_intervention_now", "Betrifft die Rechnungsstellung"],
    "stars": [f"the {i}th of five labels that say a lot" for i in range(5)],
}
PAGES = (*LABELS, *(f"long {task}" for task in LONG))

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")


class Opened(NamedTuple):
    """A page in the browser, its address, and what happened since: requests, and whatever the console,
    errors or dialogs said.
    """

    page: Page
    address: str
    requests: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the page of each kind of run lies."""
    found = {}
    for name in PAGES:
        folder = tmp_path_factory.mktemp(name)
        task = name.split()[-1]
        names = LABELS[task] if name == task else LONG[task]
        metrics = rename_labels(make_metrics(task), dict(zip(LABELS[task], names)))
        srsly.write_json(folder / "metrics.json", metrics)
        srsly.write_json(folder / "ablation.json", make_ablation())
        found[name] = build_report(folder / "metrics.json", folder).page.as_uri()
    return found


def open_page(browser: Browser, address: str, viewport: Any, scheme: Any = "light") -> Opened:
    page = browser.new_page(viewport=viewport, color_scheme=scheme)
    opened = Opened(page, address, [], [])
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    page.on("dialog", lambda dialog: opened.said.append(dialog.message))
    page.goto(address)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    return opened


@pytest.mark.parametrize("name", PAGES)
def test_page_needs_nothing_but_itself(
    name: str, browser: Browser, addresses: dict[str, str]
) -> None:
    opened = open_page(browser, addresses[name], DESKTOP)
    assert opened.requests == [opened.address]
    assert opened.said == []
    assert opened.page.locator("svg").count() > 0
    opened.page.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(name: str, browser: Browser, addresses: dict[str, str]) -> None:
    opened = open_page(browser, addresses[name], PHONE)
    widths = opened.page.evaluate(
        "[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]"
    )
    assert widths[2] == PHONE["width"]
    assert max(widths) == PHONE["width"]
    plots = opened.page.locator("svg").evaluate_all(
        "plots => plots.map(plot => plot.getBoundingClientRect().right)"
    )
    assert max(plots) <= PHONE["width"]
    opened.page.close()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_a_plot_is_cut_off(
    name: str, viewport: dict[str, int], browser: Browser, addresses: dict[str, str]
) -> None:
    opened = open_page(browser, addresses[name], viewport)
    cut = opened.page.evaluate(
        """() => [...document.querySelectorAll("svg text")].filter(text => {
            const own = text.getBoundingClientRect();
            const plot = text.closest("svg").getBoundingClientRect();
            return own.left < plot.left - 2 || own.right > plot.right + 2
                || own.top < plot.top - 2 || own.bottom > plot.bottom + 2;
        }).map(text => text.textContent)"""
    )
    assert cut == []
    opened.page.close()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_both_themes_show(
    viewport: dict[str, int], browser: Browser, addresses: dict[str, str], tmp_path: Path
) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        opened = open_page(browser, addresses["polarity"], viewport, scheme)
        picture = tmp_path / f"{scheme}.png"
        opened.page.screenshot(path=picture, full_page=True)
        corner = imread(picture)[2, 2, :3].mean()
        assert corner > 0.95 if scheme == "light" else corner < 0.15
        colours[scheme] = opened.page.evaluate(
            """() => ["svg text", "svg use", "mark.pro", "mark.contra", "h1"].map(name => {
                const style = getComputedStyle(document.querySelector(name));
                return [style.color, style.fill, style.backgroundColor];
            })"""
        )
        opened.page.close()
    assert all(light != dark for light, dark in zip(colours["light"], colours["dark"]))


def test_marked_words_differ_by_more_than_colour(
    browser: Browser, addresses: dict[str, str]
) -> None:
    opened = open_page(browser, addresses["polarity"], DESKTOP)
    styles = opened.page.evaluate(
        """() => ["pro", "contra"].map(tone => {
            const style = getComputedStyle(document.querySelector(`.texts mark.${tone}`));
            return [style.textDecorationLine, style.textDecorationStyle, style.backgroundColor];
        })"""
    )
    assert [line for line, _, _ in styles] == ["underline", "underline"]
    assert len({style for _, style, _ in styles}) == 2
    assert len({colour for _, _, colour in styles}) == 2
    opened.page.close()


def test_wide_tables_can_be_scrolled_by_keyboard(
    browser: Browser, addresses: dict[str, str]
) -> None:
    opened = open_page(browser, addresses["polarity"], PHONE)
    region = opened.page.locator('[aria-label="Results"]')
    region.focus()
    opened.page.keyboard.press("ArrowRight")
    opened.page.wait_for_function(
        "document.querySelector('[aria-label=\"Results\"]').scrollLeft > 0"
    )
    # The models' names stay in sight.
    name = opened.page.locator('[aria-label="Results"] tbody th').first
    box = name.bounding_box()
    assert box
    assert box["x"] >= 0
    opened.page.close()
