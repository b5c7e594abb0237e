"""Async client of one GPU host: the contract of `include.gpu.wire`, with its errors and its patience.

This is what the replaced service called its mediator.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterable, Awaitable, Callable
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
    HostMisconfigured,
    HostUnready,
    StoreFault,
    TransientError,
)
from include.gpu import reading
from include.gpu.connection import HostConnection
from include.gpu.learned import LearnedPrompt, LearnedPrompts, PromptTaken
from include.gpu.reading import read_answer
from include.gpu.refusals import OutsideContract, Phase, StagesMissing, refusal
from include.gpu.settings import HostSettings
from include.gpu.wire import (
    SHA256_HEADER,
    AudioStored,
    HostStatus,
    StageOptions,
    StageRequest,
    StageResult,
)
from include.outside.bodies import Body

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


class GpuHostClient:
    """One GPU host. All methods may be called at once; none does more than one request at a time.

    Args:
        name: What errors, logs and results call the host.
        base_url: `http://host:port`.
        token: Bearer token; empty when the host wants none.
        settings: Timeouts and patience.

    Raises (all methods):
        HostLost: It does not answer, nor when it was asked for its health; or (`HostMisconfigured`) what
            answers in its place turns away whatever it is asked.
        HostBusy: It was at its capacity, or (`HostUnready`) not ready, for longer than the patience.
        HostFault: It answers with 5xx, not in its protocol, or breaks off though it lives.
        RecordingMissing: It lacks the call's recording.
        RecordingUnusable: It cannot work on this recording, ever.
    """

    def __init__(self, name: str, base_url: str, token: str, settings: HostSettings) -> None:
        self.name = name
        self._settings = settings
        self._connection = HostConnection(name, base_url, token, settings)
        self._asked_again: asyncio.Task[CofiError | None] | None = None

    async def __aenter__(self) -> "GpuHostClient":
        """Opens nothing yet: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes all connections."""
        await self._connection.close()

    async def status(self) -> HostStatus:
        """What the host can do, at this moment. A host that loads its engines is `HostBusy`."""
        timeout = aiohttp.ClientTimeout(total=_STATUS_TIMEOUT_S)
        return await self._ask(Phase.READY, "GET", "ready", _STATUS, timeout=timeout)

    async def until_ready(self) -> HostStatus:
        """Its status, once it is ready; the patience is that of any request."""
        status = await self._patiently(self.status)
        await self._connection.renew_instance()
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
            stored = await self._ask(
                Phase.UPLOAD,
                "PUT",
                f"v1/calls/{call_id}/audio",
                _STORED,
                data=body(),
                headers=headers,
                expect100=sha256 is not None,
            )
            if stored.call_id != call_id:
                raise self._of_another(stored.call_id, call_id)
            return stored

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
        path = "v1/prompts/learned"

        async def attempt() -> LearnedPrompts | None:
            answer = await self._connection.send(Phase.PROMPTS, "GET", path)
            return None if answer.status == 404 else self._read(Phase.PROMPTS, answer, path, _LEARNED)

        return await self._patiently(attempt)

    async def learned_prompt(self, prompt_id: str) -> LearnedPrompt:
        """A learned prompt with its fingerprint."""
        path = f"v1/prompts/learned/{prompt_id}"

        async def attempt() -> LearnedPrompt:
            prompt = await self._ask(Phase.PROMPTS, "GET", path, _PROMPT)
            if prompt.prompt_id != prompt_id or not prompt.fingerprint:
                raise self._of_another(f"{prompt.prompt_id} without its fingerprint", prompt_id)
            return prompt

        return await self._patiently(attempt)

    async def teach(self, prompt: LearnedPrompt) -> PromptTaken:
        """Tells the host of a prompt that another one learned, or its name or refusal."""
        body, path = prompt.model_dump(mode="json"), f"v1/prompts/learned/{prompt.prompt_id}"
        return await self._patiently(partial(self._ask, Phase.PROMPTS, "PUT", path, _TAKEN, json=body))

    async def delete(self, call_id: str) -> None:
        """Deletes a call's recording and results from the host; what is not there is deleted."""

        async def attempt() -> None:
            path = f"v1/calls/{call_id}"
            answer = await self._connection.send(Phase.DELETE, "DELETE", path)
            if not (answer.status == 404 and answer.problem):
                self._granted(Phase.DELETE, answer, path)

        await self._patiently(attempt)

    async def _stage(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        request = StageRequest(options=options).model_dump(mode="json")
        result = await self._ask(Phase.STAGE, "POST", f"v1/calls/{call_id}/{stage}", _RESULT, json=request)
        if (result.call_id, result.stage) != (call_id, stage):
            raise self._of_another(f"{result.call_id}/{result.stage}", f"{call_id}/{stage}")
        return result

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
        try:
            return await while_busy(while_failing, request)
        except OutsideContract:
            if whole := await self._trouble_of_the_host():
                raise whole from None
            raise

    async def _trouble_of_the_host(self) -> CofiError | None:
        """Whether nobody would get an answer. Requests that fail together ask once."""
        if self._asked_again is None or self._asked_again.done():
            self._asked_again = asyncio.create_task(self._not_itself())
        return await asyncio.shield(self._asked_again)

    async def _not_itself(self) -> CofiError | None:
        try:
            await self.status()
        except HostLost as error:
            return error
        except CofiError as error:
            log.info("host=%s is asked whether it is itself: %s", self.name, error)
        return None

    def _out_of_patience(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        patience_s = self._settings.busy_patience_s
        if isinstance(error, HostUnready):
            patience_s = min(patience_s, self._settings.unready_patience_s)
        return (state.seconds_since_start or 0.0) >= patience_s

    async def _ask(
        self, phase: Phase, method: str, path: str, answer: TypeAdapter[Answer], **request: Any
    ) -> Answer:
        return self._read(phase, await self._connection.send(phase, method, path, **request), path, answer)

    def _read(self, phase: Phase, response: reading.Answer, path: str, answer: TypeAdapter[Answer]) -> Answer:
        body = self._granted(phase, response, path)
        try:
            return read_answer(body, answer)
        except ValueError as error:
            why = (
                f"GPU host {self.name} answered {path} in no known form ({error}): check its version, and "
                "that it is what answers at its address."
            )
            raise (HostMisconfigured if phase is Phase.READY else OutsideContract)(why) from error

    def _granted(self, phase: Phase, answer: reading.Answer, path: str) -> Body:
        if answer.status not in phase.successes:
            raise refusal(self.name, phase, answer, path, self._settings.busy_patience_s)
        return answer.body

    def _of_another(self, answered: str, asked: str) -> HostFault:
        return OutsideContract(
            f"GPU host {self.name} was asked about {asked} and answered about {answered[:120]}: see whether "
            "a proxy before it keeps answers."
        )


def _as_asked(state: RetryCallState) -> float:
    """Waits as long as the host asked, with a little jitter, so that not all come back at once.

    A host that becomes free is taken at once by whoever works on it already, or within this time by others.
    """
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.retry_after_s if isinstance(error, TransientError) else None
    if asked_s is None:
        return _BACKOFF(state)
    return max(asked_s, _LEAST_WAIT_S) + random.uniform(0, _JITTER_S)  # noqa: S311
