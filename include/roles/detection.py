"""The roles of a transcribed call's channels: as a source states them, or as its content shows them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.gpu.wire import IvrResult, SegmentKind
from include.roles.content import Heard, roles_by_content, roles_of_voices
from include.roles.speaker_role import RoleSource, SpeakerRole

# What is said has to be this sure to contradict the roles that were stated.
_SURE_TO_DOUBT = 0.97
_PLAYED = {SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC}


def _nothing(_: str) -> IvrResult | None:
    return None


@dataclass(frozen=True)
class RoleDetection:
    """Finds the roles of a call's channels.

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
        stated: Sequence[ChannelRole],
        source: str | None,
    ) -> list[SpeakerRole]:
        """One per channel; where several voices are on one channel, one per voice.

        Args:
            call_id: Names the call.
            turns: Of the call.
            channels: Of the recording; None when nobody has counted them.
            stated: The roles that a source stated before the call was heard.
            source: Which one, if it is known.
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
        if len(stated) != count or set(stated) == {ChannelRole.UNKNOWN}:
            return by_content
        by = RoleSource(source) if source else RoleSource.EARLIER
        return [
            SpeakerRole(
                channel=n,
                role=role,
                source=by,
                confidence=1,
                because=by_content[n].because,
                doubted=_contradicts(role, by_content[n]),
            )
            for n, role in enumerate(stated)
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


def _contradicts(role: ChannelRole, content: SpeakerRole) -> bool:
    both = {role, content.role}
    return both == {ChannelRole.AGENT, ChannelRole.CUSTOMER} and content.confidence >= _SURE_TO_DOUBT


def _unknown(channel: int) -> SpeakerRole:
    return SpeakerRole(channel=channel, role=ChannelRole.UNKNOWN, source=RoleSource.NOBODY, confidence=0.5)
