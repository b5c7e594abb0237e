"""The charts of a report: what an analyst sees before reading a word. Each is one inline SVG element.

Every function returns an empty string when there is nothing to draw.
"""

import textwrap
from collections.abc import Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from include.calls.stage import STAGES
from include.delivery.comparison import CriterionChange
from include.delivery.criteria import AnswerCount, Criterion
from include.delivery.scores import Counted, Group, Scores
from include.delivery.svg import (
    ACCENT,
    BAD,
    GOOD,
    INK,
    MUTED,
    OUTSIDE,
    PARTLY,
    UNKNOWN,
    WORST,
    drawing,
)
from include.delivery.wording import calls, count, duration, percent
from include.delivery.work import StageFigures, StageProgress
from include.scorecards.assessment import Standing

FULL_PX, HALF_PX = 1120, 540
ROW_PX, _LINE_PX = 30, 16
GROUPS_DRAWN = 15
HOSTS_DRAWN = 40
# A smaller move of a criterion's points is drawn as none.
_NO_CHANGE_PCT = 0.05
# A host this far below the median of its stage is drawn as slow.
_SLOW_SHARE = 0.7
# A character of a label in a bar, in per cent of the whole bar.
_CHAR_PCT = 0.9
_LABEL_CHARS = 62
_NAME_CHARS = 26
_STAGE_COLOURS: dict[str, str] = dict(
    zip(
        STAGES,
        ("#7a8594", "#4fa3d1", "#3a6fc4", "#7a5fc0", "#b0509f", "#e07b4f", "#3aa37f"),
        strict=True,
    )
)


def score_chart(scores: Scores) -> str:
    """Distribution of scores, with the pass threshold."""
    if not scores.scored:
        return ""
    threshold = pass_threshold_pct(scores)
    with drawing("scores", "Distribution of scores", HALF_PX, 270) as sheet:
        axes = sheet.axes()
        starts = [one.from_pct for one in scores.histogram]
        widths = [one.to_pct - one.from_pct for one in scores.histogram]
        colours = [_pass_colour(one.from_pct, threshold) for one in scores.histogram]
        heights = [one.calls for one in scores.histogram]
        axes.bar(starts, heights, [width - 0.6 for width in widths], align="edge", color=colours)
        axes.set_ylim(0, max(heights) * 1.2)
        if threshold is not None:
            _mark(axes, threshold, f"pass from {threshold:g} % ")
        axes.set_xlim(0, 100)
        axes.xaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
        _count_axis(axes, "calls")
    return sheet.svg


def criteria_chart(criteria: Sequence[Criterion]) -> str:
    """For each criterion the share of each answer, grouped by section."""
    if not criteria:
        return ""
    sections = list(dict.fromkeys(criterion.section for criterion in criteria))
    rows: list[Criterion | str] = []
    for section in sections:
        rows += [section, *(criterion for criterion in criteria if criterion.section == section)]
    texts = [row.text if isinstance(row, Criterion) else row for row in rows]
    labels, row_px = _wrapped(texts, _LABEL_CHARS)
    with drawing("criteria", "Answers by criterion", FULL_PX, row_px * len(rows) + 20) as sheet:
        axes = sheet.axes()
        for y, row in enumerate(rows):
            if isinstance(row, Criterion):
                _draw_criterion(axes, y, row)
        axes.set_yticks(range(len(rows)), labels)
        for row, label in zip(rows, axes.get_yticklabels(), strict=True):
            label.set_color(INK if isinstance(row, Criterion) else MUTED)
            label.set_fontweight("normal" if isinstance(row, Criterion) else "bold")
        axes.set_ylim(len(rows) - 0.4, -0.5)
        axes.set_xlim(0, 124)
        axes.set_xticks([])
        axes.spines.bottom.set_visible(False)
    return sheet.svg


def group_chart(name: str, title: str, groups: Sequence[Group], threshold_pct: float | None) -> str:
    """Mean score by agent or queue, the lowest on top."""
    named = [group for group in groups if group.name is not None and group.mean_pct is not None]
    drawn = named[:GROUPS_DRAWN]
    if not drawn:
        return ""
    labels, row_px = _wrapped([group.name or "" for group in drawn], _NAME_CHARS)
    with drawing(name, title, HALF_PX, row_px * len(drawn) + 40) as sheet:
        axes = sheet.axes()
        means = [group.mean_pct or 0.0 for group in drawn]
        axes.barh(
            range(len(drawn)), means, height=0.62, color=[_pass_colour(mean, threshold_pct) for mean in means]
        )
        for y, group in enumerate(drawn):
            review = f", {group.needs_review} to review" if group.needs_review else ""
            _note(axes, y, percent(means[y]), calls(group.calls) + review)
        if threshold_pct is not None:
            axes.axvline(threshold_pct, color=MUTED, linewidth=1, linestyle=(0, (2, 2)))
        _names(axes, labels)
        axes.set_xlim(0, 175)
        axes.set_xticks([])
        axes.spines.bottom.set_visible(False)
    return sheet.svg


