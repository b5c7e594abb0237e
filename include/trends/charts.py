"""Weeks as a picture: a small inline SVG, drawn in a millisecond, with the colours of the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from include.review.estimates import Estimate as Certified
from include.trends.intervals import Estimate

_WIDTH, _HEIGHT = 900, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 14, 40
_LEVELS_PCT = (0, 25, 50, 75, 100)
# More labels than this would overlap.
_MOST_LABELS = 13


@dataclass(frozen=True)
class Point:
    """A week of a chart: a figure in percent with its interval, None without one, and what is behind it."""

    monday: date
    percent: Estimate | None
    count: int


def weeks_chart(points: Sequence[Point], title: str, of: str = "calls") -> str:
    """A figure of each week with its interval, and how many calls, or answers, stand behind it.

    A week without the figure is a gap in the line. Empty when there is nothing to draw.
    """
    if not any(point.percent for point in points):
        return ""
    parts = [_level(pct) for pct in _LEVELS_PCT]
    for run in _runs(points):
        parts += _line(run, len(points), of)
    every = -(-len(points) // _MOST_LABELS)
    parts += [_label(at, point, len(points)) for at, point in enumerate(points) if at % every == 0]
    description = escape(f"{title}: {_in_words(points, of)}")
    return (
        f'<svg class="weeks" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{description}">'
        f"{''.join(parts)}</svg>"
    )


def rate_chart(found: Certified, title: str) -> str:
    """A rate of 0 to 100 %: the certified one with its interval as a bar, the machine's own as a line.

    Empty when neither is known.
    """
    if found.rate is None and found.machine_rate is None:
        return ""
    parts = [f'<line class="level" x1="{x}" x2="{x}" y1="3" y2="21"/>' for x in map(_rate_x, (0.0, 0.5, 1.0))]
    if found.rate is not None and found.interval is not None:
        low, high = _rate_x(found.interval.low), _rate_x(found.interval.high)
        parts.append(
            f'<rect class="sure" x="{low}" y="7" width="{max(1.0, high - low):.1f}" height="10" rx="3"/>'
        )
        parts.append(f'<circle class="dot" cx="{_rate_x(found.rate)}" cy="12" r="4"/>')
    if found.machine_rate is not None:
        x = _rate_x(found.machine_rate)
        parts.append(f'<line class="machine" x1="{x}" x2="{x}" y1="3" y2="21"/>')
    description = escape(f"{title}: {_rate_in_words(found)}")
    return (
        f'<svg class="rate" viewBox="0 0 160 24" role="img" aria-label="{description}">{"".join(parts)}</svg>'
    )


def _rate_in_words(found: Certified) -> str:
    machine = (
        "no machine's rate" if found.machine_rate is None else f"machine {100 * found.machine_rate:.0f} %"
    )
    if found.rate is None or found.interval is None:
        return f"{machine}, not certified"
    low, high = 100 * found.interval.low, 100 * found.interval.high
    return f"{machine}, certified {100 * found.rate:.0f} %, 95 % interval {low:.0f} to {high:.0f} %"


def _rate_x(rate: float) -> float:
    return round(6 + 148 * rate, 1)


def _in_words(points: Sequence[Point], of: str) -> str:
    parts = (
        f"{point.monday} {point.percent.value:.0f} % of {point.count} {of}"
        for point in points
        if point.percent
    )
    return "; ".join(parts)


def _runs(points: Sequence[Point]) -> list[list[tuple[int, Estimate]]]:
    """Weeks that follow each other and have the figure."""
    runs: list[list[tuple[int, Estimate]]] = [[]]
    for at, point in enumerate(points):
        if point.percent:
            runs[-1].append((at, point.percent))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _line(run: Sequence[tuple[int, Estimate]], weeks: int, of: str) -> list[str]:
    means = [(_x(at, weeks), mean) for at, mean in run]
    above = " ".join(f"{x:.1f},{_y(mean.high):.1f}" for x, mean in means)
    below = " ".join(f"{x:.1f},{_y(mean.low):.1f}" for x, mean in reversed(means))
    middle = " ".join(f"{x:.1f},{_y(mean.value):.1f}" for x, mean in means)
    dots = [
        f'<circle cx="{x:.1f}" cy="{_y(mean.value):.1f}" r="4"><title>{mean.value:.1f} %, '
        f"95 % interval {mean.low:.0f} to {mean.high:.0f} %, {mean.calls} {of}</title></circle>"
        for x, mean in means
    ]
    whiskers = [
        f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{_y(mean.high):.1f}" y2="{_y(mean.low):.1f}"/>'
        for x, mean in means
    ]
    return [
        f'<polygon class="sure" points="{above} {below}"/>',
        *whiskers,
        f'<polyline class="mean" points="{middle}"/>',
        *dots,
    ]


def _level(pct: int) -> str:
    y = _y(pct)
    return (
        f'<line class="level" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{pct} %</text>'
    )


def _label(at: int, point: Point, weeks: int) -> str:
    x = _x(at, weeks)
    return (
        f'<text x="{x:.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{point.monday:%-d %b}</text>'
        f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{point.count:,}</text>'
    )


def _x(at: int, weeks: int) -> float:
    return _LEFT + 24 + at * (_WIDTH - _LEFT - _RIGHT - 48) / max(1, weeks - 1)


def _y(pct: float) -> float:
    return _TOP + (100 - pct) * (_HEIGHT - _TOP - _BOTTOM) / 100
