"""How far a batch is: by stage and host, done, failed, in flight, per minute, and when it will end."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    case,
    func,
    literal,
    select,
    union_all,
)

from include.calls.call import CallState
from include.calls.stage import LLM_STAGES, STAGES, Stage
from include.database.accounted import accounted_for
from include.database.lanes import at_work
from include.database.models import BatchCallRow, BatchRow, CallRow, LaneRow, StageResultRow
from include.database.work import REASON, STATE, BatchKind, counts_here

# "Per minute" looks back so far, or to the batch's beginning.
WINDOW = timedelta(minutes=5)

# Numbers by stage and by what they count.
_Figures = dict[str, Counter[str]]


@dataclass(frozen=True)
class StageProgress:
    """A stage over the calls that are planned on a host.

    Attributes:
        left: Calls that have still to pass it.
        failed: Calls that ended as failed or quarantined in it.
        in_flight: Calls that it works on, as the lanes last reported.
        per_minute: Calls, over the last minutes.
        ends_at: At that pace; None when nothing moves, or nothing is left.
    """

    stage: Stage
    host: str
    left: int
    done: int
    failed: int
    in_flight: int
    per_minute: float
    ends_at: datetime | None


def stage_progress(connection: Connection, batch_id: str) -> list[StageProgress]:
    """Asks one query about a batch; a line for every stage of every host that has calls."""
    now = datetime.now(UTC)
    opened = select(BatchRow.opened_at, BatchRow.kind).where(BatchRow.batch_id == batch_id)
    opened_at, kind = connection.execute(opened).one()
    since = max(opened_at, now - WINDOW)
    again = kind != BatchKind.AUDIT
    figures: dict[str, _Figures] = defaultdict(lambda: defaultdict(Counter))
    for what, stage, host, number in connection.execute(_figures(batch_id, since, now)):
        figures[host][stage][what] += number
    minutes = max((now - since).total_seconds() / 60, 1 / 60)
    stages = LLM_STAGES if again else STAGES
    return [
        _progress(stage, host, figures[host], minutes, now) for stage in stages for host in sorted(figures)
    ]


def _progress(stage: Stage, host: str, of_host: _Figures, minutes: float, now: datetime) -> StageProgress:
    of_stage = of_host[stage]
    # A call whose GPU work was done before needs none of it again.
    passed = of_stage["open"] if stage in LLM_STAGES else max(of_stage["open"], of_host[Stage.STT]["open"])
    left, per_minute = of_host[""]["open"] - passed, of_stage["recent"] / minutes
    return StageProgress(
        stage=stage,
        host=host,
        left=left,
        done=of_stage["done"],
        failed=of_stage["failed"],
        in_flight=of_stage["in_flight"],
        per_minute=per_minute,
        ends_at=now + timedelta(minutes=left / per_minute) if left and per_minute else None,
    )


def _figures(batch_id: str, since: datetime, now: datetime) -> CompoundSelect[*tuple[Any, ...]]:
    """Rows of (what, stage, host, number)."""
    lane = LaneRow
    of_run = StageResultRow.batch_id == batch_id
    done = counts_here(StageResultRow)
    recent = (of_run, StageResultRow.created_at >= since)
    open_ = STATE == CallState.PENDING
    ended_in = case(*((REASON.startswith(f"{s}: "), s.value) for s in STAGES), else_="")
    lost = STATE.in_([CallState.FAILED, CallState.QUARANTINED])
    return union_all(
        _results("done", batch_id, done),
        _results("open", batch_id, done, open_),
        _results("recent", batch_id, done, *recent),
        _calls("open", literal(""), batch_id, open_),
        _calls("failed", ended_in, batch_id, lost),
        select(literal("in_flight"), lane.stage, lane.host, lane.in_flight).where(
            lane.batch_id == batch_id, at_work(now)
        ),
    )


def _results(what: str, batch_id: str, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    columns = (literal(what), StageResultRow.stage, BatchCallRow.host, func.count())
    query = select(*columns).join(BatchCallRow, BatchCallRow.call_id == StageResultRow.call_id)
    query = query.join(CallRow, CallRow.call_id == StageResultRow.call_id)
    query = query.where(accounted_for(batch_id), BatchCallRow.host.is_not(None), *where)
    return query.group_by(StageResultRow.stage, BatchCallRow.host)


def _calls(
    what: str, stage: ColumnElement[str], batch_id: str, *where: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    query = select(literal(what), stage, BatchCallRow.host, func.count()).join(CallRow)
    query = query.where(accounted_for(batch_id), BatchCallRow.host.is_not(None), *where)
    return query.group_by(stage, BatchCallRow.host)
