"""Tries what a site names: does a GPU host answer, and does the LLM answer as the audit needs it?"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from include.calls.call import ChannelRole
from include.calls.recorders.loading import named
from include.calls.transcript import Transcript, Turn
from include.command_line.site import Site
from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings
from include.gpu.wire import HostStatus
from include.llm.audit import answer_scorecard
from include.llm.client import LlmClient
from include.llm.settings import LlmSettings
from include.llm.understanding import understand
from include.probe.looking import Probed, look
from include.probe.place import place_of
from include.scorecards.schema import Scorecard

_LOOKED_AT = 50
_CONNECT_S = 5.0
_ANSWER_S = 120.0
# A person waits: what does not answer now is reported, not waited for.
_NOW = HostSettings(connect_timeout_s=_CONNECT_S, attempts=1, busy_patience_s=0, unready_patience_s=0)
_SAID = (
    (ChannelRole.AGENT, "Thank you for calling, this call is recorded. You are speaking to Dana."),
    (ChannelRole.CUSTOMER, "Hello, my last bill has a late fee that I do not understand."),
    (ChannelRole.AGENT, "I am sorry about that. I have taken it off, you will see it on the next bill."),
    (ChannelRole.CUSTOMER, "Great, thank you. Goodbye."),
)


@dataclass(frozen=True)
class LlmTried:
    """What two requests about a made-up call of four sentences came to.

    Attributes:
        model: As the API named it.
        tokens: Tokens of both requests, prompts and answers.
        repaired: An answer did not fit its schema at first.
    """

    model: str
    tokens: int
    latency_s: float
    repaired: bool


def found_in(site: Site, location: str, timezone: str, recorder: str | None = None) -> Probed:
    """What a run would find in a location.

    Raises:
        CofiError: It cannot be opened, or a recorder's file is wrong.
    """
    set_folder = site.value("recorders_folder")
    folder = Path(set_folder) if set_folder else None
    if recorder:
        recorder, folder = named(recorder, folder)
    with quietly():
        return look(
            place_of(location, timezone), recorder=recorder, recorders_folder=folder, limit=_LOOKED_AT
        )


@contextmanager
def quietly() -> Iterator[None]:
    """Every recorder is tried: what those say that do not fit is no trouble."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def status_of(name: str, url: str, token: str) -> HostStatus:
    """A host's answer to `/ready`.

    Raises:
        CofiError: It does not answer, not as a GPU host does, or is not ready.
    """

    async def ask() -> HostStatus:
        async with GpuHostClient(name, url, token, _NOW) as host:
            return await host.status()

    return asyncio.run(ask())


def llm_tried(settings: LlmSettings, scorecard: Scorecard) -> LlmTried:
    """Asks for both answers that the audit of a call needs, in their schemas.

    Raises:
        CofiError: It does not answer, refuses, or answers what does not fit.
    """
    return asyncio.run(_asked(_impatient(settings), scorecard))


async def _asked(settings: LlmSettings, scorecard: Scorecard) -> LlmTried:
    async with LlmClient(settings, 1) as client:
        understood = await understand(client, _transcript())
        answered = await answer_scorecard(client, _transcript(), understood.understanding, scorecard)
    both = (understood.provenance, answered.provenance)
    return LlmTried(
        model=both[0].model,
        tokens=sum(one.usage.prompt_tokens + one.usage.completion_tokens for one in both),
        latency_s=sum(one.latency_s for one in both),
        repaired=any(one.repaired for one in both),
    )


def _impatient(settings: LlmSettings) -> LlmSettings:
    return replace(
        settings,
        connect_timeout_s=_CONNECT_S,
        total_timeout_s=_ANSWER_S,
        max_attempts=1,
        longest_wait_s=0.0,
        outage_patience_s=0.0,
        requests_per_minute=0.0,
        tokens_per_minute=0.0,
    )


def _transcript() -> Transcript:
    turns = [
        Turn(
            id=f"t{n}",
            speaker=role,
            channel=int(role is ChannelRole.CUSTOMER),
            start_ms=n * 5000,
            end_ms=n * 5000 + 4500,
            text=text,
            confidence=0.95,
            words=[],
        )
        for n, (role, text) in enumerate(_SAID, start=1)
    ]
    return Transcript(call_id="check", language="en", turns=turns)
