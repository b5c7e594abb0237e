"""Where a run's calls ended, and why those that are not audited are not."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, and_, case, func, or_, select

from include.calls.call import CallState
from include.calls.ledger import Ledger
from include.calls.stage import STAGES, Stage, stage_of
from include.database import official
from include.database.accounted import accounted_for
from include.database.days import was_discovered
from include.database.models import AuditRow, BatchCallRow, CallRow, FailureRow
from include.database.work import REASON, STATE

# A report lists so many calls one by one; beyond, an engineer asks the database.
NOT_AUDITED_SHOWN = 200
# In this order: what somebody has to act on comes first.
_NOT_AUDITED = [CallState.FAILED, CallState.QUARANTINED, CallState.SKIPPED, CallState.DUPLICATE]
# What differs from call to call in a reason: what follows the first colon or semicolon, and figures.
_DETAIL = re.compile(r"\s*[:;].*", re.DOTALL)
# Hosts and the LLM client name the call; the same trouble of two calls is one reason.
_CALL = re.compile(r"(Call )?\b\d{8}-[0-9a-f]{20}: ")
_FIGURE = re.compile(r"\d[\d.,:/-]*")
_STAGE = re.compile(rf"({'|'.join(STAGES)}): ")
_KIND_CHARS = 80
_NO_REASON = "no reason was stored"


@dataclass(frozen=True)
class ReasonCount:
    """How many calls are not audited for one kind of reason; `example` is one call's full reason."""

    state: str
    kind: str
    calls: int
    example: str


@dataclass(frozen=True)
class Outcome:
    """Where the run's calls stand.

    Attributes:
        discovered: All calls of the run; `ledger` splits them by state.
        closed: Every call is in a final state, and discovery has ended.
        looked_for: Whether discovery has ended, so that it is known which calls there are.
        audited_now: Audited by this run; the others of `ledger.audited` were audited before it.
        tries: Those of them that it was to audit again and could not, by reason: their old audit stands.
        audio_s: Length of all calls whose header could be read; `audited_audio_s` of the audited ones.
    """

    ledger: Ledger
    discovered: int
    closed: bool
    looked_for: bool
    audited_now: int
    audited_before: int
    tries: tuple[ReasonCount, ...]
    audio_s: float
    audited_audio_s: float

    @property
    def failed_tries(self) -> int:
        """How many there are of `tries`."""
        return sum(reason.calls for reason in self.tries)


@dataclass(frozen=True)
class NotAudited:
    """A call that ended otherwise than audited."""

    call_id: str
    path: str
    state: str
    kind: str
    reason: str

    @property
    def stage(self) -> Stage | None:
        """The stage that it ended in; None where it ended in none."""
        return stage_of(self.reason)


def count_outcome(connection: Connection, batch_id: str) -> Outcome:
    """Counts the run's calls by state."""
    audio_s = func.coalesce(func.sum(CallRow.duration_s), 0.0)
    query = of_batch(select(STATE, func.count(), audio_s), batch_id).group_by(STATE)
    rows = connection.execute(query).all()
    ledger = Ledger.of({state: calls for state, calls, _ in rows})
    now, looked_for = _audited_now(connection, batch_id), was_discovered(connection, batch_id)
    return Outcome(
        ledger=ledger,
        discovered=ledger.discovered,
        closed=ledger.closed and looked_for,
        looked_for=looked_for,
        audited_now=now,
        audited_before=ledger.audited - now,
        tries=_failed_tries(connection, batch_id),
        audio_s=sum(audio_s for _, _, audio_s in rows),
        audited_audio_s=sum(audio_s for state, _, audio_s in rows if state == CallState.AUDITED),
    )


def count_reasons(connection: Connection, batch_id: str) -> tuple[ReasonCount, ...]:
    """Counts the calls that are not audited by state and kind of reason, the most frequent first."""
    counts: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(_not_audited(batch_id).order_by(CallRow.path)):
        counts.setdefault((row.state, _kind(row)), []).append(row.state_reason or _NO_REASON)
    reasons = [ReasonCount(state, kind, len(all_), all_[0]) for (state, kind), all_ in counts.items()]
    return tuple(sorted(reasons, key=lambda r: (_NOT_AUDITED.index(CallState(r.state)), -r.calls, r.kind)))


def list_not_audited(connection: Connection, batch_id: str) -> tuple[NotAudited, ...]:
    """Lists the first calls that are not audited, failed and quarantined ones before the others."""
    order = case({state.value: place for place, state in enumerate(_NOT_AUDITED)}, value=STATE)
    query = _not_audited(batch_id).order_by(order, CallRow.path).limit(NOT_AUDITED_SHOWN)
    return tuple(
        NotAudited(row.call_id, row.path, row.state, _kind(row), row.state_reason or _NO_REASON)
        for row in connection.execute(query)
    )


