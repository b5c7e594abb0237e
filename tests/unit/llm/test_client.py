import asyncio
import gzip
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from include.errors import (
    AnswerInvalid,
    AnswerRefused,
    CofiError,
    LlmBusy,
    LlmDown,
    LlmLate,
    LlmLost,
    LlmUnusable,
    RequestRefused,
)
from include.llm.breaker import BreakerSettings
from include.llm.budget import Payer
from include.llm.client import LlmClient, LlmSettings
from include.llm.usage import Usage
from include.outside.times import LONGEST_WAIT_S

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


async def test_a_client_that_is_left_keeps_no_connection_and_asks_no_more(api, client_of):
    async with client_of(api) as client:
        await client.complete(ASK, SCHEMA, "thing")
        session = client._session
    assert session.closed
    with pytest.raises(RuntimeError, match="outside its `async with` block"):
        await client.complete(ASK, SCHEMA, "thing")


async def test_never_more_than_the_width_is_in_flight(api, client_of):
    api.together.parties = 5
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


PAGE = b"<html><body><h1>Denied by the gateway</h1></body></html>"


def page(status, body=PAGE):
    return web.Response(status=status, body=body, content_type="text/html")


@pytest.mark.parametrize(
    "status",
    [
        *(204, 206, 301, 302, 304, 307, 308),
        *(400, 401, 403, 404, 405, 407, 410, 411, 413, 415, 417, 421, 422, 424, 425, 426, 431, 444, 451),
        *(494, 497, 499, 500, 511, 520, 522, 525, 530, 599),
    ],
)
async def test_what_a_proxy_answers_fails_no_request_for_good(api, client_of, status):
    async with client_of(api) as client:
        await client.complete(ASK, SCHEMA, "thing")
        for _ in range(3):
            api.replies = [page(status, b"" if status in {204, 304} else PAGE)]
            assert (await client.complete(ASK, SCHEMA, "thing")).attempts == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((each, body) for each in (301, 302, 307, 308, 401, 403, 404, 405) for body in (PAGE, b"", b"{}")),
        *((each, b'{"message": "Forbidden"}') for each in (401, 404, 405, 407, 410, 421, 431, 451)),
    ],
)
async def test_what_it_answers_to_everybody_ends_the_stage_at_once(api, client_of, status, body):
    api.replies = [page(status, body)]
    async with client_of(api) as client:
        with pytest.raises(LlmUnusable, match=rf"\({status}\): .*(base URL|workers pass|API key)"):
            await client.complete(ASK, SCHEMA, "thing")


async def test_a_redirect_is_not_followed(api, client_of):
    api.replies = [web.Response(status=307, headers={"Location": "/v1/chat/completions"})]
    async with client_of(api) as client:
        with pytest.raises(LlmUnusable):
            await client.complete(ASK, SCHEMA, "thing")
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


async def test_an_answer_of_no_use_is_an_answer_all_the_same(api, client_of):
    said_no = answer({"content": None, "refusal": "I cannot"})
    api.replies = [*(refused(400) for _ in range(9)), said_no, *(refused(400) for _ in range(9))]
    async with client_of(api) as client:
        for asked in range(19):
            with pytest.raises(AnswerRefused if asked == 9 else RequestRefused):
                await client.complete(ASK, SCHEMA, "thing")


async def test_the_limiter_hears_of_every_answer_and_how_long_the_stages_own_took(
    api, client_of, monkeypatch
):
    heard = []
    async with client_of(api) as client:
        monkeypatch.setattr(client.limiter, "succeeded", lambda of, latency_s: heard.append(latency_s))
        await client.complete(ASK, SCHEMA, "thing")
        await client.asking(Payer("run-1", "second_opinion", "m")).complete(ASK, SCHEMA, "thing")
    own_s, others_s = heard
    assert own_s > 0 and others_s is None


class Allowance:
    """A rate that lets everything through, and remembers."""

    def __init__(self):
        self.admitted = []
        self.taken = []

    async def admit(self, body_bytes):
        self.admitted.append(body_bytes)

    def took(self, body_bytes, tokens):
        self.taken.append((body_bytes, tokens))


async def test_every_request_waits_for_the_rate_which_learns_what_answers_took(api, client_of):
    api.replies = [refused(429, **{"Retry-After": "0"})]
    async with client_of(api) as client:
        client._rate = allowance = Allowance()
        await client.complete(ASK, SCHEMA, "thing")
    (first, second) = allowance.admitted
    assert first == second > len(ASK[0]["content"])
    assert allowance.taken == [(second, 110)], "of the request that was answered"


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


