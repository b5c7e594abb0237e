"""A page of the calls that a search finds, newest first."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from include.database import official
from include.database.models import AuditRow, CallRow, TranscriptRow
from include.search.filters import Filters, conditions, heard_language, of_days
from include.search.language import Clause, parse
from include.search.matching import text_conditions
from include.search.narrowing import few_calls
from include.search.snippets import Snippet, snippets
from include.search.walking import Place, Walk

PAGE_CALLS = 50
# Nobody reads on page 21; and to count all calls that say "thank you" takes seconds.
COUNTED_CALLS = 1000
# Of the 300 ms of a page.
PATIENCE_S = 0.1
# Where the newest calls hold fewer, those that are wanted may be so few that an index knows them all.
_SELDOM = 10


@dataclass(frozen=True)
class FoundCall:
    """A call that was found; what is not known of it is None.

    Attributes:
        duration_s: Of the recording.
        pct: Its official score: people's where they have answered, else the machine's.
        reviewed: Whether people have answered.
        snippets: Where it was said; empty when no words were asked for.
    """

    call_id: str
    day: date
    path: str
    state: str
    agent: str | None
    agent_id: str | None
    team: str | None
    queue: str | None
    direction: str | None
    language: str | None
    started_at: datetime | None
    duration_s: float | None
    pct: float | None
    machine_pct: float | None
    band: str | None
    passed: bool | None
    auto_failed: bool
    needs_review: bool
    reviewed: bool
    snippets: tuple[Snippet, ...] = ()

    @property
    def place(self) -> Place:
        """Where the next page begins."""
        return self.day, self.call_id


@dataclass(frozen=True)
class Found:
    """A page of found calls.

    Attributes:
        counted: How many calls there are from the newest on, at most `COUNTED_CALLS`; None on later pages.
        more: Whether there may be more than those.
        following: Where the next page begins; None on the last.
    """

    calls: tuple[FoundCall, ...]
    counted: int | None
    more: bool
    following: Place | None

    @property
    def is_full(self) -> bool:
        """Whether the page holds as many calls as it may; else all that were looked at in time."""
        return len(self.calls) == PAGE_CALLS


def find(
    connection: Connection,
    filters: Filters,
    after: Place | None = None,
    *,
    without: Collection[str] = (),
    patience_s: float | None = None,
) -> Found:
    """Finds a page of calls; what it takes does not grow with the history.

    Calls are looked through from the newest on for about so long, `PATIENCE_S` by default. Where that is too
    short to fill the page, it holds what was found, and the next one goes on from there. Calls `without` are
    left out.

    Raises:
        InvalidInput: The text cannot be read; the message says where.
    """
    clauses = parse(filters.text)
    most = PAGE_CALLS + 1 if after else COUNTED_CALLS + 1
    walk = _walk(connection, filters, clauses, most, after=after, without=without)
    if not walk.is_over and len(walk.found) < _SELDOM:
        few = few_calls(connection, filters, clauses)
        if few is not None:
            walk.look_at(few)
    walk.go_on(PATIENCE_S if patience_s is None else patience_s)
    return _found_page(connection, clauses, walk, None if after else min(len(walk.found), COUNTED_CALLS))


def _walk(
    connection: Connection,
    filters: Filters,
    clauses: Sequence[Clause],
    most: int,
    *,
    after: Place | None,
    without: Collection[str],
) -> Walk:
    wanted = [*conditions(filters), *text_conditions(connection, clauses)]
    if without:
        wanted.append(CallRow.call_id.not_in(sorted(without)))
    return Walk(connection, of_days(filters), wanted, most, after)


def _found_page(connection: Connection, clauses: Sequence[Clause], walk: Walk, counted: int | None) -> Found:
    places = walk.found[:PAGE_CALLS]
    shown = _read(connection, places)
    said = _transcripts(connection, [call.call_id for call in shown]) if clauses else {}
    calls = tuple(
        _with_snippets(call, snippets(said[call.call_id], clauses)) if call.call_id in said else call
        for call in shown
    )
    following = places[-1] if len(walk.found) > PAGE_CALLS else walk.end
    return Found(calls, counted, counted is not None and walk.end is not None, following)


def find_all(
    connection: Connection, filters: Filters, most: int, *, without: Collection[str] = ()
) -> Iterator[FoundCall]:
    """Every call that a search finds, at most so many, a page of memory at a time; `without` some."""
    clauses = parse(filters.text)
    after: Place | None = None
    while most > 0:
        walk = _walk(connection, filters, clauses, min(most, COUNTED_CALLS), after=after, without=without)
        walk.go_on(math.inf)
        yield from _read(connection, walk.found)
        most -= len(walk.found)
        after = walk.end
        if after is None:
            return


def _read(connection: Connection, places: Sequence[Place]) -> list[FoundCall]:
    """The calls of a page, as they are in one look."""
    query = _calls().where(CallRow.call_id.in_([call_id for _, call_id in places]))
    newest = query.order_by(CallRow.day.desc(), CallRow.call_id.desc())
    return [_found(row) for row in connection.execute(newest)] if places else []


def _calls() -> Select[*tuple[Any, ...]]:
    current = and_(AuditRow.call_id == CallRow.call_id, AuditRow.superseded_at.is_(None))
    calls = select(
        CallRow.call_id,
        CallRow.day,
        CallRow.path,
        CallRow.state,
        CallRow.agent,
        CallRow.agent_id,
        CallRow.team,
        CallRow.queue,
        CallRow.direction,
        heard_language().label("language"),
        CallRow.started_at,
        CallRow.duration_s,
        official.PCT.label("pct"),
        AuditRow.pct.label("machine_pct"),
        official.BAND.label("band"),
        official.PASSED.label("passed"),
        func.coalesce(official.AUTO_FAILED, False).label("auto_failed"),
        func.coalesce(official.NEEDS_REVIEW, False).label("needs_review"),
        official.REVIEWED.label("reviewed"),
    )
    return calls.select_from(CallRow).outerjoin(AuditRow, current).outerjoin(*official.SCORE)


def _found(row: Row[Any]) -> FoundCall:
    values = row._asdict()
    flags = {name: bool(values[name]) for name in ("auto_failed", "needs_review", "reviewed")}
    return FoundCall(**values | flags)


def _with_snippets(call: FoundCall, found: tuple[Snippet, ...]) -> FoundCall:
    return FoundCall(**{**call.__dict__, "snippets": found})


def _transcripts(connection: Connection, call_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    query = select(TranscriptRow.call_id, TranscriptRow.transcript).where(TranscriptRow.call_id.in_(call_ids))
    return {row.call_id: row.transcript for row in connection.execute(query)}
