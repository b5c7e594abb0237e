"""The short text table of a run, for terminals and task logs: figures, paths and criteria, no transcripts."""

from collections.abc import Sequence
from itertools import groupby
from textwrap import wrap

from include.database.work import BatchKind
from include.delivery.agreement import GoldAgreement
from include.delivery.comparison import Comparison
from include.delivery.facts import RunFacts
from include.delivery.opinions import SecondOpinions
from include.delivery.review import ReviewItem
from include.delivery.summary import RunSummary
from include.delivery.wording import DAY_STATES, RULES_NOTICE, calls, count, decimal, duration, money, percent
from include.delivery.work import StageFigures
from include.judge.nights import CanaryNight
from include.roles.speaker_role import RoleSource
from include.scorecards.bootstrap import Interval

WIDTH_CHARS = 100
# With more rows than this, the hosts of a stage share one.
_STAGE_ROWS = 14
_REVIEW_ROWS = 3
_REASON_ROWS = 6
_CHANGE_ROWS = 5
_REASONS_NAMED = 5
_DAY_ROWS = 3


def text_table(summary: RunSummary) -> str:
    """The run on at most 40 lines of at most 100 characters."""
    parts = [
        _head(summary),
        _stages(summary.stages),
        _comparison(summary.comparison),
        _scores(summary),
        _facts(summary.facts),
        [*_gold(summary.gold), *_second(summary.second_opinions), *_canaries(summary.canaries)],
        _review(summary),
        _reasons(summary),
    ]
    return "\n\n".join("\n".join(_cut(line) for line in part) for part in parts if part)


def _head(summary: RunSummary) -> list[str]:
    took = f", took {duration(summary.wall_s)}" if summary.wall_s is not None else ""
    closed = "ledger closed" if summary.outcome.closed else "LEDGER OPEN"
    return [
        f"{_what(summary)}: {closed}{took}; run {summary.batch_id}",
        str(summary.outcome.ledger),
        *_tries(summary),
        *_days(summary),
        *_intake(summary),
        *([RULES_NOTICE] if summary.rule_based else []),
    ]


def _tries(summary: RunSummary) -> list[str]:
    """What was to be audited again, and keeps the audit that it had."""
    tries = summary.outcome.tries
    if not tries:
        return []
    kinds = ", ".join(f"{reason.calls} {reason.kind}" for reason in tries[:_REASONS_NAMED])
    return [
        f"tries     {calls(summary.outcome.failed_tries)} not audited again, the old audit stands: {kinds}"
    ]


def _days(summary: RunSummary) -> list[str]:
    """What is to be said of the run's days: absence first."""
    own = summary.own_day
    lines = wrap(f"{DAY_STATES[own.state]}: {own.problem}", WIDTH_CHARS) if own and own.problem else []
    lines = lines[:_DAY_ROWS]
    if not summary.outcome.looked_for:
        lines.append("nobody knows what there was to audit: recordings could not be looked for")
    late = [day.late for day in summary.late_days if day.late]
    if late:
        lines.append(f"late recordings: {'; '.join(late)}")
    unread = [str(day.day) for day in summary.late_days if day.problem]
    return [*lines, *([f"not looked at again: {', '.join(unread)}"] if unread else [])]


def _intake(summary: RunSummary) -> list[str]:
    """What lay beside recordings, and roles of channels that somebody should look at."""
    lines = []
    if summary.files and str(summary.files) != "nothing":
        lines.append(f"beside    {summary.files}")
    roles = summary.roles
    if roles.worth_a_look or roles.by_source.get(RoleSource.CONTENT):
        lines.append(f"roles     of {calls(roles.calls)} known: {roles.in_words}")
    if roles.doubted:
        lines.append(f"          in {calls(roles.doubted)} what is said speaks against them")
    return lines


def _what(summary: RunSummary) -> str:
    what = {BatchKind.AUDIT: "Call audit", BatchKind.RESCORE: "Rescore", BatchKind.SHADOW: "Shadow run"}
    until = f" to {summary.last_day}" if summary.last_day else ""
    return f"{what[summary.kind]} of {summary.day}{until}"


