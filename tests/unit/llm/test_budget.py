"""Budgets: held against the sum in the database, whoever paid; exceeded by what is in flight at most."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from include.calls.stage import Stage
from include.concurrency import for_each
from include.database import spending
from include.database.engine import Database
from include.database.models import LlmSpendingRow
from include.errors import AnswerInvalid, AnswerRefused, BudgetReached, InvalidInput, LlmLost
from include.llm.budget import Budget, Meter, Payer
from include.llm.client import LlmClient
from include.llm.structured import structured
from include.llm.usage import Price, Usage
from tests.empty_database import empty_database
from tests.unit.database.seeding import Day, recording
from tests.unit.llm.conftest import FakeApi

CALL = recording("a.wav").call_id
# An answer of the fake API has 60 fresh and 40 cached prompt tokens, and 10 of its own: $1 at these prices.
PRICES = {"m": Price(prompt=10_000, cached=0, completion=40_000)}
ONE = Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=40)
ClientOf = Callable[..., LlmClient]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """Two runs that account for one call."""
    database = Database(empty_database(tmp_path / "cofi.db"))
    made = Day(database)
    made.planned(recording("a.wav"))
    made.discover(recording("a.wav"), batch_id="run-2")
    yield made
    database.close()


def meter_of(day: Day, run_usd: float = 0, day_usd: float = 0, run: str = "run-1", **changes: Any) -> Meter:
    payer = Payer(run, Stage.LLM1, "m")
    budget = Budget(run_usd, day_usd, changes.pop("timezone", "UTC"))
    return Meter(day.database, payer, PRICES, budget, **{"look_every_s": 0.0, **changes})


async def ask(client: LlmClient) -> None:
    await client.complete([], {}, "name", item=CALL)


async def until_refused(client: LlmClient, width: int) -> int:
    """Asks on and on, as wide as can be; how many requests were refused for want of money."""
    refused = 0

    async def many() -> AsyncIterator[None]:
        for _ in range(200):
            if refused == 0:
                yield

    async def one(_: None) -> None:
        nonlocal refused
        try:
            await ask(client)
        except BudgetReached:
            refused += 1

    await for_each(many(), one, 2 * width)
    return refused


@pytest.mark.long
async def test_tasks_of_a_run_together_exceed_its_budget_by_no_more_than_what_is_in_flight(
    day: Day, api: FakeApi, client_of: ClientOf
) -> None:
    tasks, width, budget_usd = 4, 3, 40
    api.latency_s = 0.03

    async def task() -> None:
        async with meter_of(day, budget_usd) as meter:
            client = client_of(api, width)
            client._meter = meter
            async with client:
                assert await until_refused(client, width) > 0

    await asyncio.gather(*(task() for _ in range(tasks)))

    paid = day.rows(LlmSpendingRow)
    assert len(paid) == len(api.bodies)
    assert sum(row["cost_usd"] for row in paid) == pytest.approx(len(paid))
    assert budget_usd <= len(paid) <= budget_usd + tasks * width
    assert day.database.read(lambda c: spending.spent_by_run(c, "run-1")) == pytest.approx(len(paid))


@pytest.mark.parametrize("whose", ["run_usd", "day_usd"])
async def test_between_two_looks_a_task_counts_what_it_pays_itself(
    day: Day, api: FakeApi, client_of: ClientOf, whose: str
) -> None:
    async with meter_of(day, look_every_s=3600, **{whose: 7}) as meter:
        client = client_of(api, 1)
        client._meter = meter
        async with client:
            await until_refused(client, 1)
    assert len(api.bodies) == 7


async def test_between_two_looks_the_database_is_left_alone(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, real = [], spending.spent_by_run

    def seen(*arguments: Any) -> float:
        looks.append(arguments[1:])
        return real(*arguments)

    monkeypatch.setattr(spending, "spent_by_run", seen)
    async with meter_of(day, 7, look_every_s=3600) as meter:
        for _ in range(3):
            await meter.admit()
    assert looks == [("run-1",)]


async def test_a_look_waits_until_what_was_paid_is_saved(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, real = threading.Event(), spending.record

    def slow(*arguments: Any) -> None:
        assert go_on.wait(10)
        real(*arguments)

    monkeypatch.setattr(spending, "record", slow)
    async with meter_of(day, 1) as meter:
        meter.paid(CALL, "m", ONE)
        admitted = asyncio.create_task(meter.admit())
        await asyncio.sleep(0.05)
        assert not admitted.done()
        go_on.set()
        with pytest.raises(BudgetReached):
            await admitted


async def test_what_is_paid_during_a_look_counts(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, go_on, real = threading.Event(), threading.Event(), spending.spent_by_run

    def slow(*arguments: Any) -> float:
        spent_usd = real(*arguments)
        looked.set()
        assert go_on.wait(10)
        return spent_usd

    monkeypatch.setattr(spending, "spent_by_run", slow)
    async with meter_of(day, 1) as meter:
        admitted = asyncio.create_task(meter.admit())
        assert await asyncio.to_thread(looked.wait, 10)
        meter.paid(CALL, "m", ONE)
        go_on.set()
        with pytest.raises(BudgetReached):
            await admitted


async def test_answers_that_are_of_no_use_are_paid_for_too(
    day: Day, api: FakeApi, client_of: ClientOf
) -> None:
    def read(said: Any) -> None:
        raise ValueError("never right")

    async with meter_of(day) as meter:
        client = client_of(api)
        client._meter = meter
        async with client:
            with pytest.raises(AnswerInvalid):
                await structured(client, [], {}, "name", item=CALL, read=read)
    (first, second) = day.rows(LlmSpendingRow)
    assert (first["call_id"], first["stage"], first["batch_id"]) == (CALL, "llm1", "run-1")
    assert first["model"] == "m-2026-01-01"
    assert first["cost_usd"] == second["cost_usd"] == pytest.approx(1)


async def test_the_budget_of_a_day_is_shared_by_its_runs_and_new_after_midnight_of_the_site(day: Day) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    midnight = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def pay(at: datetime) -> None:
        row = {"batch_id": "run-2", "call_id": CALL, "stage": "llm1", "model": "m", "cost_usd": 1.0}
        row |= {"paid_at": at.astimezone(UTC), **vars(ONE)}
        day.database.write(lambda c: spending.record(c, [row]))

    async def admits() -> bool:
        async with meter_of(day, day_usd=1, timezone="Pacific/Auckland") as meter:
            try:
                await meter.admit()
            except BudgetReached as error:
                assert "this day" in str(error)
                return False
            return True

    pay(midnight - timedelta(seconds=1))
    assert await admits()
    pay(midnight)
    assert not await admits()


async def test_without_a_budget_the_database_is_not_asked(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    async with meter_of(day) as meter:
        monkeypatch.setattr(day.database, "read", None)
        await meter.admit()


async def test_a_model_that_the_api_calls_by_an_unknown_name_costs_what_the_asked_one_does(day: Day) -> None:
    async with meter_of(day) as meter:
        meter.paid(CALL, "m-turbo-by-another-name", ONE)
    assert day.rows(LlmSpendingRow)[0]["cost_usd"] == pytest.approx(1)


def test_a_budget_needs_a_price() -> None:
    with pytest.raises(InvalidInput, match="model x has no price"):
        Budget(run_usd=1).check("x", PRICES)
    Budget(run_usd=1).check("m", PRICES)
    Budget().check("x", PRICES)


async def test_a_refusal_is_paid_for_and_one_without_tokens_has_an_unknown_cost(
    day: Day, api: FakeApi, client_of: ClientOf
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
    refused = {"choices": [{"message": {"content": None, "refusal": "no"}}], "model": "m", "usage": usage}
    async with meter_of(day) as meter:
        client = client_of(api, max_attempts=1)
        client._meter = meter
        async with client:
            for reply in (refused, refused | {"usage": {}}, web.Response(text="<html>")):
                api.replies = [reply]
                with pytest.raises((AnswerRefused, LlmLost)):
                    await client.complete([], {}, "name", item=CALL)
    rows = day.rows(LlmSpendingRow)
    assert [row["cost_usd"] for row in rows] == [pytest.approx(1), None, None]
    assert [row["prompt_tokens"] for row in rows] == [100, 0, 0]
    assert {row["call_id"] for row in rows} == {CALL}


async def test_a_client_that_asks_otherwise_pays_into_the_same_budget_on_another_account(
    day: Day, api: FakeApi, client_of: ClientOf
) -> None:
    async with meter_of(day, run_usd=3) as meter:
        plain = client_of(api)
        client = LlmClient(plain.settings, 4, meter=meter)
        async with client:
            again = client.asking(Payer("run-1", "second_opinion", "m-2"), model="m-2", temperature=0.7)
            await ask(client)
            await ask(again)
            await ask(again)
            for one in (client, again):
                with pytest.raises(BudgetReached):
                    await ask(one)
    assert [(body["model"], body["temperature"]) for body in api.bodies] == [("m", 0), *[("m-2", 0.7)] * 2]
    assert [row["stage"] for row in day.rows(LlmSpendingRow)] == ["llm1", *["second_opinion"] * 2]
    assert again.limiter is client.limiter and client.settings.model == "m"


async def test_a_client_that_asks_otherwise_sends_no_temperature_where_none_is_taken(
    api: FakeApi, client_of: ClientOf
) -> None:
    async with client_of(api, temperature=None) as client:
        await ask(client.asking(Payer("run-1", "second_opinion", "m-2"), model="m-2", temperature=0.7))
    assert api.bodies[0]["model"] == "m-2" and "temperature" not in api.bodies[0]
