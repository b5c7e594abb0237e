import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from include.errors import LlmBusy, LlmDown, LlmLate, LlmUnusable, RequestRefused
from include.llm.breaker import BreakerSettings

SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}, "required": ["a"]}
ASK = [{"role": "user", "content": "hello"}]


def refused(status: int, message: str = "no", **headers: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


async def test_a_completion_carries_what_the_answer_says(api, client_of, reply):
    api.replies = [reply('{"a": "x"}')]
    async with client_of(api) as client:
        got = await client.complete(ASK, SCHEMA, "thing")
    assert (got.content, got.model, got.request_id, got.finish_reason) == (
        '{"a": "x"}',
        "m-2026-01-01",
        "chatcmpl-1",
        "stop",
    )
    assert (got.usage.prompt_tokens, got.usage.completion_tokens, got.usage.cached_tokens) == (100, 10, 40)
    assert got.attempts == 1 and got.latency_s > 0
    sent = api.bodies[0]["response_format"]
    assert sent["json_schema"] == {"name": "thing", "strict": True, "schema": SCHEMA}


async def test_bounds_can_be_left_out_of_the_schema_and_are_told_in_words_then(api, client_of):
    async with client_of(api, bounds_in_schema=False) as client:
        await client.complete(ASK, SCHEMA, "thing")
    sent = api.bodies[0]["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"a": {"type": "string", "description": "at most 5 characters"}}


async def test_never_more_than_the_width_is_in_flight(api, client_of):
    api.latency_s = 0.02
    async with client_of(api, width=5) as client:
        await asyncio.gather(*(client.complete(ASK, SCHEMA, "thing") for _ in range(40)))
    assert api.max_in_flight == 5
    assert len(api.bodies) == 40


@pytest.mark.parametrize("as_date", [False, True])
async def test_retry_after_is_kept(api, client_of, as_date):
    # A date has whole seconds only: two seconds on are at least one second away.
    wait = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    api.replies = [refused(429, **{"Retry-After": wait})]
    began_s = time.monotonic()
    async with client_of(api) as client:
        got = await client.complete(ASK, SCHEMA, "thing")
    assert got.attempts == 2
    assert time.monotonic() - began_s >= 0.9


async def test_a_request_that_waits_gives_its_slot_back(api, client_of):
    api.replies = [refused(429, **{"Retry-After": "1"})]
    done: list[str] = []

    async with client_of(api, width=1) as client:

        async def ask(name: str) -> None:
            await client.complete(ASK, SCHEMA, name)
            done.append(name)

        await asyncio.gather(ask("refused_first"), ask("second"), ask("third"))
    assert done == ["second", "third", "refused_first"]


@pytest.mark.parametrize(
    "trouble", [refused(500), refused(503), refused(529), "reset", web.Response(text="<html>")]
)
async def test_trouble_that_passes_is_tried_again(api, client_of, trouble):
    api.replies = [trouble]
    async with client_of(api) as client:
        got = await client.complete(ASK, SCHEMA, "thing")
    assert got.attempts == 2


async def test_a_timeout_is_late(api, client_of):
    api.replies = ["hang", "hang"]
    async with client_of(api, read_timeout_s=0.1, max_attempts=2) as client:
        with pytest.raises(LlmLate, match="c7"):
            await client.complete(ASK, SCHEMA, "thing", item="c7")
    assert len(api.bodies) == 2


async def test_attempts_end(api, client_of):
    api.replies = [refused(429, **{"Retry-After": "0"}) for _ in range(9)]
    async with client_of(api, max_attempts=3) as client:
        with pytest.raises(LlmBusy):
            await client.complete(ASK, SCHEMA, "thing")
    assert len(api.bodies) == 3


async def test_a_very_long_wait_is_left_to_the_caller(api, client_of):
    api.replies = [refused(429, **{"Retry-After": "3600"})]
    async with client_of(api) as client:
        with pytest.raises(LlmBusy) as caught:
            await client.complete(ASK, SCHEMA, "thing")
    assert caught.value.retry_after_s == 3600
    assert len(api.bodies) == 1


@pytest.mark.parametrize("status", [400, 403, 413, 422])
async def test_a_refusal_for_good_is_not_tried_again(api, client_of, status):
    api.replies = [refused(status, "bad key")]
    async with client_of(api) as client:
        with pytest.raises(RequestRefused, match=r"c1.*bad key"):
            await client.complete(ASK, SCHEMA, "thing", item="c1")
    assert len(api.bodies) == 1


async def test_a_used_up_quota_is_no_rate_limit(api, client_of):
    error = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    api.replies = [web.json_response(error, status=429)]
    async with client_of(api) as client:
        with pytest.raises(LlmUnusable, match="quota"):
            await client.complete(ASK, SCHEMA, "thing")


@pytest.mark.parametrize("status", [401, 402, 404])
async def test_a_refusal_of_whoever_asks_concerns_all_requests(api, client_of, status):
    api.replies = [refused(status, "bad key")]
    async with client_of(api) as client:
        with pytest.raises(LlmUnusable, match="bad key"):
            await client.complete(ASK, SCHEMA, "thing", item="c1")
    assert len(api.bodies) == 1


async def test_one_such_refusal_by_an_api_that_has_answered_is_tried_again(api, client_of):
    async with client_of(api) as client:
        await client.complete(ASK, SCHEMA, "thing")
        api.replies = [refused(404, "a gateway restarts")]
        assert (await client.complete(ASK, SCHEMA, "thing")).attempts == 2
        api.replies = [refused(401, "revoked") for _ in range(9)]
        with pytest.raises(LlmUnusable, match="revoked"):
            await client.complete(ASK, SCHEMA, "thing")
    assert len(api.bodies) == 3 + 3


async def test_an_api_that_refuses_request_after_request_is_unusable(api, client_of):
    api.replies = [refused(400, "unknown field") for _ in range(20)]
    errors = []
    async with client_of(api) as client:
        for _ in range(10):
            with pytest.raises((RequestRefused, LlmUnusable)) as caught:
                await client.complete(ASK, SCHEMA, "thing")
            errors.append(caught.type)
    assert errors == [RequestRefused] * 9 + [LlmUnusable]


async def test_an_outage_is_waited_for_with_few_probes_and_no_attempts(api, client_of, monkeypatch):
    quick = replace(BreakerSettings(), first_wait_s=0.1, longest_wait_s=0.1)
    monkeypatch.setattr("include.llm.client.BreakerSettings", lambda patience_s: quick)
    async with client_of(api, width=4, max_attempts=2) as client:
        await client.complete(ASK, SCHEMA, "thing")
        api.down = True
        asked = [asyncio.create_task(client.complete(ASK, SCHEMA, "thing")) for _ in range(12)]
        await asyncio.sleep(1)
        during = len(api.bodies) - 1
        api.down = False
        answers = await asyncio.wait_for(asyncio.gather(*asked), 5)
    assert 12 <= during <= 12 + 11
    assert len(answers) == 12
    assert api.max_in_flight <= 4


async def test_an_outage_that_lasts_is_given_up_once_for_all(api, client_of):
    api.down = True
    async with client_of(api, outage_patience_s=0.5) as client:
        asked = [client.complete(ASK, SCHEMA, "thing") for _ in range(12)]
        errors = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 5)
    assert {type(error) for error in errors} == {LlmDown}


async def test_an_answer_without_content_is_an_empty_one(api, client_of):
    message = {"role": "assistant", "content": None}
    api.replies = [{"choices": [{"message": message, "finish_reason": "length"}]}]
    async with client_of(api) as client:
        got = await client.complete(ASK, SCHEMA, "thing")
    assert (got.content, got.finish_reason) == ("", "length")


async def test_under_a_real_limit_everything_is_answered_at_little_extra_cost(api, client_of):
    api.latency_s, api.capacity = 0.03, 6
    async with client_of(api, width=20, max_attempts=12) as client:
        await asyncio.gather(*(client.complete(ASK, SCHEMA, "thing") for _ in range(200)))
        assert client.limiter.limit < 12
    assert len(api.bodies) - api.refused == 200
    assert len(api.bodies) < 1.6 * 200
