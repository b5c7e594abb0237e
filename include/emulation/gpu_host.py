"""An emulated GPU host: the contract of `include.gpu.wire`, with a stopwatch instead of engines.

Its GPU is one resource: of the requests that it takes at once (`capacity`), `gpus` are worked on, the others
wait; as many more wait for one of these places. It holds nothing on disk, so one that is started again has
lost all recordings and results.
"""

import asyncio
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import uuid4

from aiohttp import web

from include import __version__
from include.calls.stage import GPU_STAGES, Stage
from include.concurrency import WaitingRoom
from include.emulation.faults import Emulated, Handler, end_process, reset
from include.emulation.prompts import EmulatedPrompts
from include.emulation.results import ENGINE, audio_seconds, result_of
from include.gpu.learned import LearnedPrompt
from include.gpu.wire import SHA256_HEADER, AudioStored, HostHealth, HostStatus, Problem, StageResult

_LARGEST_BYTES = 2 * 1024**3
_PIECE_BYTES = 256 * 1024
_HEADER_BYTES = 44
_FREE_BYTES = 10**12


@dataclass(frozen=True)
class GpuHostSettings:
    """How the host behaves when nothing is wrong.

    Attributes:
        stage_s: Service time of a stage, in seconds of one GPU.
        rtf: Further seconds per second of audio.
        upload_s: Least time of an upload.
        capacity: Stage requests that are taken at once; as many more wait, and what is beyond gets 429.
        gpus: Of those, how many are worked on at once.
        token: Bearer token; empty for none.
    """

    stage_s: float = 2.0
    rtf: float = 0.0
    upload_s: float = 0.0
    capacity: int = 4
    gpus: int = 1
    token: str = ""


@dataclass
class _Held:
    """A recording and its results."""

    audio: AudioStored
    audio_s: float
    results: dict[Stage, StageResult]