def _comparison(comparison: Comparison | None) -> list[str]:
    if comparison is None or not comparison.calls:
        return []
    old, new = comparison.old, comparison.new
    lines = [
        f"compared  {calls(comparison.calls)}: mean {percent(old.mean_pct)} → {percent(new.mean_pct)}; "
        f"{count(comparison.newly_passed)} newly passed, {count(comparison.newly_failed)} newly failed; "
        f"{calls(comparison.changed_calls)} answered otherwise; people's answers are left out",
    ]
    other = [one for one in comparison.criteria if one.same < one.calls]
    other.sort(key=lambda one: one.same_pct)
    for one in other[:_CHANGE_ROWS]:
        earned = f"{percent(one.old_earned_pct)} → {percent(one.new_earned_pct)} of its points"
        lines.append(f"  {one.criterion_id:<30}{percent(one.same_pct):>7} the same; {earned}")
    return lines


def _gold(gold: GoldAgreement | None) -> list[str]:
    if gold is None:
        return []
    total = gold.now.total
    before = gold.before.total if gold.before else None
    was = f" (old: {_pct(before.accuracy)})" if before and before.accuracy is not None else ""
    return [
        f"gold      {_pct(total.accuracy)} of {count(total.labelled)} labels agree{was}, "
        f"κ {_sure(total.kappa, total.certainty.kappa)}, AC1 {_sure(total.ac1, total.certainty.ac1)}",
        f"          found {_found(total.fails_found, total.fails, total.false_fails)} fails, "
        f"{_found(total.auto_fails_found, total.auto_fails, total.false_auto_fails)} auto-fails",
    ]


def _second(opinions: SecondOpinions) -> list[str]:
    if not opinions.asked:
        return []
    total = opinions.total
    return [f"opinions  {count(total.agreed)} of {count(total.answers)} answers agree with second opinions"]


def _canaries(canaries: CanaryNight | None) -> list[str]:
    if canaries is None:
        return []
    before = f" (before: {_pct(canaries.compared[0].before)})" if canaries.compared else ""
    drifts = ", ".join(one.criterion for one in canaries.drifts)
    drift = f"DRIFT in {drifts}" if drifts else canaries.too_few or "no drift"
    failed = f", {count(len(canaries.failed))} could not be asked" if canaries.failed else ""
    share = f"{_pct(canaries.tonight.share)} agree with gold{before}"
    return [f"canaries  {calls(canaries.asked)}{failed}, {share}", f"          {drift}"]


def _sure(value: float | None, interval: Interval | None) -> str:
    """`0.88 (0.75 to 0.94)`."""
    if value is None:
        return "unknown"
    off = f"{decimal(interval.low, 2)} to {decimal(interval.high, 2)}" if interval else "too few to tell"
    return f"{decimal(value, 2)} ({off})"


def _found(found: int, labelled: int, false: int) -> str:
    return f"{count(found)} of {count(labelled)} (and {count(false)} false)"


def _pct(share: float | None) -> str:
    return percent(None if share is None else 100 * share)


def _stages(stages: Sequence[StageFigures]) -> list[str]:
    if not stages:
        return []
    rows = list(stages) if len(stages) <= _STAGE_ROWS else _over_hosts(stages)
    width = min(24, max(len(row.host) for row in rows))
    titles = f"{'done':>9}{'failed':>8}{'lost':>6}{'s/call':>9}{'calls/min':>11}{'RTF':>8}"
    return [f"{'stage':<11}{'host':<{width}}{titles}", *(_stage(row, width) for row in rows)]


def _stage(row: StageFigures, width: int) -> str:
    return (
        f"{row.stage:<11}{row.host[:width]:<{width}}{count(row.done):>9}{count(row.failed_attempts):>8}"
        f"{count(row.failed_calls):>6}{decimal(row.mean_s, 2):>9}{decimal(row.calls_per_min):>11}"
        f"{decimal(row.rtf, 3):>8}"
    )


def _over_hosts(stages: Sequence[StageFigures]) -> list[StageFigures]:
    return [_together(stage, list(rows)) for stage, rows in groupby(stages, key=lambda row: row.stage)]


def _together(stage: str, rows: Sequence[StageFigures]) -> StageFigures:
    """One row for all hosts of a stage; what they do per minute adds up."""
    done, audio_s = sum(row.done for row in rows), sum(row.audio_s for row in rows)
    seconds = sum(row.seconds for row in rows)
    rates = [row.calls_per_min for row in rows if row.calls_per_min is not None]
    timed = [row for row in rows if row.rtf is not None]
    return StageFigures(
        stage=stage,
        host=rows[0].host if len(rows) == 1 else f"{len(rows)} hosts",
        done=done,
        failed_attempts=sum(row.failed_attempts for row in rows),
        failed_calls=sum(row.failed_calls for row in rows),
        seconds=seconds,
        mean_s=seconds / done if done else None,
        audio_s=audio_s,
        calls_per_min=sum(rates) if rates else None,
        rtf=sum((row.rtf or 0) * row.audio_s for row in timed) / audio_s if timed else None,
    )


