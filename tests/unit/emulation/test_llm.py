"""The emulated LLM API answers cofi's own requests validly, after its time, and counts them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.emulation.llm import MODEL, EmulatedLlm, LlmEmulation, factor
from include.emulation.minimal import minimal
from include.emulation.results import result_of
from include.errors import LlmUnusable
from include.llm.audit import answer_scorecard
from include.llm.budget import Payer
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import understand
from include.scorecards.loading import load_scorecard


@asynccontextmanager
async def emulated(**settings: Any) -> AsyncIterator[tuple[LlmClient, str]]:
    async with TestServer(
        EmulatedLlm(LlmEmulation(**{"llm1_s": 0.0, "llm2_s": 0.0, **settings})).app
    ) as server:
        url = str(server.make_url("")).rstrip("/")
        async with LlmClient(LlmSettings(base_url=f"{url}/v1", api_key="", model=MODEL), 4) as client:
            yield client, url


async def stats(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/emulation/stats") as response:
        return dict(await response.json())


def transcript(call_id: str) -> Transcript:
    heard = result_of(call_id, Stage.STT, 1.0, 3.0)
    return Transcript(call_id=call_id, language="en", turns=heard.turns)


async def test_both_stages_get_answers_that_fit_and_need_no_repair() -> None:
    card = load_scorecard(Path(__file__).parents[3] / "include" / "scorecards" / "service_call.yaml")
    async with emulated() as (client, url):
        understood = await understand(client, transcript("c1"))
        answered = await answer_scorecard(client, transcript("c1"), understood.understanding, card)
        assert understood.understanding.analysable
        assert answered.answers.answers
        assert not understood.provenance.repaired
        assert not answered.provenance.repaired
        counted = await stats(url)
    assert (counted["requests"], counted["different"], counted["most_of_one"]) == (2, 2, 1)
    assert counted["served"] == {"call_understanding": 1, "scorecard_answers": 1}


async def test_it_tells_how_often_the_same_was_asked_and_how_much_at_once() -> None:
    async with emulated(llm1_s=0.1) as (client, url):
        began_s = time.monotonic()
        await asyncio.gather(*(understand(client, transcript(call)) for call in ["c1", "c2", "c2"]))
        assert time.monotonic() - began_s >= 0.1
        counted = await stats(url)
        async with aiohttp.ClientSession() as session, session.post(f"{url}/emulation/forget-peak") as answer:
            anew = await answer.json()
    assert (counted["requests"], counted["different"], counted["most_of_one"]) == (3, 2, 2)
    assert counted["max_in_flight"] >= 2
    assert (anew["requests"], anew["max_in_flight"]) == (3, 0)


async def test_it_fails_as_it_is_told() -> None:
    async with emulated() as (_, url), aiohttp.ClientSession() as session:

        async def answer(**faults: Any) -> tuple[int, Any, str | None]:
            await session.post(f"{url}/emulation/faults", json=faults)
            body = {
                "messages": [],
                "response_format": {"json_schema": {"name": "x", "schema": {"type": "object"}}},
            }
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                return response.status, await response.json(), response.headers.get("Retry-After")

        refused = [await answer(refused_share=1.0, retry_after_s=3) for _ in range(2)]
        assert [(status, wait) for status, _, wait in refused] == [(429, "3"), (503, "3")]
        assert (await answer(refused_share=0.0, error_share=1.0))[0] == 500
        wrong = {}
        for kind in ("malformed", "truncated", "empty", "schema"):
            _, said, _ = await answer(error_share=0.0, wrong_share=1.0, wrong=[kind])
            choice = said["choices"][0]
            wrong[kind] = (choice["message"]["content"], choice["finish_reason"])
        assert wrong == {
            "malformed": ("{}}", "stop"),
            "truncated": ("{", "length"),
            "empty": ("", "stop"),
            "schema": ("{}", "stop"),
        }
        assert (await answer(wrong_share=0.0))[0] == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await answer(hang_share=1.0)
        counted = await stats(url)
    assert (counted["refused"], counted["paid_again"]) == (2, 0)


async def test_samples_differ_and_are_no_request_that_was_paid_twice() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", "y", "z"]}}, "required": ["a"]}
    async with emulated() as (client, url):
        sampled = client.asking(Payer("run-1", "second_opinion", MODEL), temperature=0.7)
        said = [(await sampled.complete([], schema, "second_opinion")).content for _ in range(20)]
        same = [(await client.complete([], schema, "second_opinion")).content for _ in range(3)]
        counted = await stats(url)
    assert set(said) == {json.dumps({"a": answer}) for answer in "xyz"}
    assert set(same) == {json.dumps({"a": "x"})}
    assert counted["paid_again"] == 2, "of those that were the same"


async def test_it_asks_for_its_key() -> None:
    async with emulated(key="right") as (client, _):
        with pytest.raises(LlmUnusable, match="no such key"):
            await understand(client, transcript("c1"))


async def test_the_mean_in_flight_is_the_difference_of_two_readings() -> None:
    async with emulated(llm1_s=0.2) as (client, url):
        before = await stats(url)
        await asyncio.gather(*(understand(client, transcript(f"c{n}")) for n in range(4)))
        after = await stats(url)
    assert after["in_flight_s"] - before["in_flight_s"] == pytest.approx(0.8, rel=0.3)
    assert after["at_s"] > before["at_s"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["", ""]),
        ({"type": "integer", "minimum": -5}, 0),
        ({"type": "number", "minimum": 2}, 2),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"const": 7}}}, 7),
        ({"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}, {"a": "x"}),
        ({"type": "boolean"}, True),
    ],
)
def test_the_least_value_of_a_schema(schema: dict[str, Any], value: object) -> None:
    assert minimal(schema) == value


def test_the_same_request_takes_the_same_time_and_all_take_one_on_average() -> None:
    factors = [factor(str(n), 0.6) for n in range(4000)]
    assert factor("7", 0.6) == factors[7] != factors[8]
    assert sum(factors) / len(factors) == pytest.approx(1, abs=0.05)
    assert factor("7", 0.0) == 1
