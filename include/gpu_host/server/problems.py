"""Refusals of the protocol, and how every error becomes problem+json (RFC 9457)."""

import errno
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from include.calls.stage import Stage
from include.errors import CofiError, HostFault, RecordingUnusable
from include.gpu.wire import Problem
from include.gpu_host.audio.decoding import NotAudio

PROBLEM_MEDIA_TYPE = "application/problem+json"

log = logging.getLogger(__name__)


class Refusal(CofiError):
    """A request that the protocol refuses.

    Args:
        problem: The problem details that the client gets.
        retry_after_s: When a retry is worth it.
    """

    def __init__(self, problem: Problem, retry_after_s: int | None = None) -> None:
        super().__init__(problem.detail)
        self.kind = problem.title.lower().replace(" ", "_")
        self.problem = problem
        self.retry_after_s = retry_after_s


def audio_missing(call_id: str) -> Refusal:
    """404: there is nothing to work on."""
    return _refusal(404, "Audio missing", f"No audio is stored for call {call_id}: upload it first.")


def learns_nothing() -> Refusal:
    """404: the operator wants nothing learned."""
    return _refusal(404, "Learns nothing", "This host learns no prompts: its operator has switched it off.")


def prompt_missing(prompt_id: str) -> Refusal:
    """404: nobody has learned it, or another one of the same audio stands for it."""
    return _refusal(404, "Prompt missing", f"Prompt {prompt_id} is not known here: ask for the list.")


def audio_gone(call_id: str) -> Refusal:
    """404: it was there when the work began."""
    detail = (
        f"The audio of call {call_id} was deleted or replaced while it was worked on: run its stages again."
    )
    return _refusal(404, "Audio missing", detail)


def stages_missing(call_id: str, stage: Stage, missing: Sequence[Stage]) -> Refusal:
    """409: earlier stages have no result that holds."""
    names = [str(earlier) for earlier in missing]
    detail = f"Stage {stage} of call {call_id} needs {', '.join(names)}: run them first, in this order."
    return Refusal(Problem(title="Earlier stage missing", status=409, detail=detail, missing=names))


def busy(capacity: int, retry_after_s: int) -> Refusal:
    """429: every worker is taken, and enough wait for one."""
    detail = f"All {capacity} workers of this host are taken, and others wait: send the request again later."
    return _refusal(429, "Host at capacity", detail, retryable=True, retry_after_s=retry_after_s)


def not_ready() -> Refusal:
    """503: the engines are still loading."""
    detail = "The engines are still loading: send the request again later."
    return _refusal(503, "Host not ready", detail, retryable=True, retry_after_s=5)


def stopping() -> Refusal:
    """503: the host is being stopped, and hands the request back."""
    detail = "The host is being stopped: send the request again when it is back."
    return _refusal(503, "Host stopping", detail, retryable=True, retry_after_s=10)


def crashes_worker(how: str) -> Refusal:
    """422: the recording ends the worker process, among others and by itself."""
    detail = (
        f"The recording crashes the worker process, also when nothing else runs ({how}): it cannot be worked "
        "on here. After SIGKILL, look whether the host's memory ran out."
    )
    return _refusal(422, "Recording crashes the host", detail)


def too_slow(timeout_s: float) -> Refusal:
    """422: the stage does not end."""
    detail = (
        f"The stage did not end within {timeout_s:g} s: split the recording, or raise "
        "COFI_GPU_HOST_STAGE_TIMEOUT_S."
    )
    return _refusal(422, "Stage too slow", detail)


def disk_full(needed_bytes: int, free_bytes: int) -> Refusal:
    """507: the recording does not fit on the disk."""
    detail = (
        f"The recording has {needed_bytes} bytes and {free_bytes} are free: make room on the host's disk."
    )
    return _refusal(507, "Disk full", detail, retryable=True, retry_after_s=60)


def no_room() -> Refusal:
    """507: the disk filled up while the host was writing."""
    detail = "The host's disk is full: make room on it."
    return _refusal(507, "Disk full", detail, retryable=True, retry_after_s=60)


def out_of_memory() -> Refusal:
    """503: it may fit when less else is going on."""
    detail = "The host's memory is too small for this recording at the moment: lower COFI_GPU_HOST_CAPACITY."
    return _refusal(503, "Out of memory", detail, retryable=True, retry_after_s=30)


