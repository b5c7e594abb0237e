"""Circuit breaker: recognises an API that is down, and keeps requests back until it is up again."""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass

from include.errors import CofiError, LlmDown, LlmUnusable, TransientError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BreakerSettings:
    """When the API counts as down.

    Attributes:
        few_in_a_row: Refusals of the client (key, account) in a row, until those of an API that has answered
            before count.
        most_in_a_row: Failures without an answer between them, while no other request is in flight.
        most_of_width: Failures in a row for each slot, whatever is in flight: an API that takes fewer than it
            is sent at first refuses up to one for each slot, and works.
        first_wait_s: Until the first probe; each failed one doubles the wait.
        longest_wait_s: Between two probes, unless the API asks for longer.
        patience_s: After this time the task gives up, and Airflow tries it again later.
    """

    few_in_a_row: int = 3
    most_in_a_row: int = 10
    most_of_width: float = 1.5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    patience_s: float = 600.0


class Breaker:
    """Opens when the API is down; one request after the other probes it, and the first answer closes it.

    What waits here holds no slot and uses up none of its attempts.

    Args:
        width: Most requests in flight.
        settings: When it opens, and how long it waits.
    """

    def __init__(self, width: int, settings: BreakerSettings | None = None) -> None:
        self._width = width
        self._settings = settings or BreakerSettings()
        self._failed_in_a_row = 0
        self._refused_in_a_row = 0
        self._has_answered = False
        self._down_since_s: float | None = None
        self._probe_at_s = 0.0
        self._wait_s = 0.0
        self._probing = False
        self._news = asyncio.Event()
        self._random = random.Random()  # noqa: S311 - jitter, no secret
        self._last = TransientError("nothing yet")

    @property
    def is_open(self) -> bool:
        """Whether the API is down."""
        return self._down_since_s is not None

    async def admit(self) -> bool:
        """Waits while the API is down.

        Returns:
            Whether this request is a probe; the caller then calls `probed` at its end.

        Raises:
            LlmDown: It has been down for too long.
        """
        while self._down_since_s is not None:
            if max(_now_s(), self._probe_at_s) - self._down_since_s >= self._settings.patience_s:
                raise self._given_up()
            left_s = self._probe_at_s - _now_s()
            if left_s <= 0 and not self._probing:
                self._probing = True
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._probing else left_s):
                    await self._news.wait()
        return False

    def probed(self) -> None:
        """Notes that a probe has ended, whatever came of it."""
        self._probing = False
        self._tell()

    def answered(self) -> bool:
        """The API gave an answer; whether that was to a probe, so that it was down until now."""
        was_open, self._down_since_s = self.is_open, None
        self._failed_in_a_row = self._refused_in_a_row = 0
        self._has_answered = True
        if was_open:
            log.warning("The LLM API answers again")
            self._tell()
        return was_open and self._probing

    def failed(self, error: TransientError, in_flight: int) -> None:
        """A request failed in a way that may pass.

        Args:
            error: How; `retry_after_s` is kept when the API is down.
            in_flight: Other requests that have no answer yet: they may be what the API is busy with.
        """
        self._failed_in_a_row += 1
        if self._down_since_s is None:
            if not self._is_down(in_flight):
                return
            self._down_since_s = _now_s()
            self._wait_s = self._settings.first_wait_s
            log.warning("The LLM API is down, requests wait for it: %s", error)
        elif not self._probing:
            return  # it was sent before
        else:
            self._wait_s = min(2 * self._wait_s, self._settings.longest_wait_s)
        self._last = error
        wait_s = max(error.retry_after_s or 0.0, self._wait_s) * self._random.uniform(1.0, 1.2)
        self._probe_at_s = _now_s() + wait_s

    def client_is_refused(self) -> bool:
        """Counts a refusal of the client; whether it is final: one after answers may be a gateway's."""
        self._refused_in_a_row += 1
        return not self._has_answered or self._refused_in_a_row >= self._settings.few_in_a_row

    def refused(self, error: CofiError) -> None:
        """The API refused a request for good.

        Raises:
            LlmUnusable: It refuses one after the other: it is not the requests.
        """
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= self._settings.most_in_a_row:
            raise LlmUnusable(
                f"the LLM API refused {self._refused_in_a_row} requests in a row, the last with: {error}"
            ) from error

    def _tell(self) -> None:
        """Wakes all requests that wait."""
        self._news.set()
        self._news = asyncio.Event()

    def _is_down(self, in_flight: int) -> bool:
        most = self._settings.most_of_width * self._width if in_flight else 0
        return self._failed_in_a_row >= max(self._settings.most_in_a_row, most)

    @property
    def _lasts_s(self) -> float:
        return 0.0 if self._down_since_s is None else _now_s() - self._down_since_s

    def _given_up(self) -> LlmDown:
        return LlmDown(
            f"the LLM API has been down for {self._lasts_s:.0f} s, at last: {self._last} What it answered "
            "until then is stored; the next try takes up the rest.",
            retry_after_s=self._last.retry_after_s,
        )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
