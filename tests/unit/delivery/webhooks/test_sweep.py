"""Events reach a real receiver: signed, at least once, in parallel; with retries, dead letters, replays."""

import asyncio
import json
import multiprocessing
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from include.database import deliveries
from include.database.engine import Database
from include.database.models import CallRow, OutboxRow
from include.delivery.webhooks.receiver import Receiver
from include.delivery.webhooks.sweep import Sweep
from include.errors import DeadLetters, InvalidInput, ReceiverGone, ReceiverLost
from tests.unit.database.seeding import Day
from tests.unit.delivery.webhooks.conftest import DELAYS_S, SECRET, FakeReceiver, settings_of, verified

Events = Callable[[int], list[str]]
RunSweep = Callable[..., Any]


@pytest.mark.long
async def test_every_event_arrives_once_and_is_signed(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    ids = events(250)

    swept = await sweep()

    assert (swept.delivered, swept.failed, swept.dead, swept.waiting) == (250, 0, 0, 0)
    assert Counter(receiver.ids) == Counter(ids)
    for headers, body in receiver.got:
        assert verified(headers, body)
        assert not verified(headers, body + b" ")
    told = json.loads(receiver.got[0][1])
    assert told["type"] == "call.skipped"
    assert told["data"]["call_id"] in {row["call_id"] for row in day.rows(CallRow)}
    assert (await sweep()).delivered == 0


async def test_a_secret_can_be_changed_while_both_are_valid(receiver: FakeReceiver) -> None:
    new = "whsec_bmV3IHNlY3JldCBvZiBlbm91Z2ggYnl0ZXM="
    async with Receiver(replace(settings_of(receiver.url), secrets=(new, SECRET))) as entered:
        await entered.send("msg_1", {"type": "x"})
    headers, body = receiver.got[0]
    assert verified(headers, body)
    assert verified(headers, body, b"new secret of enough bytes")
    assert not verified(headers, body, b"another secret")


@pytest.mark.long
async def test_requests_are_parallel_and_bounded(
    events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(30)
    receiver.together.parties = 6
    receiver.latency_s = 0.02
    await sweep(width=6)
    assert receiver.max_in_flight == 6


async def test_a_refused_event_is_tried_again_when_its_time_has_come_and_dies_after_the_last(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep, make_due: Callable[[], None]
) -> None:
    (event_id,) = events(1)
    receiver.answer = lambda event: web.Response(status=500, text="out of order")
    began = datetime.now(UTC)

    assert (await sweep()).failed == 1
    (row,) = day.rows(OutboxRow)
    wait_s = (row["next_attempt_at"] - began).total_seconds()
    assert DELAYS_S[0] <= wait_s <= DELAYS_S[0] * 1.1 + 60
    assert (row["attempts"], row["last_status"]) == (1, 500)
    assert "500" in row["last_error"]
    assert "out of order" in row["last_error"]

    assert (await sweep()).failed == 0  # not due
    assert len(receiver.got) == 1
    make_due()
    assert (await sweep()).failed == 1
    make_due()
    with pytest.raises(DeadLetters, match=event_id):
        await sweep()
    make_due()
    assert (await sweep()).waiting == 0
    assert len(receiver.got) == 1 + len(DELAYS_S)
    (letter,) = day.database.read(deliveries.dead_letters)
    assert (letter.event_id, letter.attempts) == (event_id, 3)


async def test_a_dead_letter_is_replayed_under_its_own_id(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep, make_due: Callable[[], None]
) -> None:
    first, second = events(2)
    receiver.answer = lambda event: web.Response(status=500)
    for _ in DELAYS_S:
        await sweep()
        make_due()
    with pytest.raises(DeadLetters):
        await sweep()
    receiver.answer = lambda event: web.Response(status=200)
    receiver.got.clear()

    found = day.database.write(lambda c: deliveries.replay(c, datetime.now(UTC), [first, "nobody"]))

    assert found == [first]
    assert (await sweep()).delivered == 1
    assert receiver.ids == [first]
    assert day.database.write(lambda c: deliveries.replay(c, datetime.now(UTC), None)) == [second]
    assert (await sweep()).delivered == 1
    assert receiver.ids == [first, second]


async def test_a_receiver_that_asks_for_a_longer_wait_gets_it(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(1)
    receiver.answer = lambda event: web.Response(status=429, headers={"Retry-After": "7200"})
    await sweep()
    (row,) = day.rows(OutboxRow)
    assert row["next_attempt_at"] > datetime.now(UTC) + timedelta(seconds=7100)


@pytest.mark.parametrize(
    ("asked", "least_s", "most_s"),
    [
        ("in 7200 s", 7100, 7300),
        ("in 7200 s, in ms", 7100, 7300),
        ("in 1000000000 s", 86_000, 86_500),
        ("1e999", 86_000, 86_500),
        ("9" * 30, 86_000, 86_500),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86_000, 86_500),
        ("-1", DELAYS_S[0] - 1, DELAYS_S[0] * 1.1 + 60),
        ("Mon, 01 Jan 0001 00:00:00 +2359", DELAYS_S[0] - 1, DELAYS_S[0] * 1.1 + 60),
        ("in a while", DELAYS_S[0] - 1, DELAYS_S[0] * 1.1 + 60),
    ],
)
async def test_whatever_wait_a_receiver_asks_for_the_event_stays_near(  # noqa: PLR0917 - fixtures
    day: Day,
    events: Events,
    receiver: FakeReceiver,
    sweep: RunSweep,
    asked: str,
    least_s: float,
    most_s: float,
) -> None:
    first, *_ = events(3)
    if seconds := re.match(r"in (\d+) s", asked):  # as a time since 1970
        at_s = int(datetime.now(UTC).timestamp()) + int(seconds[1])
        asked = str(at_s * 1000 if "ms" in asked else at_s)
    receiver.answer = lambda event: (
        web.Response(status=503, headers={"Retry-After": asked})
        if receiver.ids[-1] == first
        else web.Response(status=204)
    )
    began = datetime.now(UTC)
    swept = await sweep(width=1)
    assert (swept.delivered, swept.failed) == (2, 1)
    (row,) = [row for row in day.rows(OutboxRow) if row["event_id"] == first]
    assert least_s <= (row["next_attempt_at"] - began).total_seconds() <= most_s


async def test_what_a_receiver_says_is_kept_without_what_no_database_takes(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(1)
    receiver.answer = lambda event: web.Response(status=500, body=b"out\x00 of\xff\x1b order")
    await sweep()
    (row,) = day.rows(OutboxRow)
    assert "out of\ufffd order" in row["last_error"]
    assert "\x00" not in row["last_error"]


async def test_a_slow_receiver_costs_its_timeout_and_the_event_is_tried_again(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(1)
    receiver.latency_s = 30
    assert (await sweep(timeout_s=0.3)).failed == 1
    (row,) = day.rows(OutboxRow)
    assert row["last_error"].startswith("no answer in time")
    assert row["last_status"] is None


@pytest.mark.long
async def test_a_dead_receiver_leaves_the_rest_to_the_next_sweep(
    day: Day, events: Events, unused_tcp_port: int, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(200)
    with pytest.raises(ReceiverLost, match="10 times in a row"):
        await sweep(f"http://127.0.0.1:{unused_tcp_port}/hook")
    tried = [row for row in day.rows(OutboxRow) if row["attempts"]]
    assert 10 <= len(tried) <= 10 + 4
    assert all(row["claimed_until"] is None for row in day.rows(OutboxRow))

    assert (await sweep()).delivered == 200 - len(tried)


@pytest.mark.long
async def test_faults_between_successes_do_not_stop_a_sweep(
    events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(120)
    turns = iter(range(1000))
    receiver.answer = lambda event: web.Response(status=500 if next(turns) % 2 else 200)
    swept = await sweep()
    assert (swept.delivered, swept.failed) == (60, 60)


async def test_a_redirect_is_not_followed(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(1)
    receiver.answer = lambda event: web.Response(status=307, headers={"Location": "/elsewhere"})
    assert (await sweep()).failed == 1
    assert receiver.elsewhere == 0
    assert "redirects are not followed" in day.rows(OutboxRow)[0]["last_error"]


@pytest.mark.long
async def test_410_ends_all_sending_until_somebody_replays_that_event(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(50)
    receiver.answer = lambda event: web.Response(status=410)
    with pytest.raises(ReceiverGone, match="wants no more"):
        await sweep()
    asked = len(receiver.got)
    assert asked <= 4
    with pytest.raises(ReceiverGone, match="replay"):
        await sweep()
    assert len(receiver.got) == asked

    receiver.answer = lambda event: web.Response(status=200)
    day.database.write(lambda c: deliveries.replay(c, datetime.now(UTC), None))
    assert (await sweep()).delivered == 50


@pytest.mark.long
async def test_an_endless_answer_is_not_read(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep
) -> None:
    events(1)
    receiver.answer = lambda event: web.Response(status=500, body=b"x" * 50_000_000)
    await sweep()
    assert len(day.rows(OutboxRow)[0]["last_error"]) < 300


@pytest.mark.long
async def test_what_a_deliverer_sends_no_other_one_sends(
    day: Day, events: Events, receiver: FakeReceiver
) -> None:
    ids = events(230)
    receiver.latency_s = 0.01

    async def one() -> int:
        async with Receiver(settings_of(receiver.url)) as entered:
            return (await Sweep(day.database, entered, DELAYS_S).run()).delivered

    assert sum(await asyncio.gather(one(), one(), one())) == 230
    assert Counter(receiver.ids) == Counter(ids)


@pytest.mark.process
async def test_an_event_whose_deliverer_died_before_it_could_mark_it_goes_out_again(
    day: Day, events: Events, receiver: FakeReceiver, sweep: RunSweep, make_due: Callable[[], None]
) -> None:
    (event_id,) = events(1)
    url = day.database._engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_deliver, args=(url, receiver.url))

    def die(event: dict[str, Any]) -> web.Response:
        os.kill(process.pid, signal.SIGKILL)
        return web.Response(status=200)

    receiver.answer = die
    process.start()
    await asyncio.to_thread(process.join)  # a busy machine takes its time to start one
    assert process.exitcode == -signal.SIGKILL
    assert receiver.ids == [event_id]
    assert day.rows(OutboxRow)[0]["delivered_at"] is None

    receiver.answer = lambda event: web.Response(status=200)
    assert (await sweep()).delivered == 0  # still claimed
    make_due()
    assert (await sweep()).delivered == 1
    assert receiver.ids == [event_id, event_id]


def _deliver(database_url: str, receiver_url: str) -> None:
    async def run() -> None:
        async with Receiver(settings_of(receiver_url)) as entered:
            await Sweep(Database(database_url), entered, DELAYS_S).run()

    asyncio.run(run())


@pytest.mark.parametrize("secrets", [(), ("whsec_",), ("whsec_not base64!",)])
def test_a_missing_or_broken_secret_says_how_to_make_one(secrets: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="webhooks secret"):
        Receiver(replace(settings_of("https://example.com"), secrets=secrets))