def of_batch(query: Select[*tuple[Any, ...]], batch_id: str) -> Select[*tuple[Any, ...]]:
    """Narrows a query to the calls of the run."""
    joined = query.select_from(BatchCallRow).join(CallRow, CallRow.call_id == BatchCallRow.call_id)
    return joined.where(accounted_for(batch_id))


def of_current_audits(query: Select[*tuple[Any, ...]], batch_id: str) -> Select[*tuple[Any, ...]]:
    """Narrows a query to the audited calls of the run and the audits that "audited" in its ledger stands on.

    For an audit these are the current ones, whichever run made them; for a rescore they are its own. When the
    run has ended, those that were so then: its report says the same for ever. What people have said of them
    is joined: `include.database.official`.
    """
    joined = of_batch(query, batch_id).join(AuditRow, AuditRow.call_id == CallRow.call_id)
    joined = joined.outerjoin(*official.SCORE)
    current = and_(BatchCallRow.state.is_(None), AuditRow.superseded_at.is_(None))
    own = and_(BatchCallRow.state.is_not(None), AuditRow.batch_id == BatchCallRow.batch_id)
    now = and_(BatchCallRow.audit_id.is_(None), or_(current, own))
    return joined.where(STATE == CallState.AUDITED, or_(AuditRow.audit_id == BatchCallRow.audit_id, now))


def ended_in(stage: str) -> ColumnElement[bool]:
    """Whether a call's reason names this stage as the one where it ended."""
    return REASON.startswith(f"{stage}: ", autoescape=True)


def _audited_now(connection: Connection, batch_id: str) -> int:
    own = CallRow.call_id.in_(select(AuditRow.call_id).where(AuditRow.batch_id == batch_id))
    query = of_batch(select(func.count()), batch_id).where(STATE == CallState.AUDITED, own)
    return int(connection.scalar(query) or 0)


def _failed_tries(connection: Connection, batch_id: str) -> tuple[ReasonCount, ...]:
    query = of_batch(select(BatchCallRow.failed_try), batch_id).where(BatchCallRow.failed_try.is_not(None))
    kinds: dict[str, list[str]] = {}
    for reason in connection.execute(query.order_by(CallRow.path)).scalars():
        kinds.setdefault(_kind_of(reason), []).append(reason)
    counts = [ReasonCount(CallState.AUDITED, kind, len(all_), all_[0]) for kind, all_ in kinds.items()]
    return tuple(sorted(counts, key=lambda count: (-count.calls, count.kind)))


def _not_audited(batch_id: str) -> Select[*tuple[Any, ...]]:
    """Calls with the stage and the kind of their newest failed attempt of this run, where there is one."""
    last = _last_failures(batch_id)
    ended = (STATE.label("state"), REASON.label("state_reason"))
    columns = (CallRow.call_id, CallRow.path, *ended, last.c.stage, last.c.kind)
    query = of_batch(select(*columns), batch_id)
    query = query.outerjoin(last, last.c.call_id == CallRow.call_id)
    return query.where(STATE.in_(_NOT_AUDITED))


def _last_failures(batch_id: str) -> Subquery:
    newest = select(func.max(FailureRow.id).label("id"))
    newest = newest.where(FailureRow.batch_id == batch_id, FailureRow.call_id.is_not(None))
    ids = newest.group_by(FailureRow.call_id).subquery()
    columns = (FailureRow.call_id, FailureRow.stage, FailureRow.kind)
    return select(*columns).join(ids, FailureRow.id == ids.c.id).subquery()


def _kind(row: Row[*tuple[Any, ...]]) -> str:
    """What the calls with the same trouble have in common."""
    reason = row.state_reason or _NO_REASON
    if row.state == CallState.DUPLICATE:
        return "same content as another recording"
    # An attempt that failed in another stage was mended; the reason is something else then.
    # A recording's own trouble says more than its kind.
    if row.kind is not None and row.state != CallState.QUARANTINED and reason.startswith(f"{row.stage}: "):
        return f"{row.stage}: {row.kind}"
    return _kind_of(reason)


def _kind_of(reason: str) -> str:
    stage = _STAGE.match(reason)
    prefix = stage.group() if stage else ""
    detail = _CALL.sub("", reason[len(prefix) :])
    return prefix + _FIGURE.sub("…", _DETAIL.sub("", detail))[:_KIND_CHARS]
