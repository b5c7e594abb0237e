"""Async client of one GPU host: the contract of `include.gpu.wire`, with its errors and its patience.

This is what the replaced service called its mediator.
"""

import logging
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from include.calls.stage import Stage
from include.errors import (
    CofiError,
    HostBusy,
    HostFault,
    HostLost,
    RecordingUnusable,
    RequestRefused,
    TransientError,
)
from include.gpu.wire import (
    AudioStored,
    HostStatus,
    Problem,
    StageOptions,
    StageRequest,
    StageResult,
)

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
_STORED = TypeAdapter(AudioStored)
_STATUS = TypeAdapter(HostStatus)
_RESULT: TypeAdapter[StageResult] = TypeAdapter(StageResult)
_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=15)
_STATUS_TIMEOUT_S = 30
_UNUSABLE = {413, 415, 422}


@dataclass(frozen=True)
class HostSettings:
    """How to talk to GPU hosts.

    Attributes:
        connect_timeout_s: For a connection.
        stage_timeout_s: For one stage of one call.
        attempts: Tries of a request that ends in a fault or without an answer.
        busy_patience_s: How long a request may be put off by "at capacity" before it is given up.
    """

    connect_timeout_s: float = 10
    stage_timeout_s: float = 1800
    attempts: int = 3
    busy_patience_s: float = 3600


class _StagesMissing(CofiError):
    """The host lacks results of earlier stages: another host made them, or this one lost its data."""

    def __init__(self, missing: list[Stage]) -> None:
        super().__init__(f"The host lacks: {', '.join(missing)}")
        self.missing = missing


