"""Refusals of the protocol, and how every error becomes problem+json (RFC 9457)."""

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.calls.stage import Stage
from include.errors import CofiError, RecordingUnusable
from include.gpu.wire import Problem
from include.gpu_host.audio import NotAudio

PROBLEM_MEDIA_TYPE = "application/problem+json"

log = logging.getLogger(__name__)


class Refusal(CofiError):
    """A request that the protocol refuses.

    Args:
        problem: What the client is told.
        retry_after_s: When a retry is worth it.
    """

    kind = "refusal"

    def __init__(self, problem: Problem, retry_after_s: int | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after_s = retry_after_s


def audio_missing(call_id: str) -> Refusal:
    """404: there is nothing to work on."""
    return _refusal(404, "Audio missing", f"No audio is stored for call {call_id}: upload it first.")


def stages_missing(stage: Stage, missing: Sequence[Stage]) -> Refusal:
    """409: earlier stages have no result yet."""
    names = [str(earlier) for earlier in missing]
    detail = f"Stage {stage} needs the results of: {', '.join(names)}. Run them first, in this order."
    return Refusal(Problem(title="Earlier stage missing", status=409, detail=detail, missing=names))


def busy(capacity: int, retry_after_s: int) -> Refusal:
    """429: every worker is taken, and nothing queues here."""
    detail = f"All {capacity} workers of this host are taken: send the request again later."
    return _refusal(429, "Host at capacity", detail, retryable=True, retry_after_s=retry_after_s)


def not_ready() -> Refusal:
    """503: the engines are still loading."""
    detail = "The engines are still loading: send the request again later."
    return _refusal(503, "Host not ready", detail, retryable=True, retry_after_s=5)


def disk_full(needed_bytes: int, free_bytes: int) -> Refusal:
    """507: the recording does not fit on the disk."""
    detail = f"The recording needs {needed_bytes} bytes and {free_bytes} are free: make room on the host's disk."
    return _refusal(507, "Disk full", detail, retryable=True, retry_after_s=60)


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


def register(app: FastAPI) -> None:
    """Makes every error of the app a problem; none shows a stack trace to the client."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RecordingUnusable, _on_unusable)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_fault)


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


async def _on_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return response(error)


async def _on_unusable(request: Request, error: Exception) -> JSONResponse:
    status = 415 if isinstance(error, NotAudio) else 422
    return response(_refusal(status, "Recording unusable", str(error)))


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return response(bad_request(f"{place}: {first['msg']}"))


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return response(_refusal(error.status_code, str(error.detail), f"{request.method} {request.url.path}"))


async def _on_fault(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", exc_info=error, extra={"path": request.url.path})
    detail = f"{type(error).__name__} in the host: its log says more."
    return response(_refusal(500, "Host fault", detail, retryable=True))
