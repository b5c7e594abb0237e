"""Matplotlib figures as inline SVG that takes its colours from the page and is the same for equal figures."""

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Each colour becomes a variable of the page's style sheet, so that dark mode reaches the charts.
INK = "#1f2932"
MUTED = "#66717e"
GRID = "#dfe3e9"
ACCENT = "#3a6ea6"
GOOD = "#2a9d7c"
PARTLY = "#e0a93b"
BAD = "#d5576a"
WORST = "#8f2440"
OUTSIDE = "#c3cad4"
UNKNOWN = "#8d79c9"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    ACCENT: "accent",
    GOOD: "good",
    PARTLY: "partly",
    BAD: "bad",
    WORST: "worst",
    OUTSIDE: "outside",
    UNKNOWN: "unknown",
}
# At this scale a point of the figure is about a pixel of the page.
_POINTS_PER_INCH = 72
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Names of agents and criteria are shown as they are, "$" included.
    "text.parse_math": False,
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


class Drawing:
    """A figure being drawn.

    Attributes:
        svg: The finished element, once the `drawing` block has ended.
    """

    def __init__(self, width_px: float, height_px: float) -> None:
        size = (width_px / _POINTS_PER_INCH, height_px / _POINTS_PER_INCH)
        self.figure = Figure(figsize=size, layout="constrained")
        self.svg = ""

    def axes(self) -> Axes:
        """The only axes of the figure."""
        return self.figure.add_subplot()


@contextmanager
def drawing(name: str, title: str, width_px: float, height_px: float) -> Iterator[Drawing]:
    """Opens a figure; `drawing.svg` holds it as an SVG element afterwards.

    Args:
        name: Keeps the ids of several charts on one page apart.
        title: What a screen reader says.
        width_px: On the page at full width.
        height_px: Likewise.
    """
    with rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # The text is drawn by the reader's fonts; matplotlib's own need not have every script.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        sheet = Drawing(width_px, height_px)
        yield sheet
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        sheet.figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    sheet.svg = _inline(file.getvalue(), name, title)


def _inline(document: str, name: str, title: str) -> str:
    svg = document[document.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    # Sized by the page, not by points.
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
