import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from include.calls.call import ChannelRole
from include.calls.transcript import Transcript, Turn
from include.llm.client import BACKOFF_FIRST_S, LlmClient, LlmSettings
from tests.waiting import Together


def completion(content: str, finish_reason: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "model": "m-2026-01-01",
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
    }


@dataclass
class FakeApi:
    """Answers with what the test lines up, then with `{}`; counts what is in flight."""

    replies: list[web.Response | dict[str, Any] | str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    latency_s: float = 0.0
    together: Together = field(default_factory=Together)
    capacity: int | None = None
    in_flight: int = 0
    max_in_flight: int = 0
    refused: int = 0
    down: bool = False
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return await self._reply(request)
        finally:
            self.in_flight -= 1

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        if self.down:
            return web.json_response({"error": {"message": "down"}}, status=502)
        if self.capacity is not None and self.in_flight > self.capacity:
            self.refused += 1
            return web.json_response({"error": {"message": "too many"}}, status=429)
        reply = self.replies.pop(0) if self.replies else completion("{}")
        await self.together()
        await asyncio.sleep(self.latency_s)
        if reply == "reset":
            assert request.transport is not None
            request.transport.abort()
        if reply == "hang":
            await asyncio.sleep(30)
        return reply if isinstance(reply, web.Response) else web.json_response(reply)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again waits a hundredth of the time: hundreds of tests try again."""
    monkeypatch.setattr("include.llm.client.BACKOFF_FIRST_S", BACKOFF_FIRST_S / 100)


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.handle)
    async with TestServer(app, handler_cancellation=True) as server:
        fake.url = str(server.make_url("/v1"))
        yield fake


@pytest.fixture
def client_of() -> Callable[..., LlmClient]:
    def make(api: FakeApi, width: int = 4, **settings: Any) -> LlmClient:
        return LlmClient(LlmSettings(base_url=api.url, model="m", api_key="secret", **settings), width)

    return make


def spoken_call(*said: tuple[str, str], call_id: str = "c1", language: str = "en") -> Transcript:
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
        for n, (who, text) in enumerate(said, start=1)
    ]
    return Transcript(call_id=call_id, language=language, turns=turns)


@pytest.fixture
def spoken() -> Callable[..., Transcript]:
    return spoken_call


@pytest.fixture
def reply() -> Callable[..., dict[str, Any]]:
    return completion
