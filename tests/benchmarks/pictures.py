"""Pictures of reports, in the colours of the run reports, as SVG files on a white card."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch

from include.delivery.svg import STYLE

_WIDTH_IN = 10.0
_STYLE: dict[Any, Any] = STYLE | {
    "svg.fonttype": "path",
    "svg.hashsalt": "benchmark",
    "font.size": 11,
    "figure.facecolor": "#ffffff",
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlepad": 12,
}


@contextmanager
def figure(path: Path, height_in: float) -> Iterator[Figure]:
    """A sheet that is saved when the block ends."""
    with rc_context(_STYLE):
        sheet = Figure(figsize=(_WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12))
        yield sheet
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def legend(axes: Axes, colours: Mapping[str, str]) -> None:
    """What colours say, above the axes at the right."""
    handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1.0),
        ncols=len(colours),
        frameon=False,
        handlelength=1,
    )