class GpuHostClient:
    """One GPU host. All methods may be called at once; none does more than one request at a time.

    Args:
        name: What errors, logs and results call the host.
        base_url: `http://host:port`.
        token: Bearer token; empty when the host wants none.
        settings: Timeouts and patience.

    Raises (all methods):
        HostLost: It does not answer.
        HostBusy: It was at its capacity for longer than the patience.
        HostFault: It answers with 5xx, or not in its protocol.
        RecordingUnusable: It cannot work on this recording, ever.
        RequestRefused: It refuses this request for good.
    """

    def __init__(self, name: str, base_url: str, token: str, settings: HostSettings) -> None:
        self.name = name
        self._settings = settings
        self._session = aiohttp.ClientSession(
            base_url.rstrip("/") + "/",
            connector=aiohttp.TCPConnector(limit=0),  # who calls it bounds what is in flight
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=aiohttp.ClientTimeout(
                total=settings.stage_timeout_s, sock_connect=settings.connect_timeout_s
            ),
        )

    async def __aenter__(self) -> "GpuHostClient":
        """Opens nothing yet: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes all connections."""
        await self._session.close()

    async def status(self) -> HostStatus:
        """What the host can do, at this moment. A host that loads its engines is `HostBusy`."""
        return await self._ask(
            "GET", "ready", _STATUS, timeout=aiohttp.ClientTimeout(total=_STATUS_TIMEOUT_S)
        )

    async def upload(
        self, call_id: str, body: Callable[[], AsyncIterable[bytes]], size_bytes: int
    ) -> AudioStored:
        """Streams a recording to the host, which answers the hash of what arrived.

        Args:
            call_id: Names the call.
            body: Opens the recording anew for each attempt, and yields its pieces.
            size_bytes: Of the whole recording.
        """
        length = {"Content-Length": str(size_bytes)}

        async def attempt() -> AudioStored:
            return await self._ask("PUT", f"v1/calls/{call_id}/audio", _STORED, data=body(), headers=length)

        return await self._patiently(attempt)

    async def run(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Runs a stage, and before it those of its predecessors that this host has not run for the call."""
        wanted = partial(self._stage, call_id, stage, options)
        try:
            return await self._patiently(wanted)
        except _StagesMissing as incomplete:
            missing = incomplete.missing
        log.info("call_id=%s host=%s runs %s before %s", call_id, self.name, ", ".join(missing), stage)
        try:
            for earlier in missing:
                await self._patiently(partial(self._stage, call_id, earlier, options))
            return await self._patiently(wanted)
        except _StagesMissing as error:
            raise HostFault(
                f"GPU host {self.name} forgets what it has done for call {call_id}: check its data folder."
            ) from error

    async def delete(self, call_id: str) -> None:
        """Deletes a call's recording and results from the host."""
        await self._patiently(partial(self._send, "DELETE", f"v1/calls/{call_id}"))

    async def _stage(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        request = StageRequest(options=options).model_dump(mode="json")
        return await self._ask("POST", f"v1/calls/{call_id}/{stage}", _RESULT, json=request)

    async def _patiently(self, request: Callable[[], Awaitable[Answer]]) -> Answer:
        """Waits while the host is busy, and tries again what failed."""
        while_busy = AsyncRetrying(
            retry=retry_if_exception_type(HostBusy),
            wait=_as_asked,
            stop=stop_after_delay(self._settings.busy_patience_s),
            reraise=True,
        )
        while_failing = AsyncRetrying(
            retry=retry_if_exception_type((HostFault, HostLost)),
            wait=_BACKOFF,
            stop=stop_after_attempt(self._settings.attempts),
            reraise=True,
        )
        return await while_busy(while_failing, request)

    async def _ask(self, method: str, path: str, answer: TypeAdapter[Answer], **request: Any) -> Answer:
        body = await self._send(method, path, **request)
        try:
            return answer.validate_json(body)
        except ValidationError as error:
            wrong = error.errors()[0]
            raise HostFault(
                f"GPU host {self.name} answered {path} in no known form ({wrong['msg']} at {wrong['loc']}): "
                "check its version."
            ) from error

    async def _send(self, method: str, path: str, **request: Any) -> bytes:
        try:
            async with self._session.request(method, path, **request) as response:
                if response.status >= 400:
                    raise await self._error(response, path)
                return await response.read()
        except TimeoutError as error:
            if isinstance(error, aiohttp.ServerTimeoutError) or path == "ready":
                raise self._lost(error) from error
            # Perhaps this one call is too much for it: the others go on.
            raise HostFault(f"GPU host {self.name} does not finish {path} in time.") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            if isinstance(error.__cause__, CofiError):  # aiohttp wraps what goes wrong inside a streamed body
                raise error.__cause__ from None
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> HostLost:
        reason = str(error) or type(error).__name__
        return HostLost(
            f"GPU host {self.name} does not answer ({reason}): start it, or check its connection."
        )

    async def _error(self, response: aiohttp.ClientResponse, path: str) -> CofiError:
        body = await response.read()
        problem = (
            _problem(body)
            or Problem(  # a proxy answered, not the host
                title=body[:200].decode(errors="replace") or "no explanation", status=response.status
            )
        )
        said = f"GPU host {self.name} answered {response.status} to {path}: {problem.detail or problem.title}"
        wait_s = _retry_after_s(response)
        if response.status in {429, 503}:
            return HostBusy(said, retry_after_s=wait_s)
        if response.status == 409 and problem.missing:
            return _StagesMissing([Stage(stage) for stage in problem.missing])
        if response.status >= 500 or problem.retryable:
            return HostFault(said, retry_after_s=wait_s)
        if response.status in _UNUSABLE and _problem(body):
            return RecordingUnusable(problem.detail or problem.title)
        hint = ": set the token as the password of its connection" if response.status in {401, 403} else ""
        return RequestRefused(said + hint)


def _problem(body: bytes) -> Problem | None:
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        return None


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _as_asked(state: RetryCallState) -> float:
    """Waits as long as the host asked, with jitter, so that not all come back at once."""
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, TransientError) else None
    return _BACKOFF(state) if asked_s is None else asked_s + _BACKOFF(state) / 10
