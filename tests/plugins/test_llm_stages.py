"""The LLM stages of a shard, run as Airflow runs them, against the rule-based endpoint."""

import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from airflow.sdk.exceptions import AirflowSkipException

from cofi.operators.llm_stage import LLM_POOL
from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.database.batches import Batch
from include.database.models import (
    AuditRow,
    CallFactsRow,
    CallRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    OutboxRow,
)
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings
from include.errors import InvalidInput, LlmDown, LlmUnusable, NearlyAllFailed
from include.llm.understanding import understand
from include.redaction.known import Known
from include.scorecards.scoring import assess
from tests.plugins.shard import CALLS, context, operator_of, run, run_report
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost
from tests.waiting import Together


@pytest.fixture
def together() -> Together:
    """How many requests the LLM has at once before it answers any."""
    return Together()


@pytest.fixture
async def llm(connection, together: Together) -> AsyncIterator[TestServer]:
    """An LLM behind the connection `cofi_llm`."""
    app = Endpoint(EndpointSettings(latency_s=0.05, token="key")).app
    app.middlewares.append(_meet(together))
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url("/v1"))
    extra = {"model": "cofi-rules-1"}
    connection("cofi_llm", conn_type="http", host=url, password="key", extra=extra)
    yield server
    await server.close()


