"""A page of the calls that a search finds, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from include.database import official
from include.database.models import AuditRow, CallRow, TranscriptRow
from include.search.filters import Filters, conditions, heard_language
from include.search.language import parse
from include.search.matching import text_conditions
from include.search.snippets import Snippet, snippets

PAGE_CALLS = 50
# Nobody reads on page 21; and to count all calls that say "thank you" takes seconds.
COUNTED_CALLS = 1000

# Of the last call of the page before: its day and id.
Place = tuple[date, str]


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
    """A page.

    Attributes:
        counted: How many calls there are, at most `COUNTED_CALLS`.
        more: Whether there are more than that.
        following: Where the next page begins; None on the last.
    """

    calls: tuple[FoundCall, ...]
    counted: int
    more: bool
    following: Place | None


def find(connection: Connection, filters: Filters, after: Place | None = None) -> Found:
    """Finds a page of calls; three to five statements, whatever the history.

    Raises:
        InvalidInput: The text cannot be read; the message says where.
    """
    clauses = parse(filters.text)
    wanted = [*conditions(filters), *text_conditions(connection, clauses)]
    few = select(CallRow.call_id).where(*wanted).limit(COUNTED_CALLS + 1).subquery()
    counted = connection.execute(select(func.count()).select_from(few)).scalar_one()
    page = _page(connection, wanted, after, PAGE_CALLS + 1)
    shown = page[:PAGE_CALLS]
    said = _transcripts(connection, [call.call_id for call in shown]) if clauses else {}
    calls = tuple(
        _with_snippets(call, snippets(said[call.call_id], clauses)) if call.call_id in said else call
        for call in shown
    )
    following = shown[-1].place if len(page) > PAGE_CALLS else None
    return Found(calls, min(counted, COUNTED_CALLS), counted > COUNTED_CALLS, following)


def find_all(connection: Connection, filters: Filters, most: int) -> Iterator[FoundCall]:
    """Every call that a search finds, at most so many, a page of memory at a time; without snippets."""
    wanted = [*conditions(filters), *text_conditions(connection, parse(filters.text))]
    after: Place | None = None
    while most > 0:
        page = _page(connection, wanted, after, min(most, COUNTED_CALLS))
        yield from page
        if not page:
            return
        most -= len(page)
        after = page[-1].place


def _page(connection: Connection, wanted: Sequence[Any], after: Place | None, calls: int) -> list[FoundCall]:
    query = _calls().where(*wanted)
    if after:
        day, call_id = after
        query = query.where(or_(CallRow.day < day, and_(CallRow.day == day, CallRow.call_id < call_id)))
    newest = query.order_by(CallRow.day.desc(), CallRow.call_id.desc()).limit(calls)
    return [_found(row) for row in connection.execute(newest)]


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