def language_chart(languages: Sequence[Counted]) -> str:
    """Audited calls by spoken language."""
    if not languages:
        return ""
    drawn = languages[:GROUPS_DRAWN]
    labels, row_px = _wrapped([language.name for language in drawn], _NAME_CHARS)
    with drawing("languages", "Calls by language", HALF_PX, row_px * len(drawn) + 40) as sheet:
        axes = sheet.axes()
        most = max(one.calls for one in drawn)
        axes.barh(range(len(drawn)), [100 * one.calls / most for one in drawn], height=0.62, color=ACCENT)
        for y, language in enumerate(drawn):
            _note(axes, y, count(language.calls), f"{duration(language.audio_s)} of audio")
        _names(axes, labels)
        axes.set_xlim(0, 175)
        axes.set_xticks([])
        axes.spines.bottom.set_visible(False)
    return sheet.svg


def throughput_chart(stages: Sequence[StageFigures]) -> str:
    """Calls per minute by stage and host: a column for each stage, a row for each host."""
    timed = {(one.stage, one.host): one.calls_per_min for one in stages if one.calls_per_min is not None}
    if not timed:
        return ""
    names = list(dict.fromkeys(stage for stage, _ in timed))
    hosts = list(dict.fromkeys(host for _, host in timed))[:HOSTS_DRAWN]
    labels, row_px = _wrapped(hosts, _NAME_CHARS)
    title = "Calls per minute by stage and host"
    with drawing("throughput", title, FULL_PX, row_px * len(hosts) + 50) as sheet:
        columns = sheet.figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, stage in zip(columns, names, strict=True):
            _draw_stage(axes, stage, {host: rate for (s, host), rate in timed.items() if s == stage}, hosts)
        _names(columns[0], labels)
    return sheet.svg


def progress_chart(progress: Sequence[StageProgress]) -> str:
    """Calls done over time, a line for each stage: lines that rise side by side are stages that overlap."""
    if not progress:
        return ""
    in_hours = max(one.minutes[-1] for one in progress) > 180
    per_unit = 60 if in_hours else 1
    with drawing("progress", "Calls done over time", FULL_PX, 300) as sheet:
        axes = sheet.axes()
        for one in progress:
            colour = _STAGE_COLOURS.get(one.stage, MUTED)
            times = [minute / per_unit for minute in one.minutes]
            axes.plot(times, one.done, color=colour, linewidth=2, label=one.stage)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        _count_axis(axes, "calls done")
        axes.set_xlabel(f"{'hours' if in_hours else 'minutes'} since the first result")
        sheet.figure.legend(loc="outside upper left", ncols=len(progress), frameon=False, handlelength=1.2)
    return sheet.svg


def comparison_chart(criteria: Sequence[CriterionChange]) -> str:
    """For each criterion the share of points earned, old and new, with what lies between them."""
    drawn = [one for one in criteria if None not in (one.old_earned_pct, one.new_earned_pct)]
    if not drawn:
        return ""
    title = "Points earned by criterion, old and new"
    labels, row_px = _wrapped([one.text for one in drawn], _LABEL_CHARS)
    with drawing("comparison", title, FULL_PX, row_px * len(drawn) + 40) as sheet:
        axes = sheet.axes()
        for y, one in enumerate(drawn):
            _draw_change(axes, y, one)
        axes.set_yticks(range(len(drawn)), labels, color=INK)
        axes.set_ylim(len(drawn) - 0.4, -0.6)
        axes.set_xlim(-2, 152)
        axes.set_xticks(range(0, 101, 25))
        axes.xaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
        axes.grid(axis="x")
        axes.spines.bottom.set_visible(False)
    return sheet.svg


