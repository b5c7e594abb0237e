"""The roles of a call's channels once it is heard: those that were told before, or what its content tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.gpu.wire import IvrResult, SegmentKind
from include.roles.content import Heard, roles_by_content, roles_of_voices
from include.roles.told import RoleTold, ToldBy

# What is said has to be this sure to speak against what was told.
_SURE_TO_DOUBT = 0.97
_PLAYED = {SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC}


def _nothing(_: str) -> IvrResult | None:
    return None


@dataclass(frozen=True)
class Telling:
    """How roles are told.

    Attributes:
        companies: Names of the company, as people say them.
        ivr_of: Finds what the IVR stage heard in a call, by its id.
    """

    companies: tuple[str, ...] = ()
    ivr_of: Callable[[str], IvrResult | None] = _nothing

    def roles(
        self,
        call_id: str,
        turns: Sequence[Turn],
        channels: int | None,
        told: Sequence[ChannelRole],
        told_by: str | None,
    ) -> list[RoleTold]:
        """One per channel; where several voices are on one channel, one per voice.

        Args:
            call_id: Names the call.
            turns: Of the call.
            channels: Of the recording; None when nobody has counted them.
            told: Roles that were told beforehand.
            told_by: By whom.
        """
        count = channels or 1 + max((turn.channel for turn in turns), default=0)
        if by_voice := roles_of_voices(turns, self.companies):
            return by_voice
        if count < 2:
            return [_unknown(0)] if turns else []
        if not turns:
            by_content = [_unknown(channel) for channel in range(count)]
        else:
            heard = heard_in(self.ivr_of(call_id))
            by_content = roles_by_content(turns, count, self.companies, heard)
        if len(told) != count or set(told) == {ChannelRole.UNKNOWN}:
            return by_content
        by = ToldBy(told_by) if told_by else ToldBy.EARLIER
        return [
            RoleTold(
                channel=n,
                role=role,
                told_by=by,
                confidence=1,
                because=by_content[n].because,
                doubted=_speaks_against(role, by_content[n]),
            )
            for n, role in enumerate(told)
        ]


def heard_in(ivr: IvrResult | None) -> Heard:
    """On which channels something is played or keyed."""
    found = ivr.segments if ivr else []
    channels = {kind: {one.channel for one in found if one.kind is kind} for kind in SegmentKind}
    played = {channel for kind in _PLAYED for channel in channels[kind]}
    keyed = channels[SegmentKind.DTMF]
    return Heard(
        frozenset(channel for channel in played if channel is not None),
        frozenset(channel for channel in keyed if channel is not None),
    )


def _speaks_against(role: ChannelRole, content: RoleTold) -> bool:
    both = {role, content.role}
    return both == {ChannelRole.AGENT, ChannelRole.CUSTOMER} and content.confidence >= _SURE_TO_DOUBT


def _unknown(channel: int) -> RoleTold:
    return RoleTold(channel=channel, role=ChannelRole.UNKNOWN, told_by=ToldBy.NOBODY, confidence=0.5)
