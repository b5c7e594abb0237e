"""The figures of a report's charts as tables: for screen readers, and where a chart has no room for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.delivery.criteria import Criterion
from include.delivery.scores import Bin, Counted, Group
from include.delivery.summary import RunSummary
from include.delivery.wording import count, decimal, duration, percent
from include.delivery.work import StageProgress

# When a stage had done so much of its calls.
_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class ChartTable:
    """A table: `heads` of the columns, and rows of as many cells."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def chart_tables(run: RunSummary) -> dict[str, ChartTable]:
    """A table for each chart that no other table of the report stands beside, by the chart's name."""
    groups = ("mean score", "calls", "passed", "to review")
    return {
        "scores": ChartTable(("score", "calls"), _bins(run.scores.histogram)),
        "criteria": ChartTable(("criterion", "points earned", "answers"), _criteria(run.scores.criteria)),
        "agents": ChartTable(("agent", *groups), _groups(run.scores.agents)),
        "queues": ChartTable(("queue", *groups), _groups(run.scores.queues)),
        "languages": ChartTable(("language", "calls", "audio"), _languages(run.languages)),
        "progress": ChartTable(
            ("stage", "calls done", *(f"{percent(100 * share)} after" for share in _SHARES)),
            [_progress(one) for one in run.progress],
        ),
    }


def _bins(histogram: Sequence[Bin]) -> list[tuple[str, ...]]:
    return [(f"{one.from_pct} to {one.to_pct} %", count(one.calls)) for one in histogram if one.calls]


def _criteria(criteria: Sequence[Criterion]) -> list[tuple[str, ...]]:
    return [
        (
            one.text,
            percent(one.earned_pct),
            "; ".join(f"{answer.label}: {count(answer.calls)}" for answer in one.answers),
        )
        for one in criteria
    ]


def _groups(groups: Sequence[Group]) -> list[tuple[str, ...]]:
    return [
        (
            one.name or "not known",
            percent(one.mean_pct),
            count(one.calls),
            percent(one.pass_rate_pct),
            count(one.needs_review),
        )
        for one in groups
    ]


def _languages(languages: Sequence[Counted]) -> list[tuple[str, ...]]:
    return [(one.name, count(one.calls), duration(one.audio_s)) for one in languages]


def _progress(one: StageProgress) -> tuple[str, ...]:
    most = one.done[-1]
    reached = (
        next(minute for minute, done in zip(one.minutes, one.done, strict=True) if done >= share * most)
        for share in _SHARES
    )
    return (one.stage, count(most), *(f"{decimal(minute)} min" for minute in reached))
