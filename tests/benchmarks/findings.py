"""What a part of the benchmark hands to the report: tables, pictures and acceptance lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A table of the report; the first column is text, the others are figures."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Check:
    """An acceptance line.

    Attributes:
        name: What must hold.
        holds: Whether it does; None when it was not measured.
        figure: What was measured.
    """

    name: str
    holds: bool | None
    figure: str


@dataclass
class Section:
    """One chapter of the report.

    Attributes:
        pictures: File name below the report's folder, by what the picture says.
    """

    title: str
    text: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def percent(share: float | None, digits: int = 1) -> str:
    """`4.7 %`; a dash without a figure."""
    return "–" if share is None or math.isnan(share) else f"{100 * share:.{digits}f} %"


def points(low: float, high: float) -> str:
    """An interval of a difference of shares, in percentage points."""
    return f"{_signed(100 * low)} … {_signed(100 * high)}"


def _signed(value: float) -> str:
    # -0.04 is no difference that one decimal can show.
    shown = round(value, 1) + 0.0
    return f"{shown:+.1f}".replace("-", "−") if shown else "0.0"
