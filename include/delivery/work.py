"""What a run worked: stages on hosts, and failed attempts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Subquery, case, cast, extract, func, select

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES, LLM_STAGES, STAGES
from include.database.accounted import lies_among_those_of
from include.database.models import BatchCallRow, CallRow, FailureRow, StageResultRow
from include.database.work import STATE
from include.delivery.outcome import ended_in, of_batch

# Enough for a smooth line, and few enough for a small page.
PROGRESS_BINS = 120
FAILED_ATTEMPTS_SHOWN = 50

_Key = tuple[str, str]
_ORDER = {stage.value: place for place, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class StageFigures:
    """What one stage did on one host in this run.

    Attributes:
        host: GPU host; for llm1 and llm2 the endpoint's name.
        done: Calls that this stage finished here.
        failed_attempts: Every attempt that failed, also those that a retry mended.
        failed_calls: Calls that ended as failed in this stage, with this host to work for them.
        seconds: Processing time in all; `mean_s` per call.
        audio_s: Length of the recordings it was spent on, as far as known.
        first_at: When the first result was stored; `last_at`: the last one.
        calls_per_min: Between the two; None when all results were stored at once.
        rtf: Real-time factor: processing time per second of audio; None for stages that hear nothing.
        engines: Everything that made a result here.
    """

    stage: str
    host: str
    done: int = 0
    failed_attempts: int = 0
    failed_calls: int = 0
    seconds: float = 0.0
    mean_s: float | None = None
    audio_s: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None
    calls_per_min: float | None = None
    rtf: float | None = None
    engines: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageProgress:
    """How many calls a stage had done by when.

    Attributes:
        minutes: Since the run's first result.
        done: Calls done by then; as long as `minutes`.
    """

    stage: str
    minutes: tuple[float, ...]
    done: tuple[int, ...]


@dataclass(frozen=True)
class FailedAttempts:
    """Failed attempts of one kind at one stage on one host, with the newest message."""

    stage: str
    host: str
    kind: str
    attempts: int
    calls: int
    last_message: str


def measure_stages(connection: Connection, batch_id: str) -> tuple[StageFigures, ...]:
    """Sums up results and failures by stage and host, in the order of the stages."""
    results = _results(connection, batch_id)
    engines = _engines(connection, batch_id)
    attempts = _at_endpoints(_attempts(connection, batch_id), results)
    lost = _at_endpoints(_lost_calls(connection, batch_id), results)
    keys = sorted({*results, *attempts, *lost}, key=lambda key: (_ORDER.get(key[0], len(_ORDER)), key[1]))
    return tuple(
        StageFigures(
            stage=key[0],
            host=key[1],
            failed_attempts=attempts.get(key, 0),
            failed_calls=lost.get(key, 0),
            engines=engines.get(key, ()),
            **results.get(key, {}),
        )
        for key in keys
    )


def measure_progress(connection: Connection, batch_id: str) -> tuple[StageProgress, ...]:
    """Counts finished calls over time, cut into `PROGRESS_BINS`, for each stage."""
    at_s = cast(extract("epoch", StageResultRow.created_at), Integer)
    in_batch = StageResultRow.batch_id == batch_id
    first_s, last_s = connection.execute(select(func.min(at_s), func.max(at_s)).where(in_batch)).one()
    if first_s is None:
        return ()
    bin_s = max(1, -(-(last_s - first_s) // PROGRESS_BINS))
    number = ((at_s - first_s) // bin_s).label("number")
    query = select(StageResultRow.stage, number, func.count()).where(in_batch)
    counts: dict[str, dict[int, int]] = {}
    for stage, bin_number, done in connection.execute(query.group_by(StageResultRow.stage, number)):
        counts.setdefault(stage, {})[bin_number] = done
    stages = sorted(counts, key=lambda stage: _ORDER.get(stage, len(_ORDER)))
    return tuple(_progress(stage, counts[stage], bin_s / 60) for stage in stages)


def count_failed_attempts(connection: Connection, batch_id: str) -> tuple[FailedAttempts, ...]:
    """Counts failed attempts by stage, host and kind, the most frequent first."""
    key = (FailureRow.stage, FailureRow.host, FailureRow.kind)
    counts = (
        select(
            *key,
            func.count().label("attempts"),
            func.count(FailureRow.call_id.distinct()).label("calls"),
            func.max(FailureRow.id).label("newest"),
        )
        .where(FailureRow.batch_id == batch_id)
        .group_by(*key)
        .subquery()
    )
    shown = (*(counts.c[name] for name in ("stage", "host", "kind", "attempts", "calls")), FailureRow.message)
    query = (
        select(*shown)
        .join(FailureRow, FailureRow.id == counts.c.newest)
        .order_by(counts.c.attempts.desc(), counts.c.newest)
        .limit(FAILED_ATTEMPTS_SHOWN)
    )
    return tuple(FailedAttempts(*row) for row in connection.execute(query))


def _results(connection: Connection, batch_id: str) -> dict[_Key, dict[str, Any]]:
    rows = _timed_results(batch_id)
    query = select(
        rows.c.stage,
        rows.c.host,
        func.count(rows.c.call_id.distinct()).label("done"),
        func.sum(rows.c.seconds).label("seconds"),
        func.avg(rows.c.seconds).label("mean_s"),
        func.coalesce(func.sum(rows.c.duration_s), 0.0).label("audio_s"),
        func.sum(case((rows.c.duration_s.is_not(None), rows.c.seconds), else_=0.0)).label("heard_s"),
        func.min(rows.c.created_at).label("first_at"),
        func.max(rows.c.created_at).label("last_at"),
        func.sum(case((rows.c.created_at > rows.c.first_at, 1), else_=0)).label("later"),
    ).group_by(rows.c.stage, rows.c.host)
    return {(found.stage, found.host): _figures(**found._mapping) for found in connection.execute(query)}


def _timed_results(batch_id: str) -> Subquery:
    """The run's results beside the time of the first one of the same stage and host."""
    row = StageResultRow
    first_at = func.min(row.created_at).over(partition_by=(row.stage, row.host)).label("first_at")
    columns = (row.call_id, row.stage, row.host, row.seconds, row.created_at, CallRow.duration_s, first_at)
    joined = select(*columns).join(CallRow, CallRow.call_id == row.call_id)
    return joined.where(row.batch_id == batch_id, lies_among_those_of(batch_id)).subquery()


