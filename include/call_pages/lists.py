"""Lists of calls with where they stand and what they scored.

Of calls that are blind for whoever looks (`include.review.blindness`), a list tells no score, nor whether
they are to be reviewed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, Select, and_, select, tuple_, union

from include.calls.call import CallState
from include.calls.ledger import Ledger
from include.calls.stage import stage_of
from include.database import official
from include.database.batches import ledger_of
from include.database.models import AuditRow, BatchCallRow, CallRow
from include.database.work import REASON, STATE

CALLS_SHOWN = 100


@dataclass(frozen=True)
class Listed:
    """A call in a list.

    Attributes:
        pct: The official score: people's where there is one (`reviewed`), else the machine's.
        reason: Why it is not audited.
        blind: Neither `pct` nor any of what follows it is told.
    """

    call_id: str
    day: date
    path: str
    agent: str | None
    queue: str | None
    language: str | None
    started_at: datetime | None
    duration_s: float | None
    state: CallState
    reason: str | None
    pct: float | None
    passed: bool | None
    auto_failed: bool
    needs_review: bool
    reviewed: bool
    blind: bool

    @property
    def failed_in(self) -> str | None:
        """The stage that it ended in; None where it ended in none."""
        return self.reason and stage_of(self.reason)


@dataclass(frozen=True)
class Page:
    """Some calls, and `after` of the next page; None at the end."""

    calls: Sequence[Listed]
    after: str | None


def calls_of_day(
    connection: Connection,
    day: date,
    state: CallState | None = None,
    after: str | None = None,
    *,
    blind: Collection[str],
) -> Page:
    """A day's calls by path.

    Args:
        connection: To read with.
        day: Which.
        state: Only those in this state.
        after: Only those after this path.
        blind: Ids of calls whose score is not told.
    """
    query = _listed(CallRow.state.label("state"), CallRow.state_reason.label("reason"))
    query = query.where(CallRow.day == day).order_by(CallRow.path)
    if state is not None:
        query = query.where(CallRow.state == state)
    if after is not None:
        query = query.where(CallRow.path > after)
    return _page(connection, query, "path", blind)


def calls_of_agents(
    connection: Connection,
    agents: Sequence[str],
    after: tuple[date, str] | None = None,
    *,
    blind: Collection[str],
) -> tuple[Sequence[Listed], tuple[date, str] | None]:
    """The calls of agents by name or id, the newest day first, and what comes after; None at the end."""
    query = _listed(CallRow.state.label("state"), CallRow.state_reason.label("reason"))
    query = query.where(CallRow.call_id.in_(_newest_of(agents, after)))
    query = query.order_by(CallRow.day.desc(), CallRow.call_id.desc())
    rows = connection.execute(query.limit(CALLS_SHOWN + 1)).all()
    shown = [_call(row, blind) for row in rows[:CALLS_SHOWN]]
    return shown, (shown[-1].day, shown[-1].call_id) if len(rows) > CALLS_SHOWN else None


def _newest_of(agents: Sequence[str], after: tuple[date, str] | None) -> CompoundSelect[tuple[str]]:
    """Ids of the newest calls of each name and id.

    Each is asked for by itself: of all at once, PostgreSQL goes through everybody's calls from the newest on,
    until it has a page, and through all that there are where somebody has few.
    """
    parts = []
    for column in (CallRow.agent, CallRow.agent_id):
        for agent in agents:
            newest = select(CallRow.call_id).where(column == agent)
            if after is not None:
                newest = newest.where(tuple_(CallRow.day, CallRow.call_id) < tuple_(*after))
            newest = newest.order_by(CallRow.day.desc(), CallRow.call_id.desc()).limit(CALLS_SHOWN + 1)
            parts.append(select(newest.subquery().c.call_id))
    return union(*parts)


def calls_of_shard(
    connection: Connection,
    batch_id: str,
    shard: int,
    state: CallState | None = None,
    after: str | None = None,
    *,
    blind: Collection[str],
) -> Page:
    """A shard's calls in their run by id.

    Args:
        connection: To read with.
        batch_id: Of the run.
        shard: Its number.
        state: Only those in this state.
        after: Only those after this id.
        blind: Ids of calls whose score is not told.
    """
    query = _listed(STATE.label("state"), REASON.label("reason"))
    query = query.join(BatchCallRow, BatchCallRow.call_id == CallRow.call_id)
    query = query.where(BatchCallRow.batch_id == batch_id, BatchCallRow.shard == shard)
    query = query.order_by(CallRow.call_id)
    if state is not None:
        query = query.where(STATE.in_([state]))
    if after is not None:
        query = query.where(CallRow.call_id > after)
    return _page(connection, query, "call_id", blind)


def ledger_of_shard(connection: Connection, batch_id: str, shard: int) -> Ledger:
    """Where the calls of a shard stand in their run."""
    return ledger_of(connection, batch_id, BatchCallRow.shard == shard)


def _listed(*state: Any) -> Select[*tuple[Any, ...]]:
    of_call = (
        *(CallRow.call_id, CallRow.day, CallRow.path, CallRow.agent, CallRow.queue, CallRow.language),
        *(CallRow.started_at, CallRow.duration_s),
    )
    of_audit = (
        *(official.PCT.label("pct"), official.PASSED.label("passed")),
        *(official.AUTO_FAILED.label("auto_failed"), official.NEEDS_REVIEW.label("needs_review")),
        official.REVIEWED.label("reviewed"),
    )
    current = and_(AuditRow.call_id == CallRow.call_id, AuditRow.superseded_at.is_(None))
    query = select(*of_call, *state, *of_audit).select_from(CallRow).outerjoin(AuditRow, current)
    return query.outerjoin(*official.SCORE)


def _page(connection: Connection, query: Select[*tuple[Any, ...]], key: str, blind: Collection[str]) -> Page:
    rows = connection.execute(query.limit(CALLS_SHOWN + 1)).all()
    shown = [_call(row, blind) for row in rows[:CALLS_SHOWN]]
    return Page(shown, str(getattr(shown[-1], key)) if len(rows) > CALLS_SHOWN else None)


def _call(row: Row[*tuple[Any, ...]], blind: Collection[str]) -> Listed:
    own, is_blind = dict(row._mapping), row.call_id in blind
    if is_blind:
        own |= dict.fromkeys(("pct", "passed", "auto_failed", "needs_review", "reviewed"))
    flags = {name: bool(own[name]) for name in ("auto_failed", "needs_review", "reviewed")}
    return Listed(**{**own, **flags, "state": CallState(own["state"]), "blind": is_blind})
