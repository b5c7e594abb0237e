"""LLM1 and LLM2 of sample calls through every emulated provider: real content, no repair, all booked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings
from include.emulation.llm import EmulatedLlm, LlmEmulation
from include.emulation.providers import PROVIDERS
from include.errors import AnswerRefused, LlmBusy, LlmLost, LlmUnusable, RequestRefused
from include.llm.audit import answer_scorecard
from include.llm.budget import Payer
from include.llm.client import LlmClient, LlmSettings
from include.llm.facts import Understanding
from include.llm.providers.profile import profile_of
from include.llm.understanding import understand
from include.llm.usage import Usage
from include.plain_yaml import read_yaml
from include.scorecards.answers import AuditAnswers
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

CARD = load_scorecard(SHIPPED_SCORECARD)
SCRIPTS = SHIPPED_SCORECARD.parents[1] / "demo/sample_calls/scripts"
CALLS = ["1001-late-fee", "1008-not-verified", "1012-cancelacion"]
MODELS = {
    "openai": "gpt-6.1-sol",
    "azure": "gpt-5.4",
    "anthropic": "claude-sonnet-5-5",
    "gemini": "gemini-3.8-flash",
    "mistral": "mistral-large-4",
    "openrouter": "anthropic/claude-sonnet-5-5",
}
EVERY = pytest.mark.parametrize("name", sorted(PROVIDERS))
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "maxLength": 9}},
    "required": ["colour"],
    "additionalProperties": False,
}


@dataclass
class Booked:
    """A meter that remembers."""

    rows: list[tuple[str, str, Usage]] = field(default_factory=list)

    async def admit(self) -> None:
        """Everything is let through."""

    def paid(self, call_id: str, model: str, usage: Usage, payer: Payer | None = None) -> None:
        self.rows.append((call_id, model, usage))


@asynccontextmanager
async def provider(
    name: str, *, faults: dict[str, Any] | None = None, key: str = "k", **settings: Any
) -> AsyncIterator[tuple[LlmClient, Booked]]:
    """A client of an emulated provider, with the profile of that name and nothing else."""
    emulation = LlmEmulation(
        llm1_s=0, llm2_s=0, provider=name, writer="rules", key="" if name == "ollama" else key
    )
    async with TestServer(EmulatedLlm(emulation).app) as server:
        root = str(server.make_url("")).rstrip("/")
        async with aiohttp.ClientSession() as session:
            await session.post(f"{root}/emulation/faults", json=faults or {})
        booked = Booked()
        common = {"api_key": "k", "model": MODELS.get(name, "qwen3-8b"), "max_attempts": 2, "provider": name}
        asked = LlmSettings(**{"base_url": root + _base(name), **common, **settings})
        async with LlmClient(asked, 2, meter=booked) as client:  # type: ignore[arg-type]
            yield client, booked


def _base(name: str) -> str:
    return profile_of(name).path or "/v1"


def call(name: str) -> Transcript:
    """A sample call, recognised without a fault."""
    script = read_yaml((SCRIPTS / f"{name}.yaml").read_text())
    said = [
        (who, text)
        for event in script["events"]
        for who, text in event.items()
        if who in {"agent", "customer"}
    ]
    turns = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole(who),
            channel=int(who == "customer"),
            start_ms=n * 5000,
            end_ms=n * 5000 + 4000,
            text=text,
            confidence=0.9,
        )
        for n, (who, text) in enumerate(said, 1)
    ]
    return Transcript(call_id=name, language=script.get("language", "en"), turns=turns)


async def both_stages(client: LlmClient, name: str) -> tuple[Understanding, AuditAnswers, bool]:
    understood = await understand(client, call(name))
    answered = await answer_scorecard(client, call(name), understood.understanding, CARD)
    made = (understood.provenance, answered.provenance)
    assert all(one.request_ids and all(one.request_ids) for one in made)
    assert all(one.usage.prompt_tokens > 300 and one.usage.completion_tokens > 50 for one in made)
    return understood.understanding, answered.answers, any(one.repaired or one.attempts > 1 for one in made)


@pytest.fixture(scope="module")
def expected() -> dict[str, tuple[Understanding, AuditAnswers]]:
    """What the demo's endpoint answers without a provider between."""
    return asyncio.run(without_a_provider())