@pytest.mark.long
async def test_after_an_outage_as_much_is_in_flight_as_before(api, client_of, monkeypatch):
    quick = replace(BreakerSettings(), first_wait_s=0.01, longest_wait_s=0.01)
    monkeypatch.setattr("include.llm.client.BreakerSettings", lambda patience_s: quick)
    api.replies = [refused(503, "maintenance") for _ in range(80)]
    async with client_of(api, width=40, max_attempts=100) as client:
        await asyncio.gather(*(client.complete(ASK, SCHEMA, "thing") for _ in range(40)))
        assert client.limiter.limit == 40


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


@pytest.mark.long
async def test_under_a_real_limit_everything_is_answered_at_little_extra_cost(api, client_of):
    api.latency_s, api.capacity = 0.03, 6
    async with client_of(api, width=20, max_attempts=12) as client:
        await asyncio.gather(*(client.complete(ASK, SCHEMA, "thing") for _ in range(200)))
        assert client.limiter.limit < 12
    assert len(api.bodies) - api.refused == 200
    assert len(api.bodies) < 1.6 * 200


class Booked:
    """A meter that remembers."""

    def __init__(self):
        self.rows = []

    async def admit(self):
        """Everything is let through."""

    def paid(self, call_id, model, usage, payer=None):
        self.rows.append((call_id, model, usage))


async def metered(client, item="c1"):
    """What comes of a request, and what is booked for it."""
    client._meter = booked = Booked()
    try:
        return await client.complete(ASK, SCHEMA, "thing", item=item), booked.rows
    except CofiError as error:
        return error, booked.rows


def answer(message, finish_reason="stop", **choice):
    usage = {"prompt_tokens": 70, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 30}}
    choices = [{"message": message, "finish_reason": finish_reason, **choice}]
    return {"id": "x", "model": "m-2", "choices": choices, "usage": usage}


async def test_a_refusal_is_told_by_its_text_and_paid_for(api, client_of):
    api.replies = [answer({"content": None, "refusal": "I can't help with \x00that."})]
    async with client_of(api) as client:
        error, rows = await metered(client)
    assert isinstance(error, AnswerRefused) and isinstance(error, AnswerInvalid)
    assert "c1: the model refuses: I can't help with that. (attempt 1)" in str(error)
    assert (error.kind, error.raw_answer) == ("answer_refused", "I can't help with that.")
    assert rows == [("c1", "m-2", Usage(70, 5, 30))]
    assert len(api.bodies) == 1


async def test_what_a_content_filter_stops_is_told_and_paid_for(api, client_of):
    found = {"violence": {"filtered": True}, "hate": {"filtered": False}}
    api.replies = [answer({"content": "{"}, "content_filter", content_filter_results=found)]
    async with client_of(api) as client:
        error, rows = await metered(client)
    assert "filter stopped the answer (content_filter: violence)" in str(error)
    assert [usage for _, _, usage in rows] == [Usage(70, 5, 30)]


async def test_a_prompt_that_is_filtered_is_booked_at_a_cost_that_nobody_knows(api, client_of):
    error = {"error": {"code": "content_filter", "message": "The response was filtered", "innererror": {}}}
    api.replies = [web.json_response(error, status=400)]
    async with client_of(api) as client:
        refused, rows = await metered(client)
    assert isinstance(refused, AnswerRefused) and "The response was filtered" in str(refused)
    assert rows == [("c1", "m", Usage())]


async def test_what_is_refused_or_never_answered_costs_nothing_and_is_not_booked(api, client_of):
    api.replies = [refused(429, **{"Retry-After": "0"}), "reset", refused(400)]
    async with client_of(api) as client:
        error, rows = await metered(client)
    assert isinstance(error, RequestRefused) and len(api.bodies) == 3
    assert rows == []


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ({"code": 502, "message": "upstream"}, LlmLost),
        ({"code": "429", "message": "slow down"}, LlmBusy),
        ({"code": 402, "message": "no credit"}, LlmUnusable),
        ({"code": "insufficient_quota", "message": "pay"}, LlmUnusable),
        ({"code": "content_filter", "message": "no"}, AnswerRefused),
        ({"code": 400, "message": "too long"}, RequestRefused),
        ("it broke", LlmLost),
    ],
)
async def test_an_error_inside_a_200_means_what_it_says_and_each_is_booked(api, client_of, inside, kind):
    usage = {"prompt_tokens": 9, "completion_tokens": 1}
    api.replies = [{"error": inside, "usage": usage, "model": "m-2"} for _ in range(2)]
    async with client_of(api, max_attempts=2) as client:
        error, rows = await metered(client)
    assert type(error) is kind
    text = inside if isinstance(inside, str) else inside["message"]
    assert text in str(error)
    assert rows == [("c1", "m-2", Usage(9, 1))] * len(api.bodies)


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_an_answer_without_end_is_cut_off(client_of, status):
    sent = 0

    async def endless(request):
        nonlocal sent
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        while sent < 100 * 1024 * 1024:
            await response.write(b" " * 1024 * 1024)
            sent += 1024 * 1024
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", endless)
    async with TestServer(app) as server:
        settings = LlmSettings(
            base_url=str(server.make_url("/v1")), model="m", max_attempts=1, longest_answer_mib=2
        )
        async with LlmClient(settings, 1) as client:
            error, rows = await metered(client)
    assert isinstance(error, LlmLost)
    assert sent < 50 * 1024 * 1024
    assert len(str(error)) < 600
    assert rows == ([("c1", "m", Usage())] if status == 200 else [])


