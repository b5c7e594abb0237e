"""What can go wrong with an emulated service, and the two pages that all of them have."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
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
    """

    unready: bool = False
    slow: float = 1.0
    garbage: bool = False
    disk_full: bool = False
    reset_share: float = 0.0
    killed_by: tuple[str, ...] = ()

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
        resets: Connections that were reset on purpose.
    """

    faults: Faults = field(default_factory=Faults)
    served: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    max_in_flight: int = 0
    refused: int = 0
    resets: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311

    def count(self, what: str) -> None:
        """Counts a request that was served."""
        self.served[what] = self.served.get(what, 0) + 1

    def began(self) -> None:
        """Counts a request in flight."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def resets_now(self) -> bool:
        """Whether this request's connection is to be reset."""
        reset = self._random.random() < self.faults.reset_share
        self.resets += reset
        return reset

    def figures(self) -> dict[str, Any]:
        """For `/emulation/stats`."""
        return {
            "served": self.served,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "refused": self.refused,
            "resets": self.resets,
            "faults": asdict(self.faults),
        }

    def routes(self, figures: Callable[[], dict[str, Any]]) -> list[web.RouteDef]:
        """The two pages."""

        async def stats(_: web.Request) -> web.Response:
            return web.json_response(figures())

        async def set_faults(request: web.Request) -> web.Response:
            try:
                self.faults = self.faults.changed(await request.json())
            except ValueError as error:
                return web.json_response({"error": str(error)}, status=400)
            return web.json_response(asdict(self.faults))

        return [web.get("/emulation/stats", stats), web.post("/emulation/faults", set_faults)]


async def reset(request: web.Request) -> web.Response:
    """Breaks the connection off, as a crashed peer does."""
    if request.transport:
        request.transport.abort()
    await asyncio.sleep(0)
    return web.Response()


def end_process() -> None:
    """Ends this process as `kill -9` would: nothing is tidied up, nobody is told."""
    os._exit(137)
