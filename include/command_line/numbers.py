"""Numbers as commands take them: none is endless, or no number, or larger than anything that there is."""

import math
from collections.abc import Callable

import typer

_MOST = 1e9
# Of whole numbers, beside the least that an option takes.
MOST = 10_000_000


def at_least_0(text: str | float) -> float:
    """A figure such as seconds, which may be none."""
    return _checked(text, lambda value: value >= 0, "0 or more")


def above_0(text: str | float) -> float:
    """A figure of which there must be some."""
    return _checked(text, lambda value: value > 0, "a number above 0")


def _checked(text: str | float, holds: Callable[[float], bool], wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and holds(value) and value <= _MOST):
        raise typer.BadParameter(f"{str(text)[:50]!r}: enter {wanted}, at most {_MOST:,.0f}.")
    return value
