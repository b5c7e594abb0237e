"""An emulated LLM API: one provider's contract, schema-valid answers after a set time, and it counts.

At a temperature above 0 its answers are by chance, as samples are.
"""

import asyncio
import json
import math
import random
import uuid
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from include.emulation.answers import WRITERS
from include.emulation.faults import Emulated, Handler, reset
from include.emulation.minimal import minimal
from include.emulation.providers import PROVIDERS
from include.emulation.providers.api import Answer, Asked, Refused
from include.judge.asking import SECOND_OPINION
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

MODEL = "cofi-emulated-1"
_LARGEST_BYTES = 8 * 1024 * 1024
_FOR_EVER_S = 24 * 3600.0
_CHARS_PER_TOKEN = 4
_ENDS = {"truncated": "length"}


@dataclass(frozen=True)
class LlmEmulation:
    """How the API behaves when nothing is wrong.

    Attributes:
        llm1_s: Seconds until an answer to LLM1; `llm2_s` to LLM2, or to a second opinion.
        spread: Sigma of the logarithm of these times; the same request takes the same time again.
        most_at_once: Requests that it takes at once; more get 429. 0 for any number.
        key: Bearer token that it asks for; empty for none.
        provider: Whose contract it keeps: one of `include.emulation.providers.PROVIDERS`.
        writer: `least` answers what fits and no more; `rules` what the demo's rules find in the call.
        cached_tokens: Of every prompt, it says.
        record: File that every request's body is added to, a line of JSON each; None for none.
    """

    llm1_s: float = 5.0
    llm2_s: float = 10.0
    spread: float = 0.0
    most_at_once: int = 0
    key: str = ""
    provider: str = "generic"
    writer: str = "least"
    cached_tokens: int = 0
    record: Path | None = None


class EmulatedLlm:
    """An emulated LLM API; `app` serves it."""

    def __init__(self, settings: LlmEmulation) -> None:
        self._settings = settings
        self._api = PROVIDERS[settings.provider]()
        self._write = WRITERS[settings.writer]
        self._state = Emulated()
        self._asked: Counter[str] = Counter()
        self._paid: Counter[str] = Counter()
        self.app = web.Application(client_max_size=_LARGEST_BYTES, middlewares=[self._guard])
        self.app.add_routes(
            [
                *(web.post(path, self._complete) for path in self._api.paths),
                web.get("/health", self._health),
                *self._state.routes(self._figures),
            ]
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and not request.path.startswith("/emulation/"):
            if self._state.faults.unready:
                return self._refusal(Refused(503, "overloaded"))
            if self._state.resets_now():
                return await reset(request)
            if self._settings.key and self._api.key_of(request.headers) != self._settings.key:
                return self._refusal(Refused(401, "no such key"))
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": MODEL})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self._settings.most_at_once and self._state.in_flight >= self._settings.most_at_once:
            return self._busy(429)
        if self._state.happens(self._state.faults.refused_share):
            return self._busy(503 if self._state.refused % 2 else 429)
        body = await request.json()
        if self._settings.record is not None:
            with self._settings.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(body, ensure_ascii=False) + "\n")
        try:
            asked = self._api.asked(body, request.headers, request.match_info)
        except Refused as refused:
            self._state.refused += 1
            return self._refusal(refused)
        # Samples are asked for in the same words, and each is another answer.
        identity = _identity(asked) + (f" {uuid.uuid4()}" if asked.is_sampled else "")
        self._asked[identity] += 1
        self._state.began()
        try:
            await self._think(asked.name, identity)
        finally:
            self._state.ended()
        return self._answered(asked, identity)

    async def _think(self, schema_name: str, identity: str) -> None:
        if self._state.happens(self._state.faults.hang_share):
            await asyncio.sleep(_FOR_EVER_S)
        service_s = self._service_s(schema_name) * factor(identity, self._settings.spread)
        await asyncio.sleep(service_s * self._state.faults.slow)

    def _answered(self, asked: Asked, identity: str) -> web.Response:
        faults, happens = self._state.faults, self._state.happens
        if happens(faults.error_share):
            return self._refusal(Refused(500, "it broke"))
        if happens(faults.blocked_share):
            return self._refusal(Refused(400, "the prompt triggered the content filter", "content_filter"))
        if happens(faults.broken_share):
            return self._sent(self._api.broken(asked))
        return self._sent(self._api.answer(asked, self._answer(asked, identity)))

    def _answer(self, asked: Asked, identity: str) -> Answer:
        faults, happens, cached = self._state.faults, self._state.happens, self._settings.cached_tokens
        if faults.garbage:
            return Answer("{", cached=cached)
        if happens(faults.refusal_share):
            return Answer("", "refusal", cached)
        if happens(faults.filtered_share):
            return Answer("", "filter", cached)
        content = self._sampled(asked) if asked.is_sampled else self._write(asked)
        if happens(faults.wrong_share):
            wrong = self._state.one_of(faults.wrong)
            return Answer(_spoilt(content, wrong), _ENDS.get(wrong, "stop"), cached)
        self._state.count(asked.name)
        self._paid[identity] += 1
        room = asked.room * _CHARS_PER_TOKEN
        return Answer(content[:room], "stop" if len(content) <= room else "length", cached)

    def _sampled(self, asked: Asked) -> str:
        return json.dumps(minimal(asked.schema, pick=self._state.one_of))

    def _busy(self, status: int) -> web.Response:
        self._state.refused += 1
        return self._refusal(Refused(status, "too many requests"))

    def _refusal(self, refused: Refused) -> web.Response:
        wait_s = self._state.faults.retry_after_s
        body = self._api.refusal(refused, wait_s)
        headers = self._api.headers(refused.status, wait_s)
        return web.json_response(body, status=refused.status, headers=headers)

    def _sent(self, body: dict[str, Any]) -> web.Response:
        return web.json_response(body, headers=self._api.headers(200, 0))

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


def _identity(asked: Asked) -> str:
    prompt = "\n".join(message["content"] for message in asked.messages)
    return f"{asked.name} {sha256(prompt.encode()).hexdigest()}"


def _spoilt(content: str, wrong: str) -> str:
    kinds = {
        "malformed": content + "}",
        "truncated": content[: len(content) // 2],
        "empty": "",
        "schema": "{}",
    }
    return kinds[wrong]
