"""An emulated LLM API: OpenAI-compatible, schema-valid answers after a set time, and it counts."""

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from aiohttp import web

from include.emulation.faults import Emulated, Handler, reset
from include.emulation.minimal import minimal
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

MODEL = "cofi-emulated-1"
_LARGEST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class LlmEmulation:
    """How the API behaves when nothing is wrong.

    Attributes:
        llm1_s: Seconds until an answer to LLM1; `llm2_s` to LLM2.
        most_at_once: Requests that it takes at once; more get 429. 0 for any number.
    """

    llm1_s: float = 5.0
    llm2_s: float = 10.0
    most_at_once: int = 0


class EmulatedLlm:
    """One API; `app` serves it."""

    def __init__(self, settings: LlmEmulation) -> None:
        self._settings = settings
        self._state = Emulated()
        self._asked: Counter[str] = Counter()
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
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": MODEL})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self._settings.most_at_once and self._state.in_flight >= self._settings.most_at_once:
            self._state.refused += 1
            return _refusal(429, "rate limit")
        body = await request.json()
        asked = body["response_format"]["json_schema"]
        self._asked[_identity(asked["name"], body["messages"])] += 1
        self._state.began()
        try:
            await asyncio.sleep(self._service_s(asked["name"]) * self._state.faults.slow)
        finally:
            self._state.in_flight -= 1
        self._state.count(asked["name"])
        content = "{" if self._state.faults.garbage else json.dumps(minimal(asked["schema"]))
        return web.json_response(_completion(content))

    def _service_s(self, schema_name: str) -> float:
        return {FACTS_SCHEMA: self._settings.llm1_s, AUDIT_SCHEMA: self._settings.llm2_s}.get(
            schema_name, 0.0
        )

    def _figures(self) -> dict[str, Any]:
        """Also how many different requests there were, and how often the same one came at most."""
        times = {"different": len(self._asked), "most_of_one": max(self._asked.values(), default=0)}
        return self._state.figures() | times | {"requests": self._asked.total()}


def _identity(schema_name: str, messages: list[dict[str, str]]) -> str:
    prompt = "\n".join(message["content"] for message in messages)
    return f"{schema_name} {sha256(prompt.encode()).hexdigest()}"


def _completion(content: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    message = {"role": "assistant", "content": content}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage | {"prompt_tokens_details": {"cached_tokens": 0}},
    }


def _refusal(status: int, message: str) -> web.Response:
    error = {"error": {"message": message, "type": "emulated", "code": str(status)}}
    return web.json_response(error, status=status, headers={"Retry-After": "1"})