def _scores(summary: RunSummary) -> list[str]:
    scores = summary.scores
    if not scores.audits:
        return []
    judged = scores.passed + scores.failed
    bands = ", ".join(f"{count(band.calls)} {band.name}" for band in scores.bands)
    possible = f" (+ {count(scores.possible_auto_fails)} possible)" if scores.possible_auto_fails else ""
    lines = [
        f"scores    mean {percent(scores.mean_pct)}; {percent(scores.pass_rate_pct)} passed "
        f"({count(scores.passed)} of {count(judged)}); {bands}",
        f"          {count(scores.auto_failed)} auto-failed{possible}, "
        f"{count(scores.needs_review)} need review, {count(scores.not_auditable)} not auditable",
    ]
    if scores.reviewed:
        lines.append(
            f"          {count(scores.reviewed)} reviewed by people, whose answers count in these figures"
        )
    if scores.unsupported or scores.undetermined:
        lines.append(
            f"          {count(scores.unsupported)} answers without sound evidence and "
            f"{count(scores.undetermined)} undetermined count neither for nor against"
        )
    if summary.suspicions.calls:
        lines.append(f"          {calls(summary.suspicions.calls)} in which somebody may speak to the model")
    if summary.llm:
        lines.append(_usage(summary))
    if summary.spending.stopped:
        following = "run of the day" if summary.kind is BatchKind.AUDIT else "rescore"
        lines.append(f"budget    used up: {calls(summary.spending.stopped)} wait for the next {following}")
    return lines


def _facts(facts: RunFacts) -> list[str]:
    if not facts.calls:
        return []
    reasons = [reason for reason in facts.reasons if reason.main][:_REASONS_NAMED]
    called = ", ".join(f"{count(reason.main)} {reason.title}" for reason in reasons) or "nobody knows why"
    ended = ", ".join(f"{count(one.calls)} {one.name}" for one in facts.resolutions)
    signals = ", ".join(f"{count(one.calls)} {one.name}" for one in facts.signals)
    return [f"facts     {called}", f"          {ended}{f'; {signals}' if signals else ''}"]


def _usage(summary: RunSummary) -> str:
    answers = sum(usage.answers for usage in summary.llm)
    tokens_in = sum(usage.prompt_tokens for usage in summary.llm)
    cached = sum(usage.cached_tokens for usage in summary.llm)
    tokens_out = sum(usage.completion_tokens for usage in summary.llm)
    models = ", ".join(sorted({usage.model for usage in summary.llm}))
    return (
        f"LLM       {count(answers)} answers, tokens {count(tokens_in)} in ({count(cached)} cached) "
        f"{count(tokens_out)} out, {money(summary.spending.cost_usd)}; {models}"
    )


def _review(summary: RunSummary) -> list[str]:
    if not summary.review:
        return []
    total = sum(summary.review_counts.values())
    shown = summary.review[:_REVIEW_ROWS]
    return [f"review    {calls(total)}, first:", *(_review_row(item) for item in shown)]


def _review_row(item: ReviewItem) -> str:
    return f"  {item.title:<19}{percent(item.pct):>7}  {item.path}  {_why(item)}"


def _why(item: ReviewItem) -> str:
    """The reason that concerns the whole call, or else its worst answer."""
    if item.findings and item.pct is not None:
        return f"{item.findings[0].text}: {item.findings[0].label}"
    return item.reasons[0] if item.reasons else ""


def _reasons(summary: RunSummary) -> list[str]:
    if not summary.reasons:
        return []
    rows = [
        f"  {count(reason.calls):>6} {reason.state:<12} {reason.kind}"
        for reason in summary.reasons[:_REASON_ROWS]
    ]
    rest = len(summary.reasons) - _REASON_ROWS
    return ["not audited", *rows, *([f"         and {rest} more kinds of reason"] if rest > 0 else [])]


def _cut(line: str) -> str:
    # One line per row, whatever a file name holds.
    plain = " ".join(line.splitlines()).rstrip()
    return plain if len(plain) <= WIDTH_CHARS else plain[: WIDTH_CHARS - 1] + "…"
