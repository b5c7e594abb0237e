"""Weeks as a picture: a small inline SVG, drawn in a millisecond, with the colours of the page."""

from collections.abc import Sequence
from datetime import date
from html import escape

from include.review.estimates import Estimate as Certified
from include.trends.reading import Figures

_WIDTH, _HEIGHT = 900, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 14, 40
_LEVELS_PCT = (0, 25, 50, 75, 100)
# More labels than this would overlap.
_MOST_LABELS = 13


def weeks_chart(weeks: Sequence[tuple[date, Figures]], title: str) -> str:
    """The mean score of each week with its interval, and how many calls stand behind it.

    A week without scores is a gap in the line. Empty when there is nothing to draw.
    """
    if not any(figures.mean for _, figures in weeks):
        return ""
    parts = [_level(pct) for pct in _LEVELS_PCT]
    for run in _runs(weeks):
        parts += _line(run, len(weeks))
    every = -(-len(weeks) // _MOST_LABELS)
    parts += [_label(at, week, len(weeks)) for at, week in enumerate(weeks) if at % every == 0]
    description = escape(f"{title}: {_in_words(weeks)}")
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


def _in_words(weeks: Sequence[tuple[date, Figures]]) -> str:
    parts = (
        f"{monday} {figures.mean.value:.0f} % of {figures.calls} calls"
        for monday, figures in weeks
        if figures.mean
    )
    return "; ".join(parts)


def _runs(weeks: Sequence[tuple[date, Figures]]) -> list[list[tuple[int, Figures]]]:
    """Weeks that follow each other and have scores."""
    runs: list[list[tuple[int, Figures]]] = [[]]
    for at, (_, figures) in enumerate(weeks):
        if figures.mean:
            runs[-1].append((at, figures))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _line(run: Sequence[tuple[int, Figures]], weeks: int) -> list[str]:
    points = [(_x(at, weeks), figures) for at, figures in run]
    means = [(x, figures.mean) for x, figures in points if figures.mean]
    above = " ".join(f"{x:.1f},{_y(mean.high):.1f}" for x, mean in means)
    below = " ".join(f"{x:.1f},{_y(mean.low):.1f}" for x, mean in reversed(means))
    middle = " ".join(f"{x:.1f},{_y(mean.value):.1f}" for x, mean in means)
    dots = [
        f'<circle cx="{x:.1f}" cy="{_y(mean.value):.1f}" r="4"><title>{mean.value:.1f} %, '
        f"95 % interval {mean.low:.0f} to {mean.high:.0f} %, {mean.calls} calls</title></circle>"
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


def _label(at: int, week: tuple[date, Figures], weeks: int) -> str:
    monday, figures = week
    x = _x(at, weeks)
    return (
        f'<text x="{x:.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{monday:%-d %b}</text>'
        f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{figures.calls:,}</text>'
    )


def _x(at: int, weeks: int) -> float:
    return _LEFT + 24 + at * (_WIDTH - _LEFT - _RIGHT - 48) / max(1, weeks - 1)


def _y(pct: float) -> float:
    return _TOP + (100 - pct) * (_HEIGHT - _TOP - _BOTTOM) / 100
