"""The role of a channel, or of one of several voices on it: how sure it is, and who told it."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole


class ToldBy(StrEnum):
    """Who told the roles of a call's channels; the last three nobody could know beforehand."""

    MANIFEST = "manifest"
    SIDECAR = "sidecar"
    RECORDER = "recorder"
    SETTING = "setting"
    EARLIER = "earlier version"
    CONTENT = "content"
    NOBODY = "nobody"


class RoleTold(BaseModel):
    """The role of one channel, or of one voice on it.

    Attributes:
        voice: Of several on the channel, as turns number them; None for all of the channel.
        confidence: 1 where it was told beforehand; of what the content tells, 0..1.
        because: What the content has that tells.
        doubted: What is said speaks against what was told.
    """

    model_config = ConfigDict(frozen=True)

    channel: int = Field(ge=0)
    voice: int | None = None
    role: ChannelRole
    told_by: ToldBy
    confidence: float = Field(ge=0, le=1)
    because: list[str] = []
    doubted: bool = False


def roles_of(told: Sequence[RoleTold]) -> list[ChannelRole]:
    """In order of channel."""
    return [one.role for one in sorted(told, key=lambda one: one.channel)]
