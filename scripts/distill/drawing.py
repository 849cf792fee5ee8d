"""How plots look: one size, colours of the page's theme, markers that don't need colour, and SVG that
can stand in a page beside other SVG.
"""

import io
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

# In inches: narrower than a phone, so that letters needn't shrink there.
SIZE = (4.1, 3.2)
FONT_SIZE = 9
# Where there is room all plots are drawn at the same scale: their letters are of one size.
PIXELS_PER_POINT = 1.45

Dot = tuple[float, float]


class Look(NamedTuple):
    """How a kind of model is drawn. Colours can be told apart by people who don't see all colours
    (Okabe & Ito 2008); markers and lines say the same without them.
    """

    colour: str
    marker: str
    line: str


# The page has a lighter and a darker form of each colour: see to_svg.
LOOKS = {
    "teacher": Look("#d55e00", "D", "-"),
    "student": Look("#009e73", "o", "-"),
    "baseline": Look("#0072b2", "s", "--"),
    "peer": Look("#cc79a7", "^", ":"),
}
# Names are drawn as text, and element ids don't change from run to run.
SVG_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "distill"}
# From this factor on between the least and the most, powers of ten are ticks enough.
MANY_TICKS = 100
# How lines end and turn, as matplotlib sees it.
LINES = "stroke-linejoin: round; stroke-linecap: butt"
# Width of a letter, and distance of a name from its dot, as shares of the font's size.
LETTER_WIDTH, NAME_GAP = 0.6, 0.9


class Plot(NamedTuple):
    """A plot for a page: an SVG element, and what it shows in words."""

    svg: str
    alt: str


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """Tell the area that two boxes share."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(width, 0.0) * max(height, 0.0)

    @property
    def area(self) -> float:
        """Width by height."""
        return (self.right - self.left) * (self.top - self.bottom)


class Name(NamedTuple):
    """What is written at a dot, in data coordinates."""

    text: str
    x: float
    y: float


def role_of(model: str) -> str:
    """Tell what part a model plays: a key of LOOKS.

    model (str): Its name in metrics.json.
    RETURNS (str): teacher, student, baseline or peer.
    """
    role = model.split("_")[0].removesuffix("s")
    return role if role in LOOKS else "peer"


def look_of(model: str) -> Look:
    """Tell how a model is drawn."""
    return LOOKS[role_of(model)]


def new_axes(xlabel: str, ylabel: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """Make a figure with one pair of axes.

    xlabel (str): What is across.
    ylabel (str): What is upwards.
    size (tuple[float, float]): Width and height in inches.
    RETURNS (tuple[Figure, Axes]): The figure and its axes.
    """
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel, fontsize=FONT_SIZE)
    axes.set_ylabel(ylabel, fontsize=FONT_SIZE)
    axes.tick_params(labelsize=FONT_SIZE)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def use_log_scale(axes: Axes, values: Sequence[float]) -> None:
    """Make the axis across logarithmic, with ticks such as 10k that are read at a glance.

    axes (Axes): The axes.
    values (Sequence[float]): What is drawn across; above 0.
    """
    axes.set_xscale("log")
    steps = (1.0, 2.0, 5.0) if max(values) / min(values) < MANY_TICKS else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())


def add_legend(axes: Axes, columns: int = 1) -> None:
    """Explain markers and lines above the axes, where nothing can be hidden."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        fontsize=FONT_SIZE,
        handletextpad=0.4,
        columnspacing=1.2,
    )


