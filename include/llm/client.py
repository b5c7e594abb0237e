"""Async client of an LLM API: one session, never more than `width` requests in flight."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
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
from include.llm.chat_api import Ask, JsonSchema, Message, Reply, error_of_item
from include.llm.limiter import Limiter, LimiterSettings, Round
from include.llm.providers.outcomes import Outcome, SchemaRefused
from include.llm.providers.provider import Provider
from include.llm.rate import RateLimit
from include.llm.settings import MIB, LlmSettings
from include.llm.usage import Usage
from include.outside.bodies import ERROR_BYTES, read_body
from include.outside.text import one_line

__all__ = ["Completion", "LlmClient", "LlmSettings"]
from include.tracing.spans import carried

log = logging.getLogger(__name__)

# Backoff without Retry-After: full jitter under a doubling bound (AWS Architecture Blog, "Exponential
# backoff and jitter"), so that refused requests do not come back together.
BACKOFF_FIRST_S = 0.5
BACKOFF_LONGEST_S = 30.0
_TOLD_CHARS = 300


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
        self._provider = Provider(settings)
        self._in_words: set[str] = set()
        self._session: aiohttp.ClientSession | None = None
        self._payer: Payer | None = None
        self._random = random.Random()  # noqa: S311 - jitter, no secret

    @property
    def max_output_tokens(self) -> int:
        """The most output tokens of one answer, from the connection or the provider's profile."""
        return self._provider.profile.max_output_tokens

    async def __aenter__(self) -> Self:
        settings = self.settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.limiter.width),
            headers=self._provider.headers,
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
            settings: Of `LlmSettings`: another model, another temperature. The latter only where the provider
                takes one: models that take none sample by themselves.
        """
        if self._provider.profile.temperature is None:
            settings.pop("temperature", None)
        other = copy(self)
        other.settings = replace(self.settings, **settings)
        other._provider = Provider(other.settings)
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
            AnswerRefused: The model, or a content filter, refuses to answer.
            BudgetReached: It would cost more than may be paid.
        """
        ask = Ask(messages, schema, name, max_output_tokens or self.max_output_tokens)
        sent = failed = 0
        while True:
            sent += 1
            in_words = self._provider.profile.schema_in_words or name in self._in_words
            try:
                reply, latency_s = await self._attempt(replace(ask, in_words=in_words), item)
            except SchemaRefused as error:
                if in_words:
                    raise error_of_item(error, item, sent) from error
                self._send_schema_in_words(name, error)
            except CofiError as error:
                if error.of_the_stage:
                    raise
                if not isinstance(error, TransientError):
                    raise error_of_item(error, item, sent) from error
                if self._breaker.is_open:
                    continue  # an outage is waited for, whatever the number of attempts
                failed += 1
                wait_s = self._wait_s(error, failed)
                if failed >= self.settings.max_attempts or wait_s > self.settings.longest_wait_s:
                    raise error_of_item(error, item, sent) from error
                await asyncio.sleep(wait_s)
            else:
                usage = reply.usage or Usage()
                return Completion(**vars(reply) | {"usage": usage}, latency_s=latency_s, attempts=sent)

    def _send_schema_in_words(self, name: str, error: SchemaRefused) -> None:
        """Sends this schema in words from now on: one refusal, which costs nothing, shows that it must."""
        if name not in self._in_words:
            log.warning("The schema %s is sent in words from now on: %s", name, error)
        self._in_words.add(name)

    async def _attempt(self, ask: Ask, item: str) -> tuple[Reply, float]:
        """One request in one slot; limiter and breaker hear how it went."""
        body = self._provider.body(ask)
        await self._rate.admit(len(body))
        async with self._turn() as turn:
            started_s = time.perf_counter()
            try:
                reply = await self._send(body, item)
            except TransientError as error:
                if isinstance(error, LlmBusy | LlmLate):
                    self.limiter.refused(turn)
                self._breaker.failed(error, self.limiter.in_flight - 1)
                raise
            except LlmUnusable as error:
                if self._breaker.client_is_refused():
                    raise
                raise LlmLost(str(error)) from error
            except SchemaRefused:
                raise
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
        if reply.usage:
            self._rate.took(len(body), reply.usage.prompt_tokens + reply.usage.completion_tokens)
        return reply, latency_s

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

    async def _send(self, body: bytes, item: str) -> Reply:
        """Sends a request and books what came of it, whatever that is, exactly once."""
        if self._meter:
            await self._meter.admit()
        outcome = await self._exchange(body)
        if self._meter and outcome.billed:
            self._meter.paid(
                item, outcome.model or self.settings.model, outcome.usage or Usage(), self._payer
            )
        if outcome.reply is None:
            raise outcome.error or LlmLost("the LLM API answered nothing")
        return outcome.reply

    async def _exchange(self, body: bytes) -> Outcome:
        if self._session is None:
            raise RuntimeError("LlmClient is used outside its `async with` block")
        try:
            # A redirect is not followed: what was said in a call goes where the connection says.
            async with self._session.post(
                self._provider.url,
                data=body,
                headers={"Content-Type": "application/json", **carried()},
                allow_redirects=False,
            ) as response:
                longest = int(self.settings.longest_answer_mib * MIB)
                read = await read_body(response, longest if response.status == 200 else ERROR_BYTES)
                return self._provider.outcome(response.status, read, response.headers)
        except TimeoutError as error:
            raise LlmLate(f"the LLM API does not answer in time: {_kind(error)}") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise LlmLost(f"the LLM API does not answer: {_kind(error)}") from error

    def _wait_s(self, error: TransientError, attempt: int) -> float:
        """Seconds to wait: what the API asks for, a little spread; else a jittered backoff."""
        if error.retry_after_s is not None:
            return error.retry_after_s * self._random.uniform(1.0, 1.1)
        bound_s = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S * 2 ** (attempt - 1))
        return self._random.uniform(0, bound_s)


def _kind(error: Exception) -> str:
    return one_line(f"{type(error).__name__} {error}", _TOLD_CHARS)