def _meet(together: Together) -> Any:
    @web.middleware
    async def meet(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST":
            await together()
        return await handler(request)

    return meet


@pytest.fixture
async def transcribed(day: Day, batch: Batch, gpu_a: FakeGpuHost) -> Batch:
    """The three calls, with different transcripts."""
    for stage in STAGES[:5]:
        await run(stage)
    return batch


async def test_transcribed_calls_are_audited_and_paid_for_once(
    day: Day, transcribed: Batch, llm: TestServer
) -> None:
    assert (await run(Stage.LLM1))["done"] == 3
    assert (await run(Stage.LLM2))["done"] == 3

    assert {day.state_of(call)[0] for call in CALLS} == {"audited"}
    assert len(day.rows(AuditRow, superseded_at=None)) == 3
    paid = await figures(llm)
    again = day.discover(*CALLS, batch_id="run-2")  # pending again: discovery was told to redo all
    day.plan(again, Redo.ALL, Stage.LLM1)
    for stage in (Stage.LLM1, Stage.LLM2):
        assert (await run(stage, "run-2"))["done"] == 3
    assert await figures(llm) == paid
    for table in (AuditRow, CallFactsRow):  # a stored answer tells of the call as a new one does
        assert len(day.rows(table, superseded_at=None)) == 3
        assert len(day.rows(table)) == 6


async def test_an_audit_is_scored_beside_the_event_loop(
    transcribed: Batch, llm: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scoring: list[threading.Thread] = []

    def noted(*given: Any, **named: Any) -> Any:
        scoring.append(threading.current_thread())
        return assess(*given, **named)

    monkeypatch.setattr("include.llm.stages.assess", noted)
    for stage in (Stage.LLM1, Stage.LLM2):
        await run(stage)
    assert len(scoring) == 3 and threading.current_thread() not in scoring


@pytest.mark.usefixtures("transcribed")
@pytest.mark.parametrize(("slots", "param", "most"), [(2, 10, 2), (3, 1, 1), (3, 3, 3)])
async def test_requests_in_flight_are_bounded_by_the_slots_and_by_the_param(
    llm: TestServer, together: Together, slots: int, param: int, most: int
) -> None:
    together.parties = most
    operator = operator_of(Stage.LLM1, pool_slots=slots)
    assert (operator.pool, operator.pool_slots) == (LLM_POOL, slots)

    await operator.aexecute(context(llm_requests=param))

    assert (await figures(llm))["max_in_flight"] == most


@pytest.mark.usefixtures("transcribed", "llm")
@pytest.mark.parametrize(("kept", "replaced"), [("", 1), ("Riverside, Dana", None)])
async def test_names_leave_as_tokens_unless_the_settings_keep_them(
    day: Day, setting, kept: str, replaced: int | None
) -> None:
    setting("llm_names_kept", kept)
    await run(Stage.LLM1)
    assert [row["redactions"].get("NAME") for row in day.rows(LlmResultRow)] == [replaced] * 3


async def test_a_call_in_which_nobody_speaks_ends_before_anything_is_paid(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, llm: TestServer
) -> None:
    gpu_a.silent = {CALLS[1].call_id}
    for stage in STAGES[:5]:
        await run(stage)

    result = await run(Stage.LLM1)

    assert (result["done"], result["ended"]) == (2, 1)
    assert day.state_of(CALLS[1]) == ("skipped", "nobody speaks in it")
    assert (await figures(llm))["requests"] == 2


async def test_a_connection_without_a_model_is_the_reason_of_the_calls_that_it_stops(
    day: Day, transcribed: Batch, connection, runs_folder: Path
) -> None:
    connection("cofi_llm", conn_type="http", host="http://127.0.0.1:1/v1")
    with pytest.raises(InvalidInput, match="names no model"):
        await run(Stage.LLM1)
    (failure,) = day.rows(FailureRow)
    assert (failure["call_id"], failure["stage"], failure["kind"]) == (None, "llm1", "invalid_input")

    with pytest.raises(AirflowSkipException):
        await run(Stage.LLM2)
    with pytest.raises(NearlyAllFailed):
        run_report()

    state, reason = day.state_of(CALLS[0])
    assert state == "failed"
    assert "llm1: Connection cofi_llm names no model" in str(reason)


async def test_a_wrong_key_is_one_error_of_the_task(
    day: Day, transcribed: Batch, llm: TestServer, connection
) -> None:
    extra = {"model": "cofi-rules-1"}
    connection("cofi_llm", conn_type="http", host=str(llm.make_url("/v1")), password="other", extra=extra)
    with pytest.raises(LlmUnusable, match="check the API key"):
        await run(Stage.LLM1)
    (failure,) = day.rows(FailureRow)
    assert (failure["call_id"], failure["kind"]) == (None, "llm_unusable")
    assert {day.state_of(call)[0] for call in CALLS} == {"pending"}, "a key can be put right"


async def test_an_api_that_stays_down_is_one_error_of_the_task(
    day: Day, transcribed: Batch, connection, setting
) -> None:
    setting("llm_outage_patience_s", 0.5)
    connection("cofi_llm", conn_type="http", host="http://127.0.0.1:1/v1", extra={"model": "m"})
    with pytest.raises(LlmDown, match="does not answer"):
        await run(Stage.LLM1)
    (failure,) = day.rows(FailureRow)
    assert (failure["call_id"], failure["kind"]) == (None, "llm_down")


class TestBudget:
    """The price is set so that every answer costs its completion tokens in dollars."""

    @pytest.fixture(autouse=True)
    def priced(self, setting, tmp_path: Path) -> None:
        file = tmp_path / "prices.yaml"
        file.write_text("cofi-rules-1: {prompt: 0, cached: 0, completion: 1000000}")
        setting("llm_prices_file", file)

    async def test_a_run_stops_asking_at_its_budget_and_the_next_one_asks_for_the_rest_once(
        self, day: Day, transcribed: Batch, llm: TestServer, runs_folder: Path, setting
    ) -> None:
        setting("alarm_failed_share", 0.5)  # calls that wait for money are no fault of the API
        spent_up = context(llm_requests=1, llm_budget_usd=1)
        understood = await operator_of(Stage.LLM1, pool_slots=1).aexecute(spent_up)
        audited = await operator_of(Stage.LLM2, pool_slots=1).aexecute(spent_up)

        assert (understood["done"], understood["failed"]) == (1, {"budget_reached": 2})
        assert audited["done"] == 1  # it is too short to be asked about, and so costs nothing
        assert (await figures(llm))["requests"] == 1
        assert len(day.rows(LlmSpendingRow)) == 1
        ledger = run_report()
        assert (ledger["audited"], ledger["failed"]) == (1, 2)
        (page,) = runs_folder.rglob("report.html")
        assert "budget is used up: 2 calls wait" in page.read_text()
        (event,) = day.rows(OutboxRow, call_id=None)
        assert event["payload"]["data"]["waiting_for_budget"] == 2

        stand = [replace(call, state=CallState(day.state_of(call)[0])) for call in CALLS]
        day.plan(day.discover(*stand, batch_id="run-2"))
        assert (await run(Stage.LLM1, "run-2"))["done"] == 2
        assert (await run(Stage.LLM2, "run-2"))["done"] == 2
        assert (await figures(llm))["requests"] == 3
        assert {day.state_of(call)[0] for call in CALLS} == {"audited"}

    async def test_the_budget_of_a_day_counts_what_other_runs_paid(
        self, day: Day, transcribed: Batch, llm: TestServer, setting
    ) -> None:
        setting("llm_budget_per_day_usd", 1)
        await operator_of(Stage.LLM1, pool_slots=1).aexecute(context(llm_requests=1))
        failed = [replace(call, state=CallState.FAILED) for call in CALLS]
        day.plan(day.discover(*failed, batch_id="run-2"), Redo.ALL, Stage.LLM1)

        assert (await run(Stage.LLM1, "run-2"))["failed"] == {"budget_reached": 2}
        assert (await figures(llm))["requests"] == 1

    async def test_a_budget_for_a_model_without_a_price_is_refused(
        self, transcribed: Batch, llm: TestServer, setting, tmp_path: Path
    ) -> None:
        (tmp_path / "prices.yaml").write_text("another: {prompt: 1, cached: 1, completion: 1}")
        with pytest.raises(InvalidInput, match="cofi-rules-1 has no price"):
            await operator_of(Stage.LLM1).aexecute(context(llm_budget_usd=5))
        assert (await run(Stage.LLM1))["done"] == 3  # nobody set a budget


async def figures(llm: TestServer) -> dict[str, int]:
    """What the LLM counted."""
    async with aiohttp.ClientSession() as session, session.get(llm.make_url("/stats")) as response:
        return await response.json()


async def test_both_sides_of_the_metadata_are_known_to_redaction(
    day: Day, transcribed: Batch, llm: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = {"caller": "+14155550123", "caller_name": "Ana Ruiz", "called_name": "Kim Lee"}
    with day.database.writing() as connection:
        connection.execute(CallRow.__table__.update().values(details=details, agent="Dana Fox"))
    known: list[Known] = []

    async def noted(*given: Any, **named: Any) -> Any:
        known.append(named["known"])
        return await understand(*given, **named)

    monkeypatch.setattr("include.llm.stages.understand", noted)
    await run(Stage.LLM1)
    assert [(one.names, one.numbers) for one in known] == [
        (("Dana Fox", "Ana Ruiz", "Kim Lee"), ("14155550123",))
    ] * 3