def _figures(
    *,
    stage: str,
    audio_s: float,
    heard_s: float,
    first_at: datetime,
    last_at: datetime,
    later: int,
    **rest: Any,
) -> dict[str, Any]:
    span_s = (last_at - first_at).total_seconds()
    figures = {name: rest[name] for name in ("done", "seconds", "mean_s")}
    return figures | {
        "audio_s": audio_s,
        "first_at": first_at,
        "last_at": last_at,
        # Results are stored some at a time: those of the first time were worked on before it.
        "calls_per_min": later / span_s * 60 if span_s else None,
        "rtf": heard_s / audio_s if audio_s and stage in GPU_STAGES else None,
    }


def _engines(connection: Connection, batch_id: str) -> dict[_Key, tuple[str, ...]]:
    key = (StageResultRow.stage, StageResultRow.host, StageResultRow.engine)
    query = select(*key).where(StageResultRow.batch_id == batch_id).distinct().order_by(*key)
    engines: dict[_Key, tuple[str, ...]] = {}
    for stage, host, engine in connection.execute(query):
        engines[stage, host] = (*engines.get((stage, host), ()), engine)
    return engines


def _attempts(connection: Connection, batch_id: str) -> dict[_Key, int]:
    key = (FailureRow.stage, FailureRow.host)
    query = select(*key, func.count()).where(FailureRow.batch_id == batch_id).group_by(*key)
    return {(stage, host): count for stage, host, count in connection.execute(query)}


def _lost_calls(connection: Connection, batch_id: str) -> dict[_Key, int]:
    stage = case(*((ended_in(stage), stage.value) for stage in STAGES))
    query = of_batch(select(stage, BatchCallRow.host, func.count()), batch_id)
    query = query.where(STATE == CallState.FAILED, stage.is_not(None), BatchCallRow.host.is_not(None))
    query = query.group_by(stage, BatchCallRow.host)
    return {(stage, host): count for stage, host, count in connection.execute(query)}


def _at_endpoints(counts: dict[_Key, int], results: dict[_Key, dict[str, Any]]) -> dict[_Key, int]:
    """Books failures of the LLM stages, which name the shard's GPU host, on the endpoint that was asked."""
    booked: dict[_Key, int] = {}
    for (stage, host), count in counts.items():
        endpoints = [key for key in results if key[0] == stage and stage in LLM_STAGES]
        key = (stage, host) if (stage, host) in results or not endpoints else min(endpoints)
        booked[key] = booked.get(key, 0) + count
    return booked


def _progress(stage: str, counts: dict[int, int], bin_min: float) -> StageProgress:
    """A point at each end of every bin with results, so that a line between them is level where none came."""
    points: list[tuple[int, int]] = []
    done = 0
    for number in sorted(counts):
        points.append((number, done))
        done += counts[number]
        points.append((number + 1, done))
    ends = list(dict.fromkeys(points))
    return StageProgress(stage, tuple(round(n * bin_min, 3) for n, _ in ends), tuple(d for _, d in ends))