def to_svg(figure: Figure, name: str) -> str:
    """Render a figure for a page.

    figure (Figure): The figure.
    name (str): What ids in the SVG begin with: no two elements of a page may have the same.
    RETURNS (str): An SVG element; text is text, in the page's own font and colour, and the colours of
        LOOKS are those of the page's theme: its CSS variables --teacher, --student and so on.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(SVG_SETTINGS), warnings.catch_warnings():
        # The page's font draws letters that matplotlib's own hasn't got.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    # Without the XML prologue it can stand in a page; black becomes the page's text colour.
    svg = svg[svg.index("<svg") :].replace("#000000", "currentColor")
    # In a page the SVG's own style sheet would be everybody's.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<text(?=[ >])", '<text fill="currentColor"', svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r">\s+<", "><", svg)
    for role, look in LOOKS.items():
        svg = svg.replace(look.colour, f"var(--{role})")
    width = PIXELS_PER_POINT * 72 * figure.get_figwidth()
    svg = re.sub(r' width="[^"]+" height="[^"]+"|( height="[^"]+")', "", svg, count=1)
    svg = svg.replace("<svg", f'<svg style="width: {width:.0f}px; {LINES}"', 1)
    return _rename_ids(svg, name)


def _rename_ids(svg: str, name: str) -> str:
    """Begin ids with a name, and drop those that nothing refers to."""
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    svg = re.sub(
        r' id="([^"]+)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "",
        svg,
    )
    return re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)


def write_names(axes: Axes, names: Sequence[Name], avoid: Sequence[Dot] = ()) -> None:
    """Write names beside dots, each where it hides least of the other names and dots.

    axes (Axes): The axes, with all there is to draw; their limits are fixed.
    names (Sequence[Name]): The names.
    avoid (Sequence[Dot]): What else isn't to be hidden, in data coordinates.
    """
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # pixels are known from here on
    inside = Box(*axes.get_window_extent().extents)
    dots = [_to_pixels(axes, name.x, name.y) for name in names]
    height = FONT_SIZE * figure.get_dpi() / 72
    taken = [_square(_to_pixels(axes, x, y), height / 2) for x, y in avoid]
    places = choose_places(dots, [name.text for name in names], inside, height, taken)
    for name, dot, place in zip(names, dots, places):
        _write_name(axes, name, dot, place, 72 / figure.get_dpi())


def _write_name(axes: Axes, name: Name, dot: Dot, place: Box, points_per_pixel: float) -> None:
    """Write a name into its box, held at the side that is next to its dot: letters of the page's font
    may be wider or narrower.
    """
    x, y = dot
    side = "left" if place.left >= x else "right" if place.right <= x else "center"
    edge = {"left": place.left, "right": place.right, "center": x}[side]
    middle = (place.bottom + place.top) / 2
    axes.annotate(
        name.text,
        (name.x, name.y),
        xytext=(points_per_pixel * (edge - x), points_per_pixel * (middle - y)),
        textcoords="offset points",
        fontsize=FONT_SIZE,
        va="center",
        ha=side,
    )


def choose_places(
    dots: Sequence[Dot],
    texts: Sequence[str],
    inside: Box,
    height: float,
    avoid: Sequence[Box] = (),
) -> list[Box]:
    """Choose where names stand: beside, over or under their dots.

    dots (Sequence[Dot]): Pixels of the dots, x and y.
    texts (Sequence[str]): What to write at each.
    inside (Box): Where names have to stay.
    height (float): Height of a line in pixels.
    avoid (Sequence[Box]): What else isn't to be hidden.
    RETURNS (list[Box]): The place of each.
    """
    taken = [*avoid, *(_square(dot, height) for dot in dots)]
    places = []
    for (x, y), text in zip(dots, texts):
        options = _list_options(x, y, LETTER_WIDTH * height * len(text), height)
        places.append(min(options, key=lambda box: _badness(box, taken, inside)))
        taken.append(places[-1])
    return places


def _to_pixels(axes: Axes, x: float, y: float) -> Dot:
    left, up = axes.transData.transform((x, y))
    return float(left), float(up)


def _square(middle: Dot, side: float) -> Box:
    x, y = middle
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _list_options(x: float, y: float, width: float, height: float) -> list[Box]:
    """List where a name may stand, best first: right, left, over and under its dot, and aslant."""
    gap = NAME_GAP * height
    lefts = {"right": x + gap, "left": x - gap - width, "middle": x - width / 2}
    options = [(lefts["right"], y), (lefts["left"], y)]
    for step in (1.0, 1.7):
        for sign in (1, -1):
            level = y + sign * step * height
            options += [(left, level) for left in (lefts["middle"], lefts["right"], lefts["left"])]
    return [Box(left, mid - height / 2, left + width, mid + height / 2) for left, mid in options]


def _badness(box: Box, taken: Sequence[Box], inside: Box) -> float:
    """Area that hides others; what lies outside counts most."""
    return sum(map(box.overlap, taken)) + 10 * (box.area - box.overlap(inside))
