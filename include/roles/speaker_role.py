"""The role of a channel, or of one of several voices on it, with its confidence and its source."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole


class RoleSource(StrEnum):
    """Where the roles of a call's channels come from; the last three only after it is heard, if at all."""

    MANIFEST = "manifest"
    SIDECAR = "sidecar"
    RECORDER = "recorder"
    SETTING = "setting"
    EARLIER = "earlier version"
    CONTENT = "content"
    NOBODY = "nobody"


class SpeakerRole(BaseModel):
    """The role of one channel, or of one voice on it.

    Attributes:
        voice: One of several voices on the channel, as turns number them; None for the whole channel.
        confidence: 0..1; 1 where a source stated the role before the call was heard.
        because: What in the content shows the role.
        doubted: What is said contradicts the stated role.
    """

    model_config = ConfigDict(frozen=True)

    channel: int = Field(ge=0)
    voice: int | None = None
    role: ChannelRole
    source: RoleSource
    confidence: float = Field(ge=0, le=1)
    because: list[str] = []
    doubted: bool = False


def roles_of(roles: Sequence[SpeakerRole]) -> list[ChannelRole]:
    """The roles in order of channel."""
    return [one.role for one in sorted(roles, key=lambda one: one.channel)]
