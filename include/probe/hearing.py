"""Has a GPU host hear some calls, to tell which channel is the agent's."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from include.calls.call import Call, CallState, ChannelRole
from include.calls.stage import Stage
from include.database.work import PendingCall
from include.errors import CofiError
from include.gpu.client import GpuHostClient
from include.gpu.settings import HostSettings
from include.gpu.stages import Store, distribute
from include.gpu.wire import IvrResult, StageOptions, SttResult
from include.probe.place import Place
from include.roles.detection import RoleDetection
from include.roles.speaker_role import RoleSource, SpeakerRole

# The calls that are nearest to this length are heard: long enough to be a conversation, and soon done.
_BEST_S = 120.0


@dataclass(frozen=True)
class HeardCall:
    """What one call has shown about its channels.

    Attributes:
        direction: Of the call, where it is known.
        stated: The roles that its recorder, sidecar or manifest states.
        roles: What its content says of each; empty when it could not be heard.
        language: That it was heard in.
        trouble: Why it could not be heard.
    """

    path: str
    direction: str | None
    stated: tuple[ChannelRole, ...]
    roles: tuple[SpeakerRole, ...] = ()
    language: str | None = None
    trouble: str = ""

    @property
    def agent(self) -> int | None:
        """The channel on which the agent surely is."""
        sure = [one.channel for one in self.roles if one.role is ChannelRole.AGENT]
        return sure[0] if sure else None

    @property
    def contradicts(self) -> bool:
        """Whether what is said contradicts the stated roles."""
        if self.agent is None or not self.stated:
            return False
        return self.stated[self.agent] is ChannelRole.CUSTOMER


@dataclass(frozen=True)
class Heard:
    """What all calls together have shown.

    Attributes:
        calls: In the order in which they were heard.
    """

    calls: tuple[HeardCall, ...]

    @property
    def agents(self) -> dict[int, int]:
        """By channel: in how many calls the agent is on it."""
        return dict(Counter(one.agent for one in self.calls if one.agent is not None))

    @property
    def stereo_roles(self) -> tuple[ChannelRole, ...]:
        """The roles of both channels, when all calls that tell agree, and more than one does."""
        found = self.agents
        if len(found) != 1 or sum(found.values()) < 2:
            return ()
        first = next(iter(found)) == 0
        both = (ChannelRole.AGENT, ChannelRole.CUSTOMER)
        return both if first else both[::-1]


def hear(
    place: Place, calls: Sequence[Call], most: int, *, url: str, token: str, companies: tuple[str, ...] = ()
) -> Heard:
    """Sends calls with two channels to a host, and takes them away from it again.

    Args:
        place: Where they lie.
        calls: To choose from.
        most: How many.
        url: Of the host.
        token: Of the host.
        companies: Names of the company, as people say them.

    Raises:
        CofiError: The host is not there, or is not ready.
    """
    stereo = [call for call in calls if call.state is CallState.PENDING and call.channels == 2]
    chosen = sorted(stereo, key=lambda call: abs((call.duration_s or 0) - _BEST_S))[:most]
    return Heard(tuple(asyncio.run(_hear_all(place, chosen, url, token, companies))))


async def _hear_all(
    place: Place, calls: Sequence[Call], url: str, token: str, companies: tuple[str, ...]
) -> list[HeardCall]:
    settings = HostSettings(connect_timeout_s=10, unready_patience_s=120)
    async with GpuHostClient(url, url, token, settings) as host:
        await host.until_ready()
        return [await _hear(host, Store(place.open), call, companies) for call in calls]


async def _hear(host: GpuHostClient, store: Store, call: Call, companies: tuple[str, ...]) -> HeardCall:
    # Under a name of its own: a run may be working on the same call on the same host.
    pending = PendingCall(
        call_id=f"probe-{call.call_id}",
        uri=call.uri,
        size_bytes=call.size_bytes,
        channel_roles=[],
        agent=None,
        customer_ref=None,
        parts=call.parts,
    )
    stated = call.metadata.channel_roles
    try:
        await distribute(host, store, pending)
        ivr = await host.run(pending.call_id, Stage.IVR, StageOptions())
        stt = await host.run(pending.call_id, Stage.STT, StageOptions())
    except CofiError as error:
        return HeardCall(call.path, call.metadata.direction, stated, trouble=str(error))
    finally:
        with suppress(CofiError):
            await host.delete(pending.call_id)
    assert isinstance(ivr, IvrResult) and isinstance(stt, SttResult)
    detection = RoleDetection(companies, lambda _: ivr)
    roles = detection.roles(call.call_id, stt.turns, call.channels, [], None)
    return HeardCall(call.path, call.metadata.direction, stated, tuple(roles), stt.language)


def why(roles: Sequence[SpeakerRole]) -> str:
    """What showed the roles, of the channels with a known role or else of all."""
    sure = [one for one in roles if one.source is RoleSource.CONTENT] or list(roles)
    return "; ".join(f"channel {one.channel}: {', '.join(one.because)}" for one in sure if one.because)
