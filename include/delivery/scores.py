"""The scores of a run: mean, pass rate, bands, distribution, by agent, by queue; and spoken languages."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from include.calls.call import CallState
from include.database import official
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    LlmResultRow,
    TranscriptRow,
)
from include.database.work import STATE
from include.delivery.criteria import (
    Criterion,
    Scorecards,
    UsedScorecard,
    count_answers,
    percentage,
)
from include.delivery.outcome import of_batch, of_current_audits
from include.scorecards.assessment import Standing

HISTOGRAM_BIN_PCT = 5
# The lowest means; a centre with more agents than that asks the database.
GROUPS_KEPT = 500


@dataclass(frozen=True)
class Counted:
    """A name, and how many calls it has."""

    name: str
    calls: int
    audio_s: float = 0.0


@dataclass(frozen=True)
class Bin:
    """Calls whose score lies in `[from_pct, to_pct)`; the last bin holds 100 % too."""

    from_pct: int
    to_pct: int
    calls: int


@dataclass(frozen=True)
class Group:
    """The scores of one agent or one queue; `name` is None for calls without one."""

    name: str | None
    calls: int
    mean_pct: float | None
    pass_rate_pct: float | None
    needs_review: int


@dataclass(frozen=True)
class Scores:
    """The current audits of the run's audited calls, by their official scores: people's where there are any.

    Attributes:
        reviewed: Audits whose score has people's answers in it.
        pass_rate_pct: Of the audits that could pass or fail.
        not_auditable: Audits without a score.
        needs_review: Those without a score among them.
        unsupported: Answers without sound evidence, in all audits: they count neither for nor against.
        undetermined: Answers that cannot be determined: likewise.
        auto_failed: Audits with an auto-fail, of a section or the form, that stands.
        possible_auto_fails: Audits with an auto-fail answer that has to be reviewed before it counts.
        agents: The lowest mean first.
        models: The models that gave the answers under these scores, whichever run paid for them.
    """

    audits: int
    scored: int
    mean_pct: float | None
    passed: int
    failed: int
    pass_rate_pct: float | None
    needs_review: int
    not_auditable: int
    reviewed: int
    auto_failed: int
    possible_auto_fails: int
    unsupported: int
    undetermined: int
    bands: tuple[Counted, ...]
    histogram: tuple[Bin, ...]
    criteria: tuple[Criterion, ...]
    agents: tuple[Group, ...]
    queues: tuple[Group, ...]
    scorecards: tuple[UsedScorecard, ...]
    models: tuple[Counted, ...]


def measure_scores(connection: Connection, batch_id: str, scorecards: Scorecards) -> Scores:
    """Sums up the audits of a run."""
    totals = connection.execute(of_current_audits(select(*_totals()), batch_id)).one()
    return Scores(
        **totals._mapping,
        pass_rate_pct=percentage(totals.passed, totals.passed + totals.failed),
        possible_auto_fails=_count_possible_auto_fails(connection, batch_id, scorecards),
        unsupported=_count_answers(connection, batch_id, Standing.UNSUPPORTED),
        undetermined=_count_answers(connection, batch_id, Standing.UNDETERMINED),
        bands=_bands(connection, batch_id),
        histogram=_histogram(connection, batch_id),
        criteria=count_answers(connection, batch_id, scorecards),
        agents=_groups(connection, batch_id, func.coalesce(CallRow.agent, CallRow.agent_id)),
        queues=_groups(connection, batch_id, CallRow.queue),
        scorecards=scorecards.used,
        models=_models(connection, batch_id),
    )


def count_languages(connection: Connection, batch_id: str) -> tuple[Counted, ...]:
    """Counts the audited calls by the language that was recognised in them."""
    language = func.coalesce(TranscriptRow.language, "unknown")
    audio_s = func.coalesce(func.sum(CallRow.duration_s), 0.0)
    query = (
        of_batch(select(language, func.count(), audio_s), batch_id)
        .outerjoin(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        .where(STATE == CallState.AUDITED)
        .group_by(language)
        .order_by(func.count().desc(), language)
    )
    return tuple(Counted(*row) for row in connection.execute(query))


def _count_if(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _totals() -> tuple[Any, ...]:
    return (
        func.count().label("audits"),
        func.count(official.PCT).label("scored"),
        func.avg(official.PCT).label("mean_pct"),
        _count_if(official.PASSED.is_(True)).label("passed"),
        _count_if(official.PASSED.is_(False)).label("failed"),
        _count_if(official.AUTO_FAILED).label("auto_failed"),
        _count_if(official.NEEDS_REVIEW).label("needs_review"),
        _count_if(official.PCT.is_(None)).label("not_auditable"),
        _count_if(official.REVIEWED).label("reviewed"),
    )


def _count_possible_auto_fails(connection: Connection, batch_id: str, scorecards: Scorecards) -> int:
    query = of_current_audits(select(func.count(AuditRow.audit_id.distinct())), batch_id)
    query = query.join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    return int(
        connection.scalar(query.where(official.AUTO_FAILED.is_(False), scorecards.auto_failing())) or 0
    )


def _count_answers(connection: Connection, batch_id: str, standing: Standing) -> int:
    query = of_current_audits(select(func.count()), batch_id)
    query = query.join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    query = query.outerjoin(*official.ANSWERS).where(standing == official.STANDING)
    return int(connection.scalar(query) or 0)


def _bands(connection: Connection, batch_id: str) -> tuple[Counted, ...]:
    """The best band first."""
    query = of_current_audits(select(official.BAND.label("band"), func.count()), batch_id)
    query = query.where(official.BAND.is_not(None)).group_by(official.BAND)
    return tuple(Counted(*row) for row in connection.execute(query.order_by(func.avg(official.PCT).desc())))


def _histogram(connection: Connection, batch_id: str) -> tuple[Bin, ...]:
    starts = range(0, 100, HISTOGRAM_BIN_PCT)
    counts = [_count_if(_in_bin(start)) for start in starts]
    row = connection.execute(of_current_audits(select(*counts), batch_id)).one()
    return tuple(
        Bin(start, start + HISTOGRAM_BIN_PCT, calls) for start, calls in zip(starts, row, strict=True)
    )


def _in_bin(start: int) -> ColumnElement[bool]:
    end = start + HISTOGRAM_BIN_PCT
    return and_(start <= official.PCT, end > official.PCT) if end < 100 else start <= official.PCT


def _groups(connection: Connection, batch_id: str, column: Any) -> tuple[Group, ...]:
    mean_pct = func.avg(official.PCT)
    counts = (func.count(), _count_if(official.PASSED.is_(True)), func.count(official.PASSED))
    query = of_current_audits(
        select(column, mean_pct, *counts, _count_if(official.NEEDS_REVIEW)), batch_id
    ).group_by(column)
    # Without a score last; databases disagree about where NULL goes.
    query = query.order_by(func.coalesce(mean_pct, 101.0), column).limit(GROUPS_KEPT)
    return tuple(
        Group(name, calls, mean, percentage(passed, judged), review)
        for name, mean, calls, passed, judged, review in connection.execute(query)
    )


def _models(connection: Connection, batch_id: str) -> tuple[Counted, ...]:
    query = of_current_audits(select(LlmResultRow.model, func.count()), batch_id)
    query = query.join(LlmResultRow, LlmResultRow.identity == AuditRow.llm_identity)
    query = query.group_by(LlmResultRow.model).order_by(func.count().desc(), LlmResultRow.model)
    return tuple(Counted(*row) for row in connection.execute(query))
