"""What discovery looks for, and what it leaves out."""

from dataclasses import dataclass, field
from enum import StrEnum

from include.calls.call import ChannelRole
from include.calls.moments import DateOrder
from include.calls.recorders.loading import plain_recorder
from include.calls.recorders.profile import Recorder


class Redo(StrEnum):
    """What a run does with calls that an earlier run worked on."""

    SKIP = "skip"
    FAILED_ONLY = "failed only"
    ALL = "all"


@dataclass(frozen=True)
class DiscoveryRules:
    """What to look for, and what to leave out.

    Attributes:
        manifest_name: File name of the manifest in the day's folder.
        timezone: Of the site: of times that state none, and of the day.
        min_duration_s: Shorter recordings are skipped.
        max_duration_s: Longer ones are skipped.
        stereo_roles: Of the two channels of a stereo call where neither manifest, sidecar nor recorder says.
        redo: Which calls that were worked on before are looked at again.
        limit: Only so many recordings, in order of path; None for all.
        min_age_s: Files that were last written less long ago are left for the next look.
        date_order: What 03/04/2026 means in the manifest; None to read no such cell.
        recorder: What the files are.
    """

    manifest_name: str
    timezone: str
    min_duration_s: float
    max_duration_s: float
    stereo_roles: tuple[ChannelRole, ...] = ()
    redo: Redo = Redo.SKIP
    limit: int | None = None
    min_age_s: float = 0
    date_order: DateOrder | None = None
    recorder: Recorder = field(default_factory=plain_recorder)