async def without_a_provider() -> dict[str, tuple[Understanding, AuditAnswers]]:
    async with TestServer(Endpoint(EndpointSettings()).app) as server:
        settings = LlmSettings(base_url=str(server.make_url("/v1")), model="cofi-rules-1")
        async with LlmClient(settings, 2) as client:
            return {name: (await both_stages(client, name))[:2] for name in CALLS}


@EVERY
@pytest.mark.long
async def test_both_stages_carry_the_same_content_through(
    name: str, expected: dict[str, tuple[Understanding, AuditAnswers]]
) -> None:
    async with provider(name) as (client, booked):
        for sample in CALLS:
            understanding, answers, again = await both_stages(client, sample)
            assert not again, "no schema may be refused, no answer needs a repair"
            assert (understanding, answers) == expected[sample]
            assert any(given.absence for given in answers.answers.values())
            assert any(given.absence is None for given in answers.answers.values())
    assert [row[0] for row in booked.rows] == [sample for sample in CALLS for _ in range(2)]
    assert {row[1] for row in booked.rows} == {client.settings.model}


@EVERY
async def test_a_schema_that_is_too_much_is_told_in_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason, the API refuses the schema once; then its answers are read all the same."""
    monkeypatch.setattr(
        type(PROVIDERS[name].law), "problem", lambda law, schema: "compiled grammar, too complex"
    )
    async with provider(name) as (client, booked):
        first, second = await ask(client), await ask(client)
    assert (first.attempts, second.attempts, len(booked.rows)) == (2, 1, 2)


async def ask(client: LlmClient) -> Any:
    transcript = call(CALLS[0])
    made = await understand(client, transcript)
    assert made.understanding.analysable
    return made.provenance


@EVERY
async def test_a_refusal_is_told_by_its_text_and_booked(name: str) -> None:
    async with provider(name, faults={"refusal_share": 1}) as (client, booked):
        with pytest.raises(AnswerRefused, match=r"c1: .*(can't help with that|PROHIBITED_CONTENT)"):
            await understand(client, call(CALLS[0]).model_copy(update={"call_id": "c1"}))
    ((call_id, model, usage),) = booked.rows
    assert (call_id, model) == ("c1", client.settings.model)
    assert usage.prompt_tokens > 300


@pytest.mark.parametrize("name", ["anthropic", "azure", "gemini", "generic", "openai", "openrouter"])
async def test_an_answer_that_a_filter_stops_is_told_and_booked(name: str) -> None:
    async with provider(name, faults={"filtered_share": 1}) as (client, booked):
        with pytest.raises(AnswerRefused, match=r"filter stopped the answer \(|the model refuses"):
            await understand(client, call(CALLS[0]))
    assert [usage.prompt_tokens > 300 for _, _, usage in booked.rows] == [True]


@pytest.mark.long
@pytest.mark.parametrize("name", ["azure", "openai", "openrouter"])
async def test_a_prompt_that_a_filter_refuses_is_told_and_booked_at_an_unknown_cost(name: str) -> None:
    async with provider(name, faults={"blocked_share": 1}) as (client, booked):
        with pytest.raises(AnswerRefused, match="content filter refuses the prompt"):
            await understand(client, call(CALLS[0]))
    assert [usage for _, _, usage in booked.rows] == [Usage()]


@EVERY
async def test_an_error_inside_a_200_is_lost_and_every_one_is_booked(name: str) -> None:
    async with provider(name, faults={"broken_share": 1}) as (client, booked):
        with pytest.raises(LlmLost, match=r"(?i)broke off"):
            await understand(client, call(CALLS[0]))
    assert len(booked.rows) == client.settings.max_attempts


@EVERY
async def test_load_is_waited_for_as_long_as_the_provider_asks(name: str) -> None:
    faults = {"refused_share": 1, "retry_after_s": 300}
    async with provider(name, faults=faults) as (client, booked):
        with pytest.raises(LlmBusy) as caught:
            await understand(client, call(CALLS[0]))
    assert caught.value.retry_after_s == pytest.approx(300, rel=0.2)
    assert booked.rows == []


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {"ollama"}))
async def test_a_wrong_key_is_told_as_one(name: str) -> None:
    async with provider(name, api_key="wrong") as (client, _):
        with pytest.raises(LlmUnusable, match="API key"):
            await understand(client, call(CALLS[0]))


@EVERY
async def test_cached_tokens_are_told(name: str) -> None:
    emulation = LlmEmulation(llm1_s=0, llm2_s=0, provider=name, writer="rules", cached_tokens=128)
    async with TestServer(EmulatedLlm(emulation).app) as server:
        url = str(server.make_url(_base(name)))
        settings = LlmSettings(base_url=url, model=MODELS.get(name, "m"), provider=name)
        async with LlmClient(settings, 1) as client:
            usage = (await understand(client, call(CALLS[0]))).provenance.usage
    assert usage.cached_tokens == (0 if name in ("vllm", "mistral", "ollama") else 128)
    assert usage.prompt_tokens > 300


REFUSED = {
    "openai": [
        {"extra_body": {"colour": "red"}},
        {"output_tokens_field": "max_tokens"},
        {"temperature": 0.0},
    ],
    "azure": [{"extra_body": {"colour": "red"}}, {"temperature": 0.0}],
    "anthropic": [{"extra_body": {"colour": "red"}}, {"temperature": 0.0}, {"output_tokens_field": "tokens"}],
    "gemini": [{"extra_body": {"colour": "red"}}, {"output_tokens_field": "max_tokens"}],
    "mistral": [{"extra_body": {"colour": "red"}}, {"output_tokens_field": "max_completion_tokens"}],
    "openrouter": [{"extra_body": {"provider": {}}}, {"extra_body": {"colour": "red"}}],
}


@pytest.mark.parametrize(("name", "wrong"), [(name, each) for name, all_ in REFUSED.items() for each in all_])
async def test_it_refuses_what_the_provider_refuses(name: str, wrong: dict[str, Any]) -> None:
    async with provider(name, **wrong) as (client, booked):
        with pytest.raises(RequestRefused):
            await client.complete([{"role": "user", "content": "x"}], SCHEMA, "call_understanding")
    assert booked.rows == []


LOOSE = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
    "required": ["a"],
}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("openai", LOOSE),
        ("azure", LOOSE),
        ("openai", {"type": "array", "items": {"type": "string"}}),
        ("azure", {**SCHEMA, "properties": {"colour": {"type": "string", "maxLength": 5}}}),
        ("anthropic", {**SCHEMA, "properties": {"colour": {"type": "integer", "minimum": 5}}}),
        ("anthropic", LOOSE),
        ("gemini", {**SCHEMA, "properties": {"colour": {"const": "red"}}}),
        ("mistral", LOOSE),
        ("openrouter", {**SCHEMA, "properties": {"colour": {"type": "array", "items": {}, "maxItems": 5}}}),
        ("vllm", {**SCHEMA, "properties": {"colour": {"type": "integer", "multipleOf": 5}}}),
    ],
)
def test_it_refuses_schemas_that_the_provider_refuses(name: str, schema: dict[str, Any]) -> None:
    api = PROVIDERS[name]()
    problem = api._problem(schema) if name == "anthropic" else api.law.problem(schema)  # type: ignore[attr-defined]
    assert problem


def test_a_recursive_schema_is_refused() -> None:
    schema = {**SCHEMA, "properties": {"colour": {"$ref": "#/$defs/Me"}}}
    schema["$defs"] = {"Me": {**SCHEMA, "properties": {"colour": {"$ref": "#/$defs/Me"}}}}
    assert "recursive" in str(PROVIDERS["anthropic"].law.problem(schema))


def test_limits_are_counted() -> None:
    nested: dict[str, Any] = {"type": "string"}
    for _ in range(6):
        nested = {**SCHEMA, "properties": {"colour": nested}}
    wide = {**SCHEMA, "properties": {f"p{n}": {"type": "string"} for n in range(101)}}
    wide["required"] = list(wide["properties"])
    unions = {**wide, "properties": {n: {"anyOf": [{"type": "null"}]} for n in wide["properties"]}}
    assert "6 levels of nesting exceeds limit of 5" in str(PROVIDERS["azure"].law.problem(nested))
    assert PROVIDERS["openai"].law.problem(nested) is None
    assert "101 object properties" in str(PROVIDERS["azure"].law.problem(wide))
    assert "(101 parameters with type arrays or anyOf)" in str(PROVIDERS["anthropic"].law.problem(unions))


async def test_a_server_that_breaks_off_is_lost() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices"')
        assert request.transport
        request.transport.close()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    async with TestServer(app) as server:
        settings = LlmSettings(base_url=str(server.make_url("/v1")), model="m", max_attempts=1)
        async with LlmClient(settings, 1) as client:
            with pytest.raises(LlmLost, match="does not answer"):
                await client.complete([{"role": "user", "content": "x"}], SCHEMA, "thing")
