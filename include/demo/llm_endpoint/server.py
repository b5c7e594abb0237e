"""The HTTP side: POST /v1/chat/completions, GET /v1/models, /health and /stats."""

import asyncio
import hmac
import json
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from include.demo.llm_endpoint.audit import MODEL, answers_to, audit
from include.demo.llm_endpoint.facts import facts
from include.demo.llm_endpoint.prompt import Prompt, UnknownPrompt, read_prompt
from include.judge.asking import SECOND_OPINION
from include.llm.audit import SCHEMA_NAME as AUDIT_SCHEMA
from include.llm.understanding import SCHEMA_NAME as FACTS_SCHEMA

# Four characters a token: the rule of thumb for English, near enough for an estimate.
_CHARS_PER_TOKEN = 4
_LARGEST_BODY_BYTES = 8 * 1024 * 1024
_OPEN_PATHS = frozenset({"/health", "/stats"})


@dataclass(frozen=True)
class EndpointSettings:
    """How the endpoint answers.

    Attributes:
        latency_s: Wait before every answer, as a model would take.
        token: Bearer token that requests must carry; empty for none.
    """

    latency_s: float = 0.0
    token: str = ""


@dataclass
class _Stats:
    """Of those, `served` were answered, by the name of the schema."""

    requests: int = 0
    refused: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    served: Counter[str] = field(default_factory=Counter)


class Endpoint:
    """One running endpoint; `app` serves it."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._stats = _Stats()
        self.app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY_BYTES)
        self.app.add_routes(
            [
                web.post("/v1/chat/completions", self._complete),
                web.get("/v1/models", self._models),
                web.get("/health", self._health),
                web.get("/stats", self._figures),
            ]
        )

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        sent = request.headers.get("Authorization", "")
        right = hmac.compare_digest(sent.encode(), f"Bearer {self._settings.token}".encode())
        if self._settings.token and request.path not in _OPEN_PATHS and not right:
            return _error(401, "invalid_api_key", "the bearer token is missing or wrong")
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": MODEL})

    async def _figures(self, _: web.Request) -> web.Response:
        return web.json_response(vars(self._stats))

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "cofi"}
        return web.json_response({"object": "list", "data": [model]})

    async def _complete(self, request: web.Request) -> web.Response:
        stats = self._stats
        stats.requests += 1
        stats.in_flight += 1
        stats.max_in_flight = max(stats.max_in_flight, stats.in_flight)
        try:
            await asyncio.sleep(self._settings.latency_s)
            body = await request.json()
            answer = answered(body)
            stats.served[body["response_format"]["json_schema"]["name"]] += 1
            return web.json_response(answer)
        except (UnknownPrompt, ValueError, LookupError, TypeError) as error:
            stats.refused += 1
            return _error(400, "invalid_request_error", f"{MODEL} cannot answer this: {error}")
        finally:
            stats.in_flight -= 1


def answered(body: dict[str, Any]) -> dict[str, Any]:
    """The chat completion for a request's body.

    Raises:
        UnknownPrompt: It is none of cofi's prompts, or asks for no JSON schema.
        LookupError, TypeError: It is no chat completion request.
    """
    response_format = body.get("response_format") or {}
    if response_format.get("type") != "json_schema":
        raise UnknownPrompt("response_format must be of type json_schema")
    prompt = read_prompt(body["messages"], response_format["json_schema"].get("schema") or {})
    content = json.dumps(_answer(response_format["json_schema"]["name"], prompt), ensure_ascii=False)
    room = body.get("max_completion_tokens") or body.get("max_tokens")
    cut = content[: room * _CHARS_PER_TOKEN] if room else content
    sent = sum(len(message["content"]) for message in body["messages"]) + len(json.dumps(response_format))
    usage = {"prompt_tokens": _tokens(sent), "completion_tokens": _tokens(len(cut))}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": cut},
                "finish_reason": "stop" if cut == content else "length",
            }
        ],
        "usage": usage | {"total_tokens": sum(usage.values()), "prompt_tokens_details": {"cached_tokens": 0}},
    }


def _answer(schema_name: str, prompt: Prompt) -> dict[str, Any]:
    if schema_name == FACTS_SCHEMA:
        return facts(prompt)
    if schema_name == AUDIT_SCHEMA:
        return audit(prompt)
    if schema_name == SECOND_OPINION:
        (answer,) = answers_to(prompt).values()
        return dict(answer)
    known = f"{FACTS_SCHEMA}, {AUDIT_SCHEMA} and {SECOND_OPINION}"
    raise UnknownPrompt(f"the schema is {schema_name}; known are {known}")


def _tokens(chars: int) -> int:
    return -(-chars // _CHARS_PER_TOKEN)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": code, "code": code}}, status=status)
