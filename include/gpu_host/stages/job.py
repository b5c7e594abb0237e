"""The job of a worker process: plain values, because they travel between processes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from include.calls.stage import Stage
from include.gpu.wire import Engine, StageOptions, StageResult


@dataclass(frozen=True)
class LearningJob:
    """What the IVR stage gets of what the host learned.

    Attributes:
        library: File that `ivr.learned.read_library` reads.
        calls_heard: From how many calls is learned: those whose fingerprints are kept.
        min_calls: A piece is learned when so many calls play it.
        hand_over: File that the fingerprints of this call go to.
    """

    library: Path
    calls_heard: int
    min_calls: int
    hand_over: Path


@dataclass(frozen=True)
class StageJob:
    """One stage of one call.

    Attributes:
        audio: The recording as it was uploaded.
        enhanced: What denoise made of it, for the stages after it; None where recognition hears the original.
        draft: Where denoise writes what it makes; it exists after the job only where recognition gains by it.
        scratch: Folder for files that may go when the job ends.
        earlier: Results of the stages before, in order.
        learning: For the IVR stage of a host that learns.
    """

    call_id: str
    stage: Stage
    options: StageOptions
    audio: Path
    enhanced: Path | None
    draft: Path
    scratch: Path
    earlier: tuple[StageResult, ...] = ()
    learning: LearningJob | None = None


@dataclass(frozen=True)
class ListenJob:
    """An enhanced copy of a recording, for a person to listen to; every channel is enhanced.

    Attributes:
        draft: Where it is written.
    """

    call_id: str
    audio: Path
    draft: Path
    scratch: Path


@dataclass(frozen=True)
class ProbeJob:
    """Whether an uploaded file is a recording that can be worked on."""

    call_id: str
    audio: Path


Job = StageJob | ListenJob | ProbeJob


class Head(TypedDict):
    """What every stage's result begins with; `seconds` is filled in when the stage has ended."""

    call_id: str
    engine: Engine
    seconds: float
    audio_s: float


@dataclass(frozen=True)
class About:
    """What a worker has loaded.

    Attributes:
        engines: By stage.
        tuning: By stage, the settings that change what it finds: part of the key of each result.
        languages: ISO 639-1 codes that may be asked for.
        hears_vocabulary: Whether the recogniser makes use of a vocabulary.
    """

    engines: dict[Stage, Engine]
    tuning: dict[Stage, list[float | str]]
    languages: frozenset[str]
    hears_vocabulary: bool = False
