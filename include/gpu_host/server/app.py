"""The HTTP face of a GPU host: the protocol of `include/gpu/wire.py`, and no more."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST

from include.calls.stage import Stage
from include.errors import InvalidInput
from include.gpu.learned import PROMPT_ID_PATTERN, LearnedPrompt, LearnedPrompts, PromptTaken
from include.gpu.wire import (
    CALL_ID_PATTERN,
    SHA256_HEADER,
    AudioStored,
    HostHealth,
    HostStatus,
    Problem,
    StageRequest,
    StageResult,
)
from include.gpu_host.server import problems
from include.gpu_host.server.access import RequireToken
from include.gpu_host.server.host import Host
from include.gpu_host.server.prompts import LearnedStore

CallId = Annotated[str, PathParameter(pattern=CALL_ID_PATTERN)]
PromptId = Annotated[str, PathParameter(pattern=PROMPT_ID_PATTERN)]
Sha256 = Annotated[str | None, Header(alias=SHA256_HEADER, pattern="^[0-9a-fA-F]{64}$")]
GpuStage = Literal[Stage.DENOISE, Stage.IVR, Stage.LID, Stage.STT]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
# The body is read as a stream, so FastAPI does not see it.
_BODY = {
    "required": True,
    "content": {"application/octet-stream": _BINARY},
}

_RECORDING = {"application/octet-stream": _BINARY, "audio/flac": _BINARY}
_PROBLEM: dict[str, Any] = {
    "description": "RFC 9457 problem",
    "content": {problems.PROBLEM_MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
}
# Named in the contract; `RequireToken` is what checks it, before a body is read.
_BEARER = Depends(HTTPBearer(auto_error=False))

log = logging.getLogger(__name__)


def create_app(host: Host, token: str) -> FastAPI:
    """Builds the server around a host.

    Args:
        host: Its engines may still be loading.
        token: What clients must send.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(host.sweep())
        yield
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        host.close()

    app = FastAPI(
        title="cofi GPU host",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # FastAPI would announce an answer of its own for 422.
        responses={"default": _PROBLEM, 422: _PROBLEM},
    )
    problems.register(app, host.metrics.failed)
    app.include_router(_calls(host))
    app.include_router(_prompts(host))
    app.include_router(_about(host))
    app.add_middleware(RequireToken, token=token, failed=host.metrics.failed)
    return app


def _calls(host: Host) -> APIRouter:
    router = APIRouter(prefix="/v1/calls/{call_id}", tags=["calls"], dependencies=[_BEARER])

    @router.put(
        "/audio",
        status_code=201,
        responses={200: {"model": AudioStored}},
        openapi_extra={"requestBody": _BODY},
    )
    async def put_audio(
        call_id: CallId, request: Request, response: Response, announced_sha256: Sha256 = None
    ) -> AudioStored:
        """Takes a recording as a streamed body of known length; 200 when the same content was there."""
        sha256 = announced_sha256.lower() if announced_sha256 else None
        if sha256 and (there := await asyncio.to_thread(host.uploads.already_stored, call_id, sha256)):
            response.status_code = 200
            return there
        size_bytes = _content_length(request)
        stored, is_new = await host.uploads.receive(call_id, request.stream(), size_bytes, sha256)
        if not is_new:
            response.status_code = 200
            return stored
        host.metrics.received(stored.size_bytes)
        log.info("stored call_id=%s bytes=%d", call_id, stored.size_bytes)
        return stored

    @router.get("/audio", response_class=FileResponse, responses={200: {"content": _RECORDING}})
    async def get_audio(
        call_id: CallId, version: Literal["original", "enhanced"] = "original"
    ) -> FileResponse:
        """Sends a recording to listen to: as it was uploaded, or enhanced, which is made on demand."""
        if version == "enhanced":
            return FileResponse(await host.enhanced(call_id), media_type="audio/flac")
        if await asyncio.to_thread(host.store.audio, call_id) is None:
            raise problems.audio_missing(call_id)
        return FileResponse(host.store.audio_path(call_id), media_type="application/octet-stream")

    @router.post("/{stage}")
    async def post_stage(
        call_id: CallId, stage: GpuStage, request: StageRequest | None = None
    ) -> StageResult:
        """Runs a stage, or returns its stored result."""
        return await host.stage(call_id, stage, (request or StageRequest()).options)

    @router.delete("", status_code=204)
    async def delete_call(call_id: CallId) -> None:
        """Removes a call's recording and results; one that is not there is removed already."""
        await asyncio.to_thread(host.store.delete, call_id)

    return router


def _prompts(host: Host) -> APIRouter:
    router = APIRouter(prefix="/v1/prompts/learned", tags=["prompts"], dependencies=[_BEARER])

    def learned() -> LearnedStore:
        if host.learned is None:
            raise problems.learns_nothing()
        return host.learned

    @router.get("")
    def get_learned() -> LearnedPrompts:
        """Lists what calls repeat, without fingerprints."""
        return learned().listed()

    @router.get("/{prompt_id}")
    def get_prompt(prompt_id: PromptId) -> LearnedPrompt:
        """Sends a learned prompt with its fingerprint."""
        prompt = learned().prompt(prompt_id)
        if prompt is None:
            raise problems.prompt_missing(prompt_id)
        return prompt

    @router.put("/{prompt_id}")
    def put_prompt(prompt_id: PromptId, prompt: LearnedPrompt) -> PromptTaken:
        """Takes in what another host learned, or a name or refusal; the same again changes nothing."""
        if prompt.prompt_id != prompt_id:
            raise problems.bad_request(f"prompt_id: {prompt.prompt_id} is not {prompt_id} of the path.")
        try:
            return learned().take(prompt)
        except InvalidInput as error:
            raise problems.bad_request(str(error)) from error

    return router


def _about(host: Host) -> APIRouter:
    router = APIRouter(tags=["host"])

    @router.get("/health")
    async def health() -> HostHealth:
        """Says that the process lives, and which start of it this is; needs no token."""
        return HostHealth(instance=host.instance)

    @router.get("/ready", dependencies=[_BEARER])
    async def ready() -> HostStatus:
        """Says what the host can do; 503 while its engines load."""
        return await host.status()

    @router.get("/metrics", dependencies=[_BEARER], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus text."""
        return Response(host.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


def _content_length(request: Request) -> int:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise problems.length_required()
    return int(length)