def unauthorized() -> Refusal:
    """401: no bearer token, or another one."""
    return _refusal(401, "Unauthorized", "Send the host's token as `Authorization: Bearer <token>`.")


def bad_request(detail: str) -> Refusal:
    """400: the request does not fit the protocol."""
    return _refusal(400, "Bad request", detail)


def length_required() -> Refusal:
    """411: the size must be known before the body, so that a large one is refused in time."""
    return _refusal(411, "Length required", "Send the Content-Length of the recording.")


def too_large(size_bytes: int, limit_bytes: int) -> Refusal:
    """413: larger than the operator takes."""
    detail = f"The recording has {size_bytes} bytes and this host takes {limit_bytes}."
    return _refusal(413, "Recording too large", detail)


def altered_in_transit(announced: str, computed: str) -> Refusal:
    """422, but worth a retry: the bytes that arrived are not the bytes that were announced."""
    detail = f"The body's sha256 is {computed}, not the announced {announced}: send it again."
    return _refusal(422, "Checksum mismatch", detail, retryable=True)


def client_gone() -> Refusal:
    """400: nobody reads this; it is counted, and the part that arrived is thrown away."""
    return _refusal(
        400, "Client gone", "The connection closed before the whole body arrived.", retryable=True
    )


def register(app: FastAPI, failed: Callable[[str], None]) -> None:
    """Makes every error of the app a problem; none shows a stack trace to the client.

    Args:
        app: Before it serves.
        failed: Told the kind of every problem.
    """
    for error_type, refused in _REFUSALS.items():
        app.add_exception_handler(error_type, _handler(refused, failed))


def response(refusal: Refusal) -> JSONResponse:
    """The HTTP answer of a refusal."""
    headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
    if refusal.problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        refusal.problem.model_dump(),
        status_code=refusal.problem.status,
        headers=headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _refusal(
    status: int, title: str, detail: str, *, retryable: bool = False, retry_after_s: int | None = None
) -> Refusal:
    return Refusal(Problem(title=title, status=status, detail=detail, retryable=retryable), retry_after_s)


def _handler(
    refused: Callable[[Request, Any], Refusal], failed: Callable[[str], None]
) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        refusal = refused(request, error)
        failed(refusal.kind)
        # "Later" is how a full host works, thousands of times a day.
        level = logging.DEBUG if refusal.problem.status in {429, 503} else logging.WARNING
        log.log(
            level,
            "refused call_id=%s status=%d kind=%s: %s",
            request.path_params.get("call_id"),
            refusal.problem.status,
            refusal.kind,
            refusal.problem.detail,
        )
        return response(refusal)

    return handle


def _unusable(request: Request, error: RecordingUnusable) -> Refusal:
    status = 415 if isinstance(error, NotAudio) else 422
    return _refusal(status, "Recording unusable", f"Call {request.path_params.get('call_id')}: {error}")


def _invalid(request: Request, error: RequestValidationError) -> Refusal:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return bad_request(f"{place}: {first['msg']}")


def _http(request: Request, error: HTTPException) -> Refusal:
    return _refusal(error.status_code, str(error.detail), f"{request.method} {request.url.path}")


def _os_error(request: Request, error: OSError) -> Refusal:
    return no_room() if error.errno == errno.ENOSPC else _fault(request, error)


def _fault(request: Request, error: Exception) -> Refusal:
    """The path holds the call id."""
    log.error("%s in %s %s", type(error).__name__, request.method, request.url.path, exc_info=error)
    detail = (
        str(error)
        if isinstance(error, HostFault)
        else f"{type(error).__name__} in the host: its log says more."
    )
    return _refusal(500, "Host fault", detail, retryable=True)


_REFUSALS: dict[type[Exception], Callable[[Request, Any], Refusal]] = {
    Refusal: lambda request, refusal: refusal,
    RecordingUnusable: _unusable,
    RequestValidationError: _invalid,
    HTTPException: _http,
    ClientDisconnect: lambda request, error: client_gone(),
    MemoryError: lambda request, error: out_of_memory(),
    OSError: _os_error,
    HostFault: _fault,
    Exception: _fault,
}