class EmulatedGpuHost:
    """An emulated GPU host; `app` serves it."""

    def __init__(self, settings: GpuHostSettings) -> None:
        self._settings = settings
        self._state = Emulated()
        self._instance = uuid4().hex
        self._calls: dict[str, _Held] = {}
        self._learned = EmulatedPrompts()
        self._gpu = asyncio.Semaphore(settings.gpus)
        self._room = WaitingRoom(settings.capacity)
        self._worked_s = self._audio_s = 0.0
        self._deleted = self._uploaded_bytes = 0
        self.app = web.Application(client_max_size=_LARGEST_BYTES, middlewares=[self._guard])
        self.app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/ready", self._ready),
                web.put("/v1/calls/{call_id}/audio", self._put),
                web.post("/v1/calls/{call_id}/{stage}", self._post),
                web.delete("/v1/calls/{call_id}", self._delete),
                web.get("/v1/prompts/learned", self._list_learned),
                web.get("/v1/prompts/learned/{prompt_id}", self._get_learned),
                web.put("/v1/prompts/learned/{prompt_id}", self._put_learned),
                *self._state.routes(self._figures),
            ]
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/health" or request.path.startswith("/emulation/"):
            return await handler(request)
        given = request.headers.get("Authorization", "")
        if self._settings.token and not hmac.compare_digest(given, f"Bearer {self._settings.token}"):
            return _problem(401, "the bearer token is missing or wrong")
        if self._state.faults.unready:
            return _problem(503, "not ready", retry_after_s=1)
        if request.method != "GET" and self._state.resets_now():
            return await reset(request)
        return await handler(request)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response(HostHealth(instance=self._instance).model_dump())

    async def _ready(self, _: web.Request) -> web.Response:
        status = HostStatus(
            ready=True,
            engines=dict.fromkeys(GPU_STAGES, ENGINE),
            capacity=self._settings.capacity,
            in_flight=self._state.in_flight,
            free_disk_bytes=0 if self._state.faults.disk_full else _FREE_BYTES,
            speed=self._speed(),
            version=__version__,
            hears_vocabulary=False,
        )
        return web.json_response(status.model_dump())

    async def _put(self, request: web.Request) -> web.StreamResponse:
        call_id = request.match_info["call_id"]
        if self._state.faults.disk_full:
            return _problem(507, "no space left on device", retryable=True)
        held, announced = self._calls.get(call_id), request.headers.get(SHA256_HEADER)
        if held and held.audio.sha256 == announced:
            self._state.count("upload_known")
            return web.json_response(held.audio.model_dump())
        digest, size_bytes, head = sha256(), 0, b""
        async for piece in request.content.iter_chunked(_PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
            head = head or piece[:_HEADER_BYTES]
        if size_bytes != request.content_length:
            return _problem(400, "the upload broke off", retryable=True)
        await asyncio.sleep(self._settings.upload_s * self._state.faults.slow)
        stored = AudioStored(call_id=call_id, size_bytes=size_bytes, sha256=digest.hexdigest())
        if held is None or held.audio != stored:
            self._calls[call_id] = _Held(stored, audio_seconds(head, size_bytes), {})
        self._state.count("upload")
        self._uploaded_bytes += size_bytes
        return web.json_response(stored.model_dump(), status=201)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        call_id, stage = request.match_info["call_id"], Stage(request.match_info["stage"])
        held = self._calls.get(call_id)
        if held is None:
            return _problem(404, f"there is no recording of {call_id}: upload it first")
        before = GPU_STAGES[: GPU_STAGES.index(stage)]
        missing = [str(earlier) for earlier in before if earlier not in held.results]
        if missing:
            return _problem(409, "earlier stages are missing", missing=missing)
        if stage not in held.results:
            if not await self._room.enter():
                self._state.refused += 1
                return _problem(429, "at capacity", retry_after_s=round(self._settings.stage_s))
            try:
                await self._work(call_id, stage, held)
            finally:
                self._room.leave()
        self._state.count(stage)
        if self._state.faults.garbage:
            return web.Response(text='{"stage": "denoise", "applied": tru', content_type="application/json")
        return web.Response(text=held.results[stage].model_dump_json(), content_type="application/json")

    async def _work(self, call_id: str, stage: Stage, held: _Held) -> None:
        """Takes the GPU for the service time, also when the client hangs up."""
        self._state.began()
        try:
            async with self._gpu:
                if call_id in self._state.faults.killed_by:
                    end_process()
                seconds = self._settings.stage_s + self._settings.rtf * held.audio_s
                seconds *= self._state.faults.slow
                await asyncio.sleep(seconds)
        finally:
            self._state.ended()
        held.results[stage] = result_of(call_id, stage, seconds, held.audio_s)
        self._worked_s += seconds
        self._audio_s += held.audio_s

    async def _delete(self, request: web.Request) -> web.Response:
        self._deleted += self._calls.pop(request.match_info["call_id"], None) is not None
        return web.Response(status=204)

    async def _list_learned(self, _: web.Request) -> web.Response:
        listed = self._learned.listed(calls_heard=self._state.served.get(Stage.IVR, 0))
        return web.Response(text=listed.model_dump_json(), content_type="application/json")

    async def _get_learned(self, request: web.Request) -> web.Response:
        prompt = self._learned.prompts.get(request.match_info["prompt_id"])
        if prompt is None:
            return _problem(404, "there is no such prompt")
        return web.Response(text=prompt.model_dump_json(), content_type="application/json")

    async def _put_learned(self, request: web.Request) -> web.Response:
        try:
            prompt = LearnedPrompt.model_validate_json(await request.text())
            taken = self._learned.take(request.match_info["prompt_id"], prompt)
        except ValueError as error:
            return _problem(400, f"the prompt cannot be taken: {type(error).__name__}")
        return web.Response(text=taken.model_dump_json(), content_type="application/json")

    def _speed(self) -> float | None:
        """Audio seconds through all stages per second; None before the first."""
        if not self._worked_s:
            return None
        return self._audio_s / self._worked_s * self._settings.gpus / len(GPU_STAGES)

    def _figures(self) -> dict[str, Any]:
        held = {"calls_held": len(self._calls), "calls_deleted": self._deleted}
        work = {"uploaded_bytes": self._uploaded_bytes, "worked_s": self._worked_s}
        return self._state.figures() | held | work


def _problem(status: int, detail: str, *, retry_after_s: int | None = None, **more: Any) -> web.Response:
    problem = Problem(title=detail, status=status, detail=detail, **more)
    return web.Response(
        status=status,
        text=problem.model_dump_json(),
        content_type="application/problem+json",
        headers={} if retry_after_s is None else {"Retry-After": str(retry_after_s)},
    )