def _draw_change(axes: Axes, y: int, one: CriterionChange) -> None:
    old, new = one.old_earned_pct or 0.0, one.new_earned_pct or 0.0
    colour = ACCENT if abs(new - old) < _NO_CHANGE_PCT else GOOD if new > old else BAD
    axes.plot([old, new], [y, y], color=colour, linewidth=3, solid_capstyle="butt", zorder=2)
    axes.plot(old, y, "o", color=OUTSIDE, markersize=9, zorder=3)
    axes.plot(new, y, "o", color=colour, markersize=9, zorder=4)
    moved = ", ".join(
        f"{calls:,} {how}" for how, calls in (("better", one.better), ("worse", one.worse)) if calls
    )
    moved = moved or (f"{one.calls - one.same:,} otherwise" if one.same < one.calls else "nothing changed")
    axes.text(112, y, percent(one.same_pct), va="center", ha="right", fontweight="bold")
    axes.text(114, y, f"the same; {moved}", va="center", color=MUTED, fontsize=11)


def pass_threshold_pct(scores: Scores) -> float | None:
    """The threshold, if all scorecards of the run have the same."""
    thresholds = {scorecard.pass_threshold_pct for scorecard in scores.scorecards}
    return thresholds.pop() if len(thresholds) == 1 else None


def _draw_criterion(axes: Axes, y: int, criterion: Criterion) -> None:
    left = 0.0
    for answer in criterion.answers:
        width = 100 * answer.calls / criterion.calls
        colour = _answer_colour(answer)
        axes.barh(y, width - 0.15, left=left, height=0.68, color=colour)
        ink = INK if colour == OUTSIDE else "#ffffff"
        axes.text(left + 0.8, y, _fitting(answer, width), va="center", color=ink, fontsize=11)
        left += width
    axes.text(107.5, y, percent(criterion.earned_pct), va="center", ha="right", fontweight="bold")
    axes.text(109, y, f"by {' and '.join(criterion.answered_by)}", va="center", color=MUTED, fontsize=11)


def _fitting(answer: AnswerCount, width_pct: float) -> str:
    """What a part of a bar has room for, whole; the chart's table tells the rest."""
    figure = count(answer.calls)
    room = width_pct / _CHAR_PCT - 1
    return next((text for text in (f"{figure} {answer.label}", figure) if len(text) <= room), "")


def _answer_colour(answer: AnswerCount) -> str:
    if answer.standing in (Standing.UNDETERMINED, Standing.UNSUPPORTED):
        return UNKNOWN
    if answer.auto_fail != "none":
        return WORST
    if answer.earned_pct is None:
        return OUTSIDE
    return GOOD if answer.earned_pct >= 100 else PARTLY if answer.earned_pct > 0 else BAD


def _draw_stage(axes: Axes, stage: str, rates: dict[str, float], hosts: Sequence[str]) -> None:
    usual, most = median(rates.values()), max(rates.values())
    for y, host in enumerate(hosts):
        rate = rates.get(host)
        if rate is None:
            continue
        slow = len(rates) > 1 and rate < _SLOW_SHARE * usual
        axes.barh(y, rate, height=0.62, color=PARTLY if slow else _STAGE_COLOURS.get(stage, ACCENT))
        axes.text(rate + most * 0.05, y, _rate(rate), va="center", fontsize=11)
    axes.set_title(stage, fontsize=12, color=INK, loc="left")
    axes.set_xlim(0, most * 1.6)
    axes.set_xticks([])
    axes.spines.bottom.set_visible(False)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _pass_colour(pct: float, threshold_pct: float | None) -> str:
    if threshold_pct is None:
        return ACCENT
    return GOOD if pct >= threshold_pct else BAD


def _mark(axes: Axes, pct: float, text: str) -> None:
    """A dashed line with its text on the side that has room."""
    axes.axvline(pct, color=MUTED, linewidth=1.2, linestyle=(0, (3, 2)))
    side = "right" if pct > 50 else "left"
    axes.text(
        pct, 0.98, text, transform=axes.get_xaxis_transform(), ha=side, va="top", color=MUTED, fontsize=11
    )


def _count_axis(axes: Axes, label: str) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(axis="y")
    axes.tick_params(axis="x", pad=7)
    axes.set_ylabel(label)


def _note(axes: Axes, y: int, figure: str, rest: str) -> None:
    """A bold figure beside the bars (x 0..100), and in grey what it rests on."""
    axes.text(124, y, figure, va="center", ha="right", fontweight="bold")
    axes.text(128, y, rest, va="center", color=MUTED, fontsize=11)


def _names(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _wrapped(labels: Sequence[str], chars: int) -> tuple[list[str], int]:
    """Labels over as many lines as they need, and the height in px of rows that hold the longest."""
    lines = [textwrap.wrap(label, chars) or [""] for label in labels]
    most = max(len(one) for one in lines)
    return ["\n".join(one) for one in lines], max(ROW_PX, _LINE_PX * most + 12)
