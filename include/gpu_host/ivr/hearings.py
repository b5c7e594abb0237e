"""What a worker hands over of a call, so that the host learns from it: fingerprints, and no sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks, Numbers, Peaks
from include.gpu_host.ivr.profiles import Profile

# Of a recording with more channels, so many are learned from.
MOST_CHANNELS = 8


@dataclass(frozen=True)
class HeardChannel:
    """One channel of a call.

    Attributes:
        peaks: Of the whole channel.
        profile: Likewise.
        known: First and last frame of every play of a given library's piece; shape (plays, 2).
        spoken: Whether voice activity was found, by frame.
    """

    peaks: Peaks
    profile: Profile
    known: Numbers
    spoken: NDArray[np.bool_]


def heard_channel(
    peaks: Peaks, profile: Profile, known: Sequence[Span], speech: Sequence[Span]
) -> HeardChannel:
    """Puts together what is known of a channel; spans are in ms."""
    stretches = np.array([[_frame(s.start_ms), _frame(s.end_ms)] for s in known], dtype=np.int32).reshape(
        -1, 2
    )
    spoken = np.zeros(len(profile), dtype=np.bool_)
    for span in speech:
        spoken[_frame(span.start_ms) : _frame(span.end_ms)] = True
    return HeardChannel(peaks, profile, stretches, spoken)


def write_hearing(path: Path, channels: Sequence[HeardChannel]) -> None:
    """Writes what was heard on a call's channels into a file, which the server's process reads."""
    arrays = {
        f"{name}{n}": values
        for n, heard in enumerate(channels[:MOST_CHANNELS])
        for name, values in (
            ("frames", heard.peaks.frames),
            ("bins", heard.peaks.bins),
            ("profile", heard.profile),
            ("known", heard.known),
            ("spoken", heard.spoken),
        )
    }
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_hearing(path: Path) -> list[HeardChannel]:
    """Reads a hearing back."""
    with np.load(path, allow_pickle=False) as file:
        count = sum(name.startswith("frames") for name in file.files)
        return [
            HeardChannel(
                Peaks(file[f"frames{n}"], file[f"bins{n}"]),
                file[f"profile{n}"],
                file[f"known{n}"],
                file[f"spoken{n}"],
            )
            for n in range(count)
        ]


def outside(landmarks: Landmarks, taken: Sequence[tuple[int, int]]) -> Landmarks:
    """The landmarks whose frame lies in none of the stretches, which are first and last frames."""
    if not taken or not len(landmarks):
        return landmarks
    edges = np.zeros(int(landmarks.frames.max()) + 2, dtype=np.int32)
    for first, last in taken:
        edges[np.clip(first, 0, len(edges) - 1)] += 1
        edges[np.clip(last + 1, 0, len(edges) - 1)] -= 1
    free = np.cumsum(edges)[landmarks.frames] <= 0
    return Landmarks(landmarks.hashes[free], landmarks.frames[free])


def _frame(time_ms: int) -> int:
    return round(time_ms / HOP_MS)
