"""What can go wrong with an emulated service, and the pages that all of them have."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Faults:
    """Everything is well by default; `POST /emulation/faults` replaces what its JSON object names.

    Attributes:
        unready: 503 to everything.
        slow: Factor on all service times.
        garbage: Results are no JSON.
        disk_full: 507 to uploads.
        reset_share: Share of requests whose connection is reset, 0..1.
        killed_by: The process ends itself when it works on one of these calls.
        refused_share: Share of requests that the LLM API refuses for load, 429 and 503 in turn, with
            `Retry-After: retry_after_s`.
        error_share: Share that it answers with 500.
        hang_share: Share that it never answers.
        wrong_share: Share that it answers in one of the ways of `wrong`: malformed, truncated, empty, schema.
        refusal_share: Share that the model refuses to answer.
        filtered_share: Share whose answer a content filter stops.
        blocked_share: Share whose prompt a content filter refuses (400).
        broken_share: Share that is answered 200 with an error inside.
    """

    unready: bool = False
    slow: float = 1.0
    garbage: bool = False
    disk_full: bool = False
    reset_share: float = 0.0
    killed_by: tuple[str, ...] = ()
    refused_share: float = 0.0
    retry_after_s: int = 1
    error_share: float = 0.0
    hang_share: float = 0.0
    wrong_share: float = 0.0
    refusal_share: float = 0.0
    filtered_share: float = 0.0
    blocked_share: float = 0.0
    broken_share: float = 0.0
    wrong: tuple[str, ...] = ("malformed", "truncated", "empty", "schema")

    def changed(self, wanted: dict[str, Any]) -> "Faults":
        """These faults with some others.

        Raises:
            ValueError: There is no such fault.
        """
        unknown = sorted(set(wanted) - {each.name for each in fields(self)})
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}")
        return replace(self, **wanted)


@dataclass
class Emulated:
    """The state of an emulated service.

    Attributes:
        served: Requests that were answered as they should be, by what was asked.
        max_in_flight: Since the start, or `POST /emulation/forget-peak`.
        resets: Connections that were reset on purpose.
        in_flight_s: Integral of `in_flight` over time: its difference over a spell's is the mean.
    """

    faults: Faults = field(default_factory=Faults)
    served: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    max_in_flight: int = 0
    refused: int = 0
    resets: int = 0
    in_flight_s: float = 0.0
    _changed_at_s: float = field(default_factory=time.monotonic)
    _random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    def count(self, what: str) -> None:
        """Counts a request that was served."""
        self.served[what] = self.served.get(what, 0) + 1

    def began(self) -> None:
        """Counts a request in flight."""
        self._integrate()
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def ended(self) -> None:
        """A request is in flight no more."""
        self._integrate()
        self.in_flight -= 1

    def resets_now(self) -> bool:
        """Whether this request's connection is to be reset."""
        reset = self.happens(self.faults.reset_share)
        self.resets += reset
        return reset

    def happens(self, share: float) -> bool:
        """Whether something of this probability happens now."""
        return self._random.random() < share

    def one_of(self, kinds: Sequence[str]) -> str:
        """Whether a fault of any of these kinds is set."""
        return self._random.choice(kinds)

    def figures(self) -> dict[str, Any]:
        """The figures for `/emulation/stats`."""
        self._integrate()
        return {
            "at_s": self._changed_at_s,
            "served": self.served,
            "in_flight": self.in_flight,
            "in_flight_s": self.in_flight_s,
            "max_in_flight": self.max_in_flight,
            "refused": self.refused,
            "resets": self.resets,
            "faults": asdict(self.faults),
        }

    def _integrate(self) -> None:
        now_s = time.monotonic()
        self.in_flight_s += self.in_flight * (now_s - self._changed_at_s)
        self._changed_at_s = now_s

    def routes(self, figures: Callable[[], dict[str, Any]]) -> list[web.RouteDef]:
        """The pages of every emulated service."""

        async def stats(_: web.Request) -> web.Response:
            return web.json_response(figures())

        async def set_faults(request: web.Request) -> web.Response:
            try:
                self.faults = self.faults.changed(await request.json())
            except ValueError as error:
                return web.json_response({"error": str(error)}, status=400)
            return web.json_response(asdict(self.faults))

        async def forget_peak(_: web.Request) -> web.Response:
            self.max_in_flight = self.in_flight
            return web.json_response(figures())

        return [
            web.get("/emulation/stats", stats),
            web.post("/emulation/faults", set_faults),
            web.post("/emulation/forget-peak", forget_peak),
        ]


async def reset(request: web.Request) -> web.Response:
    """Breaks the connection off, as a crashed peer does."""
    if request.transport:
        request.transport.abort()
    await asyncio.sleep(0)
    return web.Response()


def end_process() -> None:
    """Ends this process as `kill -9` would: nothing is tidied up, and nobody gets a message."""
    os._exit(137)