@pytest.mark.long
async def test_a_compressed_answer_is_measured_as_it_is_read(client_of):
    async def bomb(_):
        body = gzip.compress(b" " * 100 * 1024 * 1024)
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", bomb)
    async with TestServer(app) as server:
        settings = LlmSettings(
            base_url=str(server.make_url("/v1")), model="m", max_attempts=1, longest_answer_mib=1
        )
        async with LlmClient(settings, 1) as client:
            error, _ = await metered(client)
    assert isinstance(error, LlmLost)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": 1e999}}',
        b'{"choices": [], "choices": []}',
        b"\xff\xfe\x00",
        b"",
        b"data: {}\n\n",
    ],
)
async def test_a_200_that_is_no_answer_is_lost_and_nobody_knows_what_it_cost(api, client_of, body):
    api.replies = [web.Response(body=body, content_type="text/html", charset="nonsense")]
    async with client_of(api, max_attempts=1) as client:
        error, rows = await metered(client)
    assert isinstance(error, LlmLost)
    assert rows == [("c1", "m", Usage())]


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"prompt_tokens": 10**30}, Usage()),
        ({"prompt_tokens": -1, "completion_tokens": 4}, Usage()),
        ({"prompt_tokens": "12"}, Usage()),
        ({"prompt_tokens": 12.0, "completion_tokens": None}, Usage(12)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 50}}, Usage(5, 0, 5)),
        ({"prompt_tokens": 5, "prompt_tokens_details": "none"}, Usage(5)),
        ([], Usage()),
        (None, Usage()),
    ],
)
async def test_whatever_is_told_of_tokens_the_answer_counts(api, client_of, said, tokens):
    api.replies = [{"choices": [{"message": {"content": "{}"}}], "usage": said}]
    async with client_of(api, max_attempts=1) as client:
        got, rows = await metered(client)
    assert (got.content, got.usage) == ("{}", tokens)
    assert rows == [("c1", "m", tokens)]


@pytest.mark.long
@pytest.mark.parametrize("wait", ["Fri, 31 Dec 9999 23:59:59 -2359", "1e999", "4102444800", "-5", "nan", "²"])
async def test_no_wait_that_an_api_asks_for_ends_a_task(api, client_of, wait):
    api.replies = [refused(429, **{"Retry-After": wait}) for _ in range(2)]
    async with client_of(api, max_attempts=1) as client:
        with pytest.raises(LlmBusy) as caught:
            await client.complete(ASK, SCHEMA, "thing")
    assert caught.value.retry_after_s is None or 0 <= caught.value.retry_after_s <= LONGEST_WAIT_S


async def test_what_an_error_says_is_told_in_one_clean_line(api, client_of):
    api.replies = [web.Response(status=400, body=b"<html>\n\x00\xff no \x1b[1m way" + b"x" * 10_000)]
    async with client_of(api, max_attempts=1) as client:
        with pytest.raises(LlmLost) as caught:
            await client.complete(ASK, SCHEMA, "thing")
    assert "<html> \ufffd no [1m way" in str(caught.value) and str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


async def test_a_schema_that_an_api_does_not_take_is_told_in_words_from_then_on(api, client_of, reply):
    no = web.json_response({"error": {"message": "response_format json_schema is not supported"}}, status=400)
    api.replies = [no, reply('{"a": "x"}'), reply('{"a": "x"}'), reply('{"b": "x"}')]
    async with client_of(api) as client:
        first = await client.complete(ASK, SCHEMA, "thing")
        second = await client.complete(ASK, SCHEMA, "thing")
        await client.complete(ASK, SCHEMA, "another")
    assert (first.attempts, second.attempts) == (2, 1)
    assert ["response_format" in body for body in api.bodies] == [True, False, False, True]
    assert '"maxLength":5' in api.bodies[1]["messages"][-1]["content"]
    assert api.bodies[0]["messages"] == ASK


async def test_an_api_that_takes_no_schema_at_all_refuses_the_request(api, client_of):
    api.replies = [refused(400, "response_format is unknown") for _ in range(5)]
    async with client_of(api) as client:
        with pytest.raises(RequestRefused, match="response_format"):
            await client.complete(ASK, SCHEMA, "thing")
    assert len(api.bodies) == 2
