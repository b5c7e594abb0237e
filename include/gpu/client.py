"""Async client of one GPU host: the contract of `include.gpu.wire`, with its errors and its patience.

This is what the replaced service called its mediator.
"""

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import aiohttp
from pydantic import ConfigDict, TypeAdapter
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from include.calls.stage import Stage
from include.errors import (
    CofiError,
    HostBusy,
    HostFault,
    HostLost,
    HostUnready,
    RequestRefused,
    StoreFault,
    TransientError,
)
from include.gpu.learned import LearnedPrompt, LearnedPrompts, PromptTaken
from include.gpu.reading import read_answer, read_health
from include.gpu.refusals import StagesMissing, refusal
from include.gpu.wire import (
    SHA256_HEADER,
    AudioStored,
    HostHealth,
    HostStatus,
    StageOptions,
    StageRequest,
    StageResult,
)
from include.outside.bodies import ERROR_BYTES, MIB, Body, read_body
from include.outside.text import one_line

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
_STORED = TypeAdapter(AudioStored)
_STATUS = TypeAdapter(HostStatus)
# A result that does not fit may hold what was said: no error quotes it.
_RESULT: TypeAdapter[StageResult] = TypeAdapter(StageResult, config=ConfigDict(hide_input_in_errors=True))
_LEARNED = TypeAdapter(LearnedPrompts)
_PROMPT = TypeAdapter(LearnedPrompt)
_TAKEN = TypeAdapter(PromptTaken)
_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=15)
_STATUS_TIMEOUT_S = 30
_LEAST_WAIT_S = 0.2
_JITTER_S = 0.3
_REASON_CHARS = 300


@dataclass(frozen=True)
class HostSettings:
    """How to talk to GPU hosts.

    Attributes:
        connect_timeout_s: For a connection.
        stage_timeout_s: For one stage of one call.
        attempts: Tries of a request that ends in a fault, and of asking a silent host for its health.
        health_every_s: How often a host that has not answered a request yet is asked for its health.
        busy_patience_s: How long a request may be put off by "at capacity" before it is given up.
        unready_patience_s: The same for "not ready".
        longest_answer_mib: A longer answer is cut off and counts as a fault.
    """

    connect_timeout_s: float = 10
    stage_timeout_s: float = 1800
    attempts: int = 3
    health_every_s: float = 30
    busy_patience_s: float = 3600
    unready_patience_s: float = 300
    longest_answer_mib: int = 64


