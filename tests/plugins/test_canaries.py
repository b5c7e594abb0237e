"""Canaries: asked anew each night beside a run's own calls, compared with gold and the nights before."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, update

from cofi.operators.canaries import CanaryOperator
from cofi.pools import LLM_POOL
from include.calls.call import Call
from include.calls.stage import Stage
from include.calls.transcript import Transcript, Turn
from include.database import scorecards
from include.database.models import (
    AuditRow,
    BatchCallRow,
    BatchRow,
    CanaryRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    OutboxRow,
    StageResultRow,
    TranscriptRow,
)
from include.errors import CallsPutOff, LlmUnusable
from include.gpu.wire import Engine, IvrResult
from tests.plugins.fake_llm import FakeLlm, said
from tests.plugins.shard import run_report
from tests.unit.database.seeding import DAY, Day, recording, scorecard

CANARIES = [recording(f"{number:02}.wav") for number in range(12)]
TONIGHT = date(2026, 11, 20)
DOCUMENT = Path("docs/judge-quality.md")
GOODBYE = "Thank you for calling, goodbye."
ENGINE = Engine(name="landmarks", version="1", device="cpu")


def closing(answer: str, calls: Sequence[int] = range(12)) -> Any:
    """A judge who answers that to `closing` in some of the calls, and yes in the others."""

    def first(prompt: str) -> dict[str, dict[str, Any]]:
        number = int(prompt.split("case number ")[1].split(maxsplit=1)[0].rstrip("."))
        return {"closing": said(answer if number in calls else "yes", GOODBYE), "no_abuse": said("yes")}

    return first


@pytest.fixture
async def llm(connection, setting, tmp_path: Path) -> AsyncIterator[FakeLlm]:
    """An LLM behind `cofi_llm`: a dollar an answer."""
    fake = FakeLlm(first=closing("yes"))
    server = await fake.start()
    connection("cofi_llm", conn_type="http", host=fake.url, extra={"model": "judge-1"})
    setting("llm_attempts", 1)
    prices = tmp_path / "prices.yaml"
    prices.write_text("judge-1: {prompt: 10000, cached: 0, completion: 0}")
    setting("llm_prices_file", prices)
    yield fake
    await server.close()


@pytest.fixture
def audited(day: Day, llm: FakeLlm, setting, tmp_path: Path) -> Day:
    """Twelve calls that were audited days ago, and whose answers people know."""
    batch = day.planned(*CANARIES, batch_id="before")
    day.audit(batch, *CANARIES)
    with day.database.writing() as connection:
        for number, call in enumerate(CANARIES):
            connection.execute(insert(TranscriptRow), [transcript_row(call, number)])
            ivr = IvrResult(call_id=call.call_id, engine=ENGINE, seconds=0, audio_s=3, segments=[], kept=[])
            heard = (StageResultRow.call_id == call.call_id, StageResultRow.stage == Stage.IVR)
            connection.execute(
                update(StageResultRow).where(*heard).values(result=ivr.model_dump(mode="json"))
            )
    labels = [f"{DAY},{call.path},{name},yes" for call in CANARIES for name in ("closing", "no_abuse")]
    file = tmp_path / "canaries.csv"
    file.write_text("\n".join(["day,file,criterion,answer", *labels]) + "\n")
    setting("canary_calls", file)
    return day


def transcript_row(call: Call, number: int) -> dict[str, Any]:
    words = [("customer", f"My name is Peter Holloway, this is case number {number}."), ("agent", GOODBYE)]
    turns = [
        Turn(
            id=f"t{n}",
            speaker=who,
            channel=int(who == "customer"),
            start_ms=n * 5000,
            end_ms=n * 5000 + 4000,
            text=text,
            confidence=0.9,
        )
        for n, (who, text) in enumerate(words, 1)
    ]
    heard = Transcript(call_id=call.call_id, language="en", turns=turns)
    return {
        "call_id": call.call_id,
        "sha256": heard.sha256,
        "language": "en",
        "transcript": heard.model_dump(mode="json"),
        "created_at": datetime.now(UTC),
    }


def opened(batch_id: str) -> dict[str, Any]:
    return {"batch_id": batch_id, "day": "2026-11-19", "location": "file:///calls"}


def open_run(day: Day, batch_id: str, night: date = TONIGHT) -> None:
    """A run of a day with one call, opened in a night."""
    own = recording(f"{batch_id}.wav", date(2026, 11, 19))
    day.audit(day.planned(own, batch_id=batch_id), own)
    at = datetime(night.year, night.month, night.day, 0, 5, tzinfo=UTC)
    with day.database.writing() as connection:
        connection.execute(update(BatchRow).where(BatchRow.batch_id == batch_id).values(opened_at=at))


async def ask(batch_id: str, slots: int = 4, **params: object) -> dict[str, int]:
    """Runs the task."""
    operator = CanaryOperator(task_id="canaries", batch=opened(batch_id), pool_slots=slots)
    assert (operator.pool, operator.pool_slots) == (LLM_POOL, slots)
    context = {"ti": SimpleNamespace(try_number=1), "params": {"llm_requests": slots, **params}}
    return await operator.aexecute(context)


def report(batch_id: str) -> dict[str, Any]:
    return run_report(opened(batch_id))


def told(day: Day, batch_id: str) -> dict[str, Any]:
    """The event of a run."""
    events = [row["payload"]["data"] for row in day.rows(OutboxRow, call_id=None)]
    (event,) = [data for data in events if data["batch_id"] == batch_id]
    return event


async def night(day: Day, llm: FakeLlm, number: int) -> str:
    """A whole night: run, canaries, report."""
    batch_id = f"night-{number}"
    open_run(day, batch_id, TONIGHT + timedelta(days=number))
    await ask(batch_id)
    report(batch_id)
    return batch_id


async def test_both_stages_are_asked_and_no_account_of_calls_is_touched(
    audited: Day, llm: FakeLlm, runs_folder: Path
) -> None:
    open_run(audited, "run-1")
    before = {table: audited.rows(table) for table in (AuditRow, BatchCallRow, StageResultRow, FailureRow)}

    assert await ask("run-1") == {"canaries": 12, "answered": 12}

    assert {table: audited.rows(table) for table in before} == before
    assert all("Holloway" not in body["messages"][-1]["content"] for body in llm.asked)
    assert llm.schemas() == {"call_understanding": 12, "scorecard_answers": 12}
    rows = audited.rows(CanaryRow, batch_id="run-1")
    assert {row["call_id"] for row in rows} == {call.call_id for call in CANARIES}
    assert {row["night"] for row in rows} == {TONIGHT}
    assert {(row["answers"]["closing"], row["model"], row["failure"]) for row in rows} == {
        ("yes", "judge-1", None)
    }
    ledger = report("run-1")
    assert (ledger["audited"], sum(ledger.values())) == (1, 1)
    assert told(audited, "run-1")["ledger"]["discovered"] == 1


async def test_their_cost_is_the_runs_and_stands_beside(
    audited: Day, llm: FakeLlm, runs_folder: Path
) -> None:
    open_run(audited, "run-1")
    await ask("run-1")
    paid = audited.rows(LlmSpendingRow, batch_id="run-1")
    assert {row["stage"] for row in paid} == {"canary_llm1", "canary_llm2"}
    assert sum(row["cost_usd"] for row in paid) == 24
    report("run-1")
    (page,) = runs_folder.rglob("report.html")
    text = page.read_text()
    assert "Canaries: 12 calls asked about anew" in text and "canary_llm2" in text
    assert "Cost of this run: $24.00" in text
    assert "A call cost" not in text, "nothing was paid for the run's own call"
    assert "Replaced before transcripts left" not in text, "nor did it leave"


async def test_a_night_asks_once_and_each_night_anew(audited: Day, llm: FakeLlm, runs_folder: Path) -> None:
    open_run(audited, "run-1")
    await ask("run-1")
    identities = {row["identity"] for row in audited.rows(LlmResultRow)}
    llm.asked.clear()

    await ask("run-1")  # its task again
    open_run(audited, "run-2")  # a backfill in the same night
    await ask("run-2")
    assert llm.asked == []
    assert len(audited.rows(CanaryRow, batch_id="run-2")) == 12
    report("run-2")
    assert told(audited, "run-2")["canaries"]["calls"] == 12

    open_run(audited, "run-3", TONIGHT + timedelta(days=1))
    await ask("run-3")
    assert llm.schemas() == {"call_understanding": 12, "scorecard_answers": 12}
    later = {row["identity"] for row in audited.rows(LlmResultRow)} - identities
    assert len(identities) == len(later) == 24


async def test_a_drift_is_named_in_report_event_and_log(
    audited: Day, llm: FakeLlm, runs_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        await night(audited, llm, number)
    first, third = told(audited, "night-0")["canaries"], told(audited, "night-2")["canaries"]
    assert (first["nights_before"], first["drift"], first["agreement_before"]) == (0, None, None)
    assert (third["nights_before"], third["drift"]) == (2, None), "too few nights to tell"

    steady = await night(audited, llm, 3)
    assert told(audited, steady)["canaries"] == {
        "night": "2026-11-23",
        "calls": 12,
        "failed": 0,
        "labels": 24,
        "agreement": 1.0,
        "agreement_before": 1.0,
        "nights_before": 3,
        "changed_answers": 0,
        "drift": [],
    }
    assert "no drift" in (runs_folder / steady / "report.html").read_text()

    llm.first, llm.model = closing("no", range(9)), "judge-1-2026-11-23"
    drifted = await night(audited, llm, 4)
    event = told(audited, drifted)["canaries"]
    assert (event["agreement"], event["agreement_before"], event["changed_answers"]) == (0.625, 1.0, 9)
    all_, one = event["drift"]
    assert (all_["criterion"], one["criterion"]) == (None, "closing")
    assert one["agreement"] == 0.25 and one["agreement_before"] == 1.0 and one["low"] > 0.25
    documented = re.search(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert documented and json.loads(f"{{{documented[1]}}}") == {"canaries": event}
    text = (runs_folder / drifted / "report.html").read_text()
    assert "The judge answers otherwise than in the nights before." in text
    assert "Answered otherwise than usual: 9 of" in text and "2026-11-16/00.wav" in text
    assert "judge-1-2026-11-23" in text
    out = caplog.text
    assert "Canaries drift: closing: 100.0 % of the answers agreed with gold before, tonight 25.0 %" in out
    assert "canaries  12 calls, 62 % agree with gold (before: 100 %)" in out
    assert "          DRIFT in all criteria, closing" in out


async def test_one_changed_answer_is_told_and_no_drift(audited: Day, llm: FakeLlm, runs_folder: Path) -> None:
    for number in range(4):
        await night(audited, llm, number)
    llm.first = closing("no", [5])
    event = told(audited, await night(audited, llm, 4))["canaries"]
    assert (event["changed_answers"], event["drift"]) == (1, [])


async def test_another_scorecard_has_no_nights_before(audited: Day, llm: FakeLlm, runs_folder: Path) -> None:
    for number in range(3):
        await night(audited, llm, number)
    other = scorecard().model_copy(update={"version": "99"})
    audited.database.write(lambda connection: scorecards.record(connection, other))
    open_run(audited, "night-3", TONIGHT + timedelta(days=3))
    with audited.database.writing() as connection:
        this = update(BatchRow).where(BatchRow.batch_id == "night-3")
        connection.execute(this.values(scorecard_sha256=other.sha256))
    await ask("night-3")
    report("night-3")
    event = told(audited, "night-3")["canaries"]
    assert (event["nights_before"], event["drift"]) == (0, None)


async def test_a_canary_that_nothing_is_known_of_is_named_and_fails_nothing(
    audited: Day, llm: FakeLlm, runs_folder: Path, setting
) -> None:
    setting("canary_calls", f"{DAY}/00.wav, {DAY}/nobody.wav, 2026-01-01/x.wav")
    open_run(audited, "run-1")
    assert await ask("run-1") == {"canaries": 3, "answered": 1}
    report("run-1")
    event = told(audited, "run-1")
    assert (event["closed"], event["canaries"]["calls"], event["canaries"]["failed"]) == (True, 1, 2)
    (page,) = runs_folder.rglob("report.html")
    assert "2026-01-01/x.wav" in page.read_text()
    assert "it has no transcript: audit its day, or take it off [cofi] canary_calls" in page.read_text()


async def test_what_cannot_be_asked_for_now_is_asked_by_the_next_try(
    audited: Day, llm: FakeLlm, runs_folder: Path
) -> None:
    open_run(audited, "run-1")
    llm.broken = 2
    with pytest.raises(CallsPutOff, match="2 of 12 canaries are put off"):
        await ask("run-1", slots=1)
    assert sum(row["failure"] is not None for row in audited.rows(CanaryRow)) == 2
    llm.asked.clear()
    assert (await ask("run-1", slots=1))["answered"] == 12
    assert llm.schemas() == {"call_understanding": 2, "scorecard_answers": 2}
    assert all(row["failure"] is None for row in audited.rows(CanaryRow))


async def test_the_budget_of_the_run_holds_for_them_too(
    audited: Day, llm: FakeLlm, runs_folder: Path
) -> None:
    open_run(audited, "run-1")
    result = await ask("run-1", slots=1, llm_budget_usd=5)
    assert sum(row["cost_usd"] for row in audited.rows(LlmSpendingRow)) == 5
    assert result["answered"] < 12
    failures = {row["failure"] for row in audited.rows(CanaryRow) if row["failure"]}
    assert failures and all(failure.startswith("budget_reached: ") for failure in failures)
    assert report("run-1")["audited"] == 1


async def test_a_wrong_key_ends_the_task_and_not_the_run(
    audited: Day, llm: FakeLlm, runs_folder: Path, connection
) -> None:
    open_run(audited, "run-1")
    wrong = FakeLlm()
    server = await wrong.start()
    connection("cofi_llm", conn_type="http", host=wrong.url + "/nowhere", extra={"model": "judge-1"})
    with pytest.raises(LlmUnusable):
        await ask("run-1")
    await server.close()
    assert len(audited.rows(CanaryRow)) == 12
    assert all(row["failure"].startswith("llm_unusable: ") for row in audited.rows(CanaryRow))
    assert report("run-1")["audited"] == 1
    assert told(audited, "run-1")["canaries"]["failed"] == 12


async def test_slots_bound_what_is_in_flight(audited: Day, llm: FakeLlm) -> None:
    open_run(audited, "run-1")
    llm.latency_s = 0.02
    await ask("run-1", slots=3)
    assert llm.traffic[1] == 3


def test_a_run_without_canaries_tells_of_none(day: Day, runs_folder: Path) -> None:
    open_run(day, "run-1")
    report("run-1")
    assert "canaries" not in told(day, "run-1")
    (page,) = runs_folder.rglob("report.html")
    assert "Canaries" not in page.read_text()
