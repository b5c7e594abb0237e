"""Async client of an OpenAI-compatible API: one session, never more than `width` requests in flight."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import aiohttp

from include.errors import (
    AnswerInvalid,
    CofiError,
    LlmBusy,
    LlmLate,
    LlmLost,
    LlmUnusable,
    RequestRefused,
    TransientError,
)
from include.llm.breaker import Breaker, BreakerSettings
from include.llm.budget import Meter, Payer
from include.llm.chat_api import (
    Answer,
    JsonSchema,
    Message,
    read_answer,
    refusal,
    response_format,
    told,
)
from include.llm.limiter import Limiter, LimiterSettings, Round
from include.llm.rate import RateLimit
from include.llm.usage import Usage

# Backoff without Retry-After: full jitter under a doubling bound (AWS Architecture Blog, "Exponential
# backoff and jitter"), so that refused requests do not come back together.
BACKOFF_FIRST_S = 0.5
BACKOFF_LONGEST_S = 30.0


@dataclass(frozen=True)
class LlmSettings:
    """Where the LLM is and how it is asked.

    Attributes:
        base_url: Up to and with the version, such as `https://api.openai.com/v1`.
        api_key: Bearer token; empty for none.
        connect_timeout_s: To open a connection.
        read_timeout_s: Between two pieces of an answer; a completion comes in one piece, after all thinking.
        total_timeout_s: For one attempt.
        max_attempts: Of one request, the first included.
        longest_wait_s: When the API asks for a longer wait than this, the request fails as transient and
            Airflow tries the task again later.
        outage_patience_s: How long requests wait for an API that is down before the task gives up.
        requests_per_minute: Of this client; 0 for any number. `tokens_per_minute` likewise, of prompts and
            answers together.
        max_output_tokens: Of one answer; doubled once when it was not enough.
        temperature: None leaves it out, for models that refuse it.
        output_tokens_field: `max_tokens` (vLLM, llama.cpp, Ollama, …) or `max_completion_tokens` (newer
            OpenAI).
        bounds_in_schema: Off for APIs that refuse length bounds in strict schemas.
        extra_headers: Sent with every request (`api-key` for Azure, a gateway's routing).
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    total_timeout_s: float = 180.0
    max_attempts: int = 6
    longest_wait_s: float = 120.0
    outage_patience_s: float = 600.0
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    max_output_tokens: int = 4096
    temperature: float | None = 0.0
    output_tokens_field: str = "max_tokens"
    bounds_in_schema: bool = True
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Completion:
    """A model's answer to one request.

    Attributes:
        model: As the API names it; it may be a snapshot of the one asked for.
        finish_reason: `length` when the answer was cut off.
        latency_s: Of the attempt that succeeded.
        attempts: How many it took.
    """

    content: str
    model: str
    request_id: str
    finish_reason: str
    usage: Usage
    latency_s: float
    attempts: int


class LlmClient:
    """Asks for completions; use as `async with LlmClient(settings, width) as client`.

    More callers than `width` may wait at once, and should (twice as many): a request that waits to be tried
    again gives its slot back, and another takes it.

    Args:
        settings: Where and how.
        width: Most requests in flight.
        limiter: When the client narrows itself under refusals.
        meter: Lets requests through and books answers; None for an LLM that may cost what it will.
    """

    def __init__(
        self,
        settings: LlmSettings,
        width: int,
        limiter: LimiterSettings | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.settings = settings
        self._meter = meter
        self.limiter = Limiter(width, limiter)
        self._breaker = Breaker(width, BreakerSettings(patience_s=settings.outage_patience_s))
        self._rate = RateLimit(settings.requests_per_minute, settings.tokens_per_minute)
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        self._session: aiohttp.ClientSession | None = None
        self._payer: Payer | None = None
        self._random = random.Random()  # noqa: S311 - jitter, no secret

    async def __aenter__(self) -> Self:
        settings = self.settings
        headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.limiter.width),
            headers=headers | dict(settings.extra_headers),
            timeout=aiohttp.ClientTimeout(
                total=settings.total_timeout_s,
                sock_connect=settings.connect_timeout_s,
                sock_read=settings.read_timeout_s,
            ),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def asking(self, payer: Payer, **settings: Any) -> Self:
        """This client, asking or paying otherwise: session, slots and what it knows of the API stay one.

        Args:
            payer: What its answers are booked on.
            settings: Of `LlmSettings`: another model, another temperature.
        """
        other = copy(self)
        other.settings = replace(self.settings, **settings)
        other._payer = payer
        return other

    async def complete(
        self,
        messages: Sequence[Message],
        schema: JsonSchema,
        name: str,
        *,
        item: str = "request",
        max_output_tokens: int | None = None,
    ) -> Completion:
        """Asks for JSON of a schema; tries again what may pass, inside the width.

        Args:
            messages: The conversation.
            schema: JSON schema of the answer.
            name: The schema's name.
            item: What the request is about, for messages: a call's id.
            max_output_tokens: Instead of the settings'.

        Raises:
            LlmBusy: Refused for load at every attempt, or asked to wait too long.
            LlmLost: No usable answer at any attempt.
            LlmDown: The API has been down for too long.
            LlmUnusable: It refuses everything: key, model, credit.
            RequestRefused: It refuses this request for good.
            AnswerInvalid: The model refuses to answer.
            BudgetReached: It would cost more than may be paid.
        """
        body = self._body(messages, schema, name, max_output_tokens)
        sent = failed = 0
        while True:
            sent += 1
            try:
                answer, latency_s = await self._attempt(body)
            except CofiError as error:
                if error.of_the_stage:
                    raise
                if not isinstance(error, TransientError):
                    raise told(error, item, sent) from error
                if self._breaker.is_open:
                    continue  # an outage is waited for, whatever the number of attempts
                failed += 1
                wait_s = self._wait_s(error, failed)
                if failed >= self.settings.max_attempts or wait_s > self.settings.longest_wait_s:
                    raise told(error, item, sent) from error
                await asyncio.sleep(wait_s)
            else:
                if self._meter:
                    self._meter.paid(item, answer.model, answer.usage, self._payer)
                return Completion(**vars(answer), latency_s=latency_s, attempts=sent)

    def _body(
        self, messages: Sequence[Message], schema: JsonSchema, name: str, max_output_tokens: int | None
    ) -> bytes:
        settings = self.settings
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": list(messages),
            "response_format": response_format(name, schema, bounds=settings.bounds_in_schema),
            settings.output_tokens_field: max_output_tokens or settings.max_output_tokens,
        }
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        return json.dumps(body, ensure_ascii=False).encode()

    async def _attempt(self, body: bytes) -> tuple[Answer, float]:
        """One request in one slot; limiter and breaker hear how it went."""
        await self._rate.admit(len(body))
        async with self._turn() as turn:
            started_s = time.perf_counter()
            try:
                answer = await self._send(body)
            except TransientError as error:
                if isinstance(error, LlmBusy | LlmLate):
                    self.limiter.refused(turn)
                self._breaker.failed(error, self.limiter.in_flight - 1)
                raise
            except LlmUnusable as error:
                if self._breaker.believes():
                    raise
                raise LlmLost(str(error)) from error
            except RequestRefused as error:
                self._breaker.refused(error)
                raise
            except AnswerInvalid:
                self._breaker.answered()
                raise
            latency_s = time.perf_counter() - started_s
            if self._breaker.answered():
                self.limiter.restore()
            # What is asked beside the stage's own question takes another time than that.
            self.limiter.succeeded(turn, None if self._payer else latency_s)
        self._rate.took(len(body), answer.usage.prompt_tokens + answer.usage.completion_tokens)
        return answer, latency_s

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Round]:
        """A slot, while the API is not down; what is down is probed by one request at a time."""
        while True:
            is_probe = await self._breaker.admit()
            try:
                async with self.limiter.slot() as turn:
                    if is_probe or not self._breaker.is_open:
                        yield turn
                        return
            finally:
                if is_probe:
                    self._breaker.probed()

    async def _send(self, body: bytes) -> Answer:
        if self._session is None:
            raise RuntimeError("LlmClient is used outside its `async with` block")
        if self._meter:
            await self._meter.admit()
        try:
            async with self._session.post(
                self._url, data=body, headers={"Content-Type": "application/json"}
            ) as response:
                text = await response.text(errors="replace")
                if response.status != 200:
                    raise refusal(response.status, text, response.headers)
                return read_answer(text, response.headers)
        except TimeoutError as error:
            raise LlmLate(
                f"the LLM API does not answer in time: {type(error).__name__} {error}".rstrip()
            ) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise LlmLost(f"the LLM API does not answer: {type(error).__name__} {error}".rstrip()) from error

    def _wait_s(self, error: TransientError, attempt: int) -> float:
        """What the API asks for, a little spread; else a jittered backoff."""
        if error.retry_after_s is not None:
            return error.retry_after_s * self._random.uniform(1.0, 1.1)
        bound_s = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S * 2 ** (attempt - 1))
        return self._random.uniform(0, bound_s)
