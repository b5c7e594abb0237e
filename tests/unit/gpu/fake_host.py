"""A GPU host without engines: it keeps the contract, counts, and misbehaves as it is told."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web
from aiohttp.test_utils import TestServer

from include.calls.stage import GPU_STAGES, Stage
from include.calls.transcript import Turn
from include.gpu.client import GpuHostClient
from include.gpu.learned import LearnedPrompts
from include.gpu.wire import (
    SHA256_HEADER,
    AudioStored,
    DenoiseResult,
    Engine,
    HostHealth,
    HostStatus,
    IvrResult,
    LidResult,
    Problem,
    Span,
    StageRequest,
    StageResult,
    SttResult,
)

ENGINE = Engine(name="fake", version="1", device="cpu")
Connect = Callable[..., GpuHostClient]
Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


def problem(status: int, detail: str = "", *, retry_after_s: str = "", **more: object) -> Reply:
    """Answers with problem details."""
    headers = {"Retry-After": retry_after_s} if retry_after_s else {}
    body = Problem(title=f"problem {status}", status=status, detail=detail, **more).model_dump_json()

    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, text=body, headers=headers, content_type="application/problem+json"
        )

    return reply


def text(body: str, status: int = 200) -> Reply:
    """Answers with something that is not the protocol."""

    async def reply(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(status=status, text=body)

    return reply


def found(result: StageResult) -> Reply:
    """Answers with a result, of whatever call it is asked about."""

    async def reply(request: web.Request) -> web.StreamResponse:
        of_call = result.model_copy(update={"call_id": request.match_info["call_id"]})
        return web.Response(text=of_call.model_dump_json(), content_type="application/json")

    return reply


async def broken_off(request: web.Request) -> web.StreamResponse:
    """Closes the connection without an answer."""
    assert request.transport
    request.transport.abort()
    return web.Response()


async def hangs(request: web.Request) -> web.StreamResponse:
    """Takes the request and never answers."""
    await asyncio.Event().wait()
    raise AssertionError


@dataclass
class FakeGpuHost:
    """What the host has, what it was asked, and what it answers next.

    Attributes:
        replies: Answers to come, by `PUT`, `DELETE`, a stage's name or `ready`; it does its work where one is
            None, and when there are no more.
        asked: Every request, as `PUT`, `DELETE` or the stage's name, with its call, in order.
        asked_at_s: When, on the monotonic clock.
        traceparents: The trace that each came with; empty without one.
        audio: What was uploaded, by call.
        results: Stages that were run, by call.
        delay_s: That each stage takes.
        silent: Calls in which nobody speaks.
        learned: What it says that it has learned; None when it learns nothing.
        damages: What arrives lacks its first byte.
        instance: Of its process; None when it does not tell.
        hears_vocabulary: What it says of it; None when it does not tell.
    """

    token: str = ""
    capacity: int = 4
    speed: float | None = None
    delay_s: float = 0.0
    replies: dict[str, list[Reply | None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    asked_at_s: list[float] = field(default_factory=list)
    traceparents: list[str] = field(default_factory=list)
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    audio: dict[str, bytes] = field(default_factory=dict)
    results: dict[str, set[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    learned: LearnedPrompts | None = None
    damages: bool = False
    instance: str | None = None
    hears_vocabulary: bool | None = None
    in_flight: int = 0
    max_in_flight: int = 0
    url: str = ""

    async def __aenter__(self) -> "FakeGpuHost":
        app = web.Application()
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/health", self._health)
        app.router.add_put("/v1/calls/{call_id}/audio", self._upload)
        app.router.add_post("/v1/calls/{call_id}/{stage}", self._stage)
        app.router.add_get("/v1/prompts/learned", self._learned)
        app.router.add_delete("/v1/calls/{call_id}", self._delete)
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def port(self) -> int:
        assert self._server.port
        return self._server.port

    def asked_for(self, what: str) -> list[str]:
        """Calls for which it was asked something, in order."""
        return [call_id for asked, call_id in self.asked if asked == what]

    async def _health(self, request: web.Request) -> web.StreamResponse:
        reply = self._turned_away(request, "health", "")
        health = HostHealth(instance=self.instance).model_dump()
        return await reply(request) if reply else web.json_response(health)

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        if reply := self._turned_away(request, "ready", ""):
            return await reply(request)
        status = HostStatus(
            ready=True,
            engines=dict.fromkeys(GPU_STAGES, ENGINE),
            capacity=self.capacity,
            in_flight=self.in_flight,
            free_disk_bytes=10**9,
            speed=self.speed,
            hears_vocabulary=self.hears_vocabulary,
        )
        return web.json_response(status.model_dump())

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        call_id = request.match_info["call_id"]
        if reply := self._turned_away(request, "PUT", call_id):
            await request.content.readany()  # the first pieces only
            return await reply(request)
        held = self.audio.get(call_id)
        if held and sha256(held).hexdigest() == request.headers.get(SHA256_HEADER):
            return web.json_response(_stored(call_id, held).model_dump())
        self.audio[call_id] = (await request.read())[self.damages :]
        return web.json_response(_stored(call_id, self.audio[call_id]).model_dump(), status=201)

    async def _stage(self, request: web.Request) -> web.StreamResponse:
        call_id, stage = request.match_info["call_id"], request.match_info["stage"]
        if reply := self._turned_away(request, stage, call_id):
            return await reply(request)
        done = self.results.setdefault(call_id, set())
        missing = [s for s in GPU_STAGES[: GPU_STAGES.index(Stage(stage))] if s not in done]
        if missing:
            return await problem(409, "run them first", missing=missing)(request)
        body = StageRequest.model_validate_json(await request.read())
        self.options[stage] = body.options.model_dump(mode="json")
        await self._work()
        done.add(stage)
        result = result_of(call_id, stage, [] if call_id in self.silent else [said(call_id)])
        return web.Response(text=result.model_dump_json(), content_type="application/json")

    async def _work(self) -> None:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        await asyncio.sleep(self.delay_s)
        self.in_flight -= 1

    async def _learned(self, request: web.Request) -> web.StreamResponse:
        if self.learned is None:
            return await problem(404, "this host learns nothing")(request)
        return web.Response(text=self.learned.model_dump_json(), content_type="application/json")

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        call_id = request.match_info["call_id"]
        if reply := self._turned_away(request, "DELETE", call_id):
            return await reply(request)
        self.audio.pop(call_id, None)
        return web.Response(status=204)

    def _turned_away(self, request: web.Request, what: str, call_id: str) -> Reply | None:
        self.asked.append((what, call_id))
        self.asked_at_s.append(time.monotonic())
        self.traceparents.append(request.headers.get("traceparent", ""))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return problem(401, "wrong token")
        replies = self.replies.get(what)
        return replies.pop(0) if replies else None


def _stored(call_id: str, content: bytes) -> AudioStored:
    return AudioStored(call_id=call_id, size_bytes=len(content), sha256=sha256(content).hexdigest())


def said(call_id: str) -> Turn:
    """Something that is said in this call alone."""
    words = f"Good morning, this is Dana speaking about ticket {call_id[-6:]}."
    return Turn(
        id="t1", speaker="agent", channel=0, start_ms=0, end_ms=2900, text=words, confidence=0.9, words=[]
    )


def result_of(call_id: str, stage: str, turns: list[Turn]) -> StageResult:
    """What the engines would find in the call."""
    common = {"call_id": call_id, "engine": ENGINE, "seconds": 0.5, "audio_s": 3.0}
    results: dict[str, Callable[[], StageResult]] = {
        "denoise": lambda: DenoiseResult(**common, applied=False, reason="clean", snr_db=30),
        "ivr": lambda: IvrResult(**common, segments=[], kept=[Span(start_ms=0, end_ms=3000)]),
        "lid": lambda: LidResult(
            **common, language="en", confidence=0.9, probabilities={"en": 0.9}, speech_s=2.0
        ),
        "stt": lambda: SttResult(**common, language="en", turns=turns),
    }
    return results[stage]()
