"""An emulated LLM API: OpenAI-compatible, schema-valid answers after a set time, and it counts.

At a temperature above 0 its answers are by chance, as samples are.
"""

import asyncio
import json
import math
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from include.emulation.faults import Emulated, Handler, reset
from include.emulation.minimal import minimal
from include.judge.asking import SECOND_OPINION
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

MODEL = "cofi-emulated-1"
_LARGEST_BYTES = 8 * 1024 * 1024
_FOR_EVER_S = 24 * 3600.0
_REASONS = {"truncated": "length"}


@dataclass(frozen=True)
class LlmEmulation:
    """How the API behaves when nothing is wrong.

    Attributes:
        llm1_s: Seconds until an answer to LLM1; `llm2_s` to LLM2, or to a second opinion.
        spread: Sigma of the logarithm of these times; the same request takes the same time again.
        most_at_once: Requests that it takes at once; more get 429. 0 for any number.
        key: Bearer token that it asks for; empty for none.
        record: File that every request's body is added to, a line of JSON each; None for none.
    """

    llm1_s: float = 5.0
    llm2_s: float = 10.0
    spread: float = 0.0
    most_at_once: int = 0
    key: str = ""
    record: Path | None = None


class EmulatedLlm:
    """One API; `app` serves it."""

    def __init__(self, settings: LlmEmulation) -> None:
        self._settings = settings
        self._state = Emulated()
        self._asked: Counter[str] = Counter()
        self._paid: Counter[str] = Counter()
        self.app = web.Application(client_max_size=_LARGEST_BYTES, middlewares=[self._guard])
        self.app.add_routes(
            [
                web.post("/v1/chat/completions", self._complete),
                web.get("/health", self._health),
                *self._state.routes(self._figures),
            ]
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.startswith("/v1/"):
            if self._state.faults.unready:
                return _refusal(503, "overloaded")
            if self._state.resets_now():
                return await reset(request)
            if self._settings.key and request.headers.get("Authorization") != f"Bearer {self._settings.key}":
                return _refusal(401, "no such key")
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": MODEL})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self._settings.most_at_once and self._state.in_flight >= self._settings.most_at_once:
            return self._refused(429)
        if self._state.happens(self._state.faults.refused_share):
            return self._refused(503 if self._state.refused % 2 else 429)
        body = await request.json()
        if self._settings.record is not None:
            with self._settings.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(body, ensure_ascii=False) + "\n")
        asked = body["response_format"]["json_schema"]
        sampled = (body.get("temperature") or 0) > 0
        # Samples are asked for in the same words, and each is another answer.
        identity = _identity(asked["name"], body["messages"]) + (f" {uuid.uuid4()}" if sampled else "")
        self._asked[identity] += 1
        self._state.began()
        try:
            await self._think(asked["name"], identity)
        finally:
            self._state.ended()
        if self._state.happens(self._state.faults.error_share):
            return _refusal(500, "it broke")
        content = minimal(asked["schema"], pick=self._state.one_of) if sampled else minimal(asked["schema"])
        return self._answer(json.dumps(content), asked["name"], identity)

    async def _think(self, schema_name: str, identity: str) -> None:
        if self._state.happens(self._state.faults.hang_share):
            await asyncio.sleep(_FOR_EVER_S)
        service_s = self._service_s(schema_name) * factor(identity, self._settings.spread)
        await asyncio.sleep(service_s * self._state.faults.slow)

    def _answer(self, content: str, schema_name: str, identity: str) -> web.Response:
        faults = self._state.faults
        if faults.garbage:
            return web.json_response(_completion("{", "stop"))
        if self._state.happens(faults.wrong_share):
            wrong = self._state.one_of(faults.wrong)
            return web.json_response(_completion(_spoilt(content, wrong), _REASONS.get(wrong, "stop")))
        self._state.count(schema_name)
        self._paid[identity] += 1
        return web.json_response(_completion(content, "stop"))

    def _refused(self, status: int) -> web.Response:
        self._state.refused += 1
        return _refusal(status, "too many requests", self._state.faults.retry_after_s)

    def _service_s(self, schema_name: str) -> float:
        llm2_s = self._settings.llm2_s
        known = {FACTS_SCHEMA: self._settings.llm1_s, AUDIT_SCHEMA: llm2_s, SECOND_OPINION: llm2_s}
        return known.get(schema_name, 0.0)

    def _figures(self) -> dict[str, Any]:
        """Also how many different requests there were, and how often the same one came at most.

        `paid_again` counts valid answers to a request that had one already.
        """
        times = {"different": len(self._asked), "most_of_one": max(self._asked.values(), default=0)}
        paid_again = self._paid.total() - len(self._paid)
        return self._state.figures() | times | {"requests": self._asked.total(), "paid_again": paid_again}


def factor(of: str, spread: float) -> float:
    """A lognormal factor with mean 1, always the same for the same text."""
    # Seeded by text, it is no secret and the same in every process.
    return math.exp(random.Random(of).gauss(-(spread**2) / 2, spread)) if spread else 1.0  # noqa: S311


def _identity(schema_name: str, messages: list[dict[str, str]]) -> str:
    prompt = "\n".join(message["content"] for message in messages)
    return f"{schema_name} {sha256(prompt.encode()).hexdigest()}"


def _spoilt(content: str, wrong: str) -> str:
    kinds = {
        "malformed": content + "}",
        "truncated": content[: len(content) // 2],
        "empty": "",
        "schema": "{}",
    }
    return kinds[wrong]


def _completion(content: str, finish_reason: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    message = {"role": "assistant", "content": content}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": usage | {"prompt_tokens_details": {"cached_tokens": 0}},
    }


def _refusal(status: int, message: str, retry_after_s: int = 1) -> web.Response:
    error = {"error": {"message": message, "type": "emulated", "code": str(status)}}
    return web.json_response(error, status=status, headers={"Retry-After": str(retry_after_s)})
