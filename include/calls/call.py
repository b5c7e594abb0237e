"""A call: one recording of one conversation, and the state it ends in."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256

from include.calls.parts import Part


class CallState(StrEnum):
    """Where a call stands. All but `PENDING` are final: the ledger counts them (design rule 1)."""

    PENDING = "pending"
    AUDITED = "audited"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


FINAL_STATES: list[CallState] = [s for s in CallState if s is not CallState.PENDING]


class ChannelRole(StrEnum):
    """Who is heard on a channel of a recording."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


class ChannelRolesSource(StrEnum):
    """Where the roles of the channels come from; the first source in this order that states them counts."""

    MANIFEST = "manifest"
    SIDECAR = "sidecar"
    RECORDER = "recorder"
    SETTING = "setting"


@dataclass(frozen=True)
class CallMetadata:
    """What path, sidecar and manifest say about a call; every field may be missing.

    Attributes:
        agent: The agent's name, as people say it.
        agent_id: How the contact centre's systems call the agent: a login, an extension, a UUID.
        direction: `inbound`, `outbound` or `internal`.
        caller: Number or address of the calling side; private, as all of the next three are.
        called: The same of the called side.
        caller_name: Name of the calling side.
        called_name: Name of the called side.
        hold_s: Seconds on hold, all together.
        interaction_id: The platform's own name of the call.
        language: As the platform says it, mostly ISO 639-1.
        product: What the call is about, as people say it.
        vocabulary: Names and terms that may be said in it.
        channel_roles: One role per channel, in channel order; empty when unknown.
        roles_source: Who stated the roles; None when they are unknown, or stored by an earlier version.
        extra: What cofi has no field for, kept as it came.
    """

    agent: str | None = None
    agent_id: str | None = None
    team: str | None = None
    queue: str | None = None
    direction: str | None = None
    caller: str | None = None
    called: str | None = None
    caller_name: str | None = None
    called_name: str | None = None
    customer_ref: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    hold_s: float | None = None
    disposition: str | None = None
    interaction_id: str | None = None
    language: str | None = None
    product: str | None = None
    vocabulary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    channel_roles: tuple[ChannelRole, ...] = ()
    roles_source: ChannelRolesSource | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One recording that discovery found.

    Attributes:
        call_id: Stable for a (day, path): `call_id_for`. Safe in URLs, file names and logs.
        day: The business day that the recording belongs to.
        path: Where it lies below the day's folder, with `/` between the parts.
        uri: Where to read it, as fsspec understands it.
        size_bytes: Size of the file; of all its parts.
        modified_at: When the store says that it was last written; None when it does not say.
        duration_s: Length of the audio; None when it could not be read.
        sample_rate_hz: None when it could not be read.
        channels: None when it could not be read.
        sha256: Of the file's bytes; None until something had to read them all.
        sample_sha256: Of some bytes in its middle: what differs there is no copy. None when it was not read.
        state: Where discovery puts it; `PENDING` when it is to be audited.
        state_reason: Why it is in a final state.
        duplicate_of: The call that has the same content.
        parts: The files of a call whose sides were recorded apart, or that has no header; empty for a file
            that says itself what it is. `path` and `uri` are those of the first.
    """

    call_id: str
    day: date
    path: str
    uri: str
    size_bytes: int
    modified_at: datetime | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    sha256: str | None = None
    sample_sha256: str | None = None
    state: CallState = CallState.PENDING
    state_reason: str | None = None
    duplicate_of: str | None = None
    metadata: CallMetadata = field(default_factory=CallMetadata)
    parts: tuple[Part, ...] = ()

    @property
    def uris(self) -> tuple[str, ...]:
        """Paths of the call's files, in order of channel."""
        return tuple(part.uri for part in self.parts) or (self.uri,)


def call_id_for(day: date, path: str) -> str:
    """Names a recording by its day and path: the same file of the same day is the same call for ever.

    Returns:
        `{YYYYMMDD}-{20 hex digits}`; 80 bits keep 10 million calls a day apart for longer than anyone audits.
    """
    return f"{day:%Y%m%d}-{sha256(path.encode()).hexdigest()[:20]}"


def call_day(call_id: str) -> date:
    """The day of a call, which its id begins with."""
    return date.fromisoformat(call_id[:8])