class GpuHostClient:
    """One GPU host. All methods may be called at once; none does more than one request at a time.

    Args:
        name: What errors, logs and results call the host.
        base_url: `http://host:port`.
        token: Bearer token; empty when the host wants none.
        settings: Timeouts and patience.

    Raises (all methods):
        HostLost: It does not answer, nor when it was asked for its health.
        HostBusy: It was at its capacity, or (`HostUnready`) not ready, for longer than the patience.
        HostFault: It answers with 5xx, not in its protocol, or breaks off though it lives.
        RecordingMissing: It lacks the call's recording.
        RecordingUnusable: It cannot work on this recording, ever.
        RequestRefused: It refuses this request for good.
    """

    def __init__(self, name: str, base_url: str, token: str, settings: HostSettings) -> None:
        self.name = name
        self._settings = settings
        self._instance: str | None = None
        self._health: asyncio.Task[HostHealth | None] | None = None
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

    async def until_ready(self) -> HostStatus:
        """Its status, once it is ready; the patience is that of any request."""
        status = await self._patiently(self.status)
        health = await self._health_now()
        self._instance = health.instance if health else None
        return status

    async def upload(
        self,
        call_id: str,
        body: Callable[[], AsyncIterable[bytes]],
        size_bytes: int,
        sha256: str | None = None,
    ) -> AudioStored:
        """Streams a recording to the host, which answers the hash of what arrived.

        Args:
            call_id: Names the call.
            body: Opens the recording anew for each attempt, and yields its pieces.
            size_bytes: Of the whole recording.
            sha256: Of the recording, when it is known: a host that has it takes no body.
        """
        headers = {"Content-Length": str(size_bytes)} | ({SHA256_HEADER: sha256} if sha256 else {})

        async def attempt() -> AudioStored:
            # With a known hash the host is asked first whether it wants the body (100 Continue).
            return await self._ask(
                "PUT",
                f"v1/calls/{call_id}/audio",
                _STORED,
                data=body(),
                headers=headers,
                expect100=sha256 is not None,
            )

        return await self._patiently(attempt)

    async def run(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Runs a stage, and before it those of its predecessors that this host has not run for the call."""
        wanted = partial(self._stage, call_id, stage, options)
        try:
            return await self._patiently(wanted)
        except StagesMissing as incomplete:
            missing = incomplete.missing
        log.info("call_id=%s host=%s runs %s before %s", call_id, self.name, ", ".join(missing), stage)
        try:
            for earlier in missing:
                await self._patiently(partial(self._stage, call_id, earlier, options))
            return await self._patiently(wanted)
        except StagesMissing as error:
            raise HostFault(
                f"GPU host {self.name} forgets what it has done for call {call_id}: check its data folder."
            ) from error

    async def learned(self) -> LearnedPrompts | None:
        """What the host has learned, without fingerprints; None from one that learns nothing."""
        try:
            return await self._patiently(partial(self._ask, "GET", "v1/prompts/learned", _LEARNED))
        except RequestRefused:
            return None

    async def learned_prompt(self, prompt_id: str) -> LearnedPrompt:
        """A learned prompt with its fingerprint."""
        return await self._patiently(partial(self._ask, "GET", f"v1/prompts/learned/{prompt_id}", _PROMPT))

    async def teach(self, prompt: LearnedPrompt) -> PromptTaken:
        """Tells the host of a prompt that another one learned, or its name or refusal."""
        body, path = prompt.model_dump(mode="json"), f"v1/prompts/learned/{prompt.prompt_id}"
        return await self._patiently(partial(self._ask, "PUT", path, _TAKEN, json=body))

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
            stop=self._out_of_patience,
            reraise=True,
        )
        while_failing = AsyncRetrying(
            retry=retry_if_exception_type((HostFault, StoreFault)),
            wait=_BACKOFF,
            stop=stop_after_attempt(self._settings.attempts),
            reraise=True,
        )
        return await while_busy(while_failing, request)

    def _out_of_patience(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        patience_s = self._settings.busy_patience_s
        if isinstance(error, HostUnready):
            patience_s = min(patience_s, self._settings.unready_patience_s)
        return (state.seconds_since_start or 0.0) >= patience_s

    async def _ask(self, method: str, path: str, answer: TypeAdapter[Answer], **request: Any) -> Answer:
        body = await self._send(method, path, **request)
        try:
            return read_answer(body, answer)
        except ValueError as error:
            raise HostFault(
                f"GPU host {self.name} answered {path} in no known form ({error}): check its version."
            ) from error

    async def _send(self, method: str, path: str, **request: Any) -> Body:
        """Waits for the answer as long as the host lives: one without power closes no connection."""
        answer = asyncio.create_task(self._exchange(method, path, **request))
        try:
            while not (await asyncio.wait([answer], timeout=self._settings.health_every_s))[0]:
                await self._must_live(path)
            return await answer
        finally:
            answer.cancel()

    async def _must_live(self, path: str) -> None:
        error = await self._broken_off(TimeoutError("no answer yet"), path)
        if isinstance(error, HostLost):
            raise error

    async def _exchange(self, method: str, path: str, **request: Any) -> Body:
        settings = self._settings
        try:
            async with self._session.request(method, path, **request) as response:
                if response.status >= 400:
                    raise await refusal(self.name, response, path, settings.busy_patience_s)
                return await read_body(response, settings.longest_answer_mib * MIB)
        except TimeoutError as error:
            if isinstance(error, aiohttp.ServerTimeoutError) or path == "ready":
                raise await self._broken_off(error, path) from None
            # Perhaps this one call is too much for it: the others go on.
            raise HostFault(f"GPU host {self.name} does not finish {path} in time.") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            if isinstance(error.__cause__, CofiError):  # aiohttp wraps what goes wrong inside a streamed body
                raise error.__cause__ from None
            raise await self._broken_off(error, path) from None

    async def _broken_off(self, error: Exception, path: str) -> HostFault | HostLost:
        """One broken connection says little: a host is lost when it does not tell its health either.

        Or when it tells that it has been started anew: it may have died of this request.
        """
        reason = _reason(error)
        never_reached = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerTimeoutError)
        health = await self._health_now()
        if health is None:
            told = f"does not answer ({reason}): start it, or check its connection."
        elif self._instance and health.instance != self._instance:
            told = f"was started anew while it worked on {path}: see its log for why it ended."
        else:
            return HostFault(f"GPU host {self.name} broke off {path} ({reason}), but it lives.")
        return HostLost(f"GPU host {self.name} {told}", at_work=not never_reached)

    async def _health_now(self) -> HostHealth | None:
        """What it says of its health; None when it is silent. Requests that break off together ask once."""
        if self._health is None or self._health.done():
            self._health = asyncio.create_task(self._asked_for_health())
        return await asyncio.shield(self._health)

    async def _asked_for_health(self) -> HostHealth | None:
        timeout = aiohttp.ClientTimeout(total=2 * self._settings.connect_timeout_s)
        for attempt in range(self._settings.attempts):
            await asyncio.sleep(attempt)
            try:
                async with self._session.get("health", timeout=timeout) as response:
                    return read_health(await read_body(response, ERROR_BYTES))
            except (aiohttp.ClientError, TimeoutError):
                continue
        return None


def _reason(error: Exception) -> str:
    """Why a connection broke, without the library's own details: the error that is raised says it in full."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        return one_line(str(error), _REASON_CHARS) or type(error).__name__
    number = error.os_error.errno
    why = os.strerror(number) if number and number > 0 else str(error.os_error)
    return f"{error.host}:{error.port}: {why}"


def _as_asked(state: RetryCallState) -> float:
    """Waits as long as the host asked, with a little jitter, so that not all come back at once.

    A host that becomes free is taken at once by whoever works on it already, or within this time by others.
    """
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, TransientError) else None
    if asked_s is None:
        return _BACKOFF(state)
    return max(asked_s, _LEAST_WAIT_S) + random.uniform(0, _JITTER_S)  # noqa: S311
