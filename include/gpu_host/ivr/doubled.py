"""Recordings of one conversation: what they have in common is what people say, however often it was recorded.

Two recorders, a trunk and an agent, both ends of a consultation, a conference: such recordings share their
sound to the sample, as calls share a prompt. They differ from them: what they share lies at one distance in
time, and either both sides of it speak in turn, or it is nearly all that is said while both recordings last.

Where it is known when recordings began, what two of them hold at different times of the day is surely no
conversation: nobody says the same, to the sample, an hour later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from include.gpu_host.ivr.hearings import MOST_CHANNELS
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks
from include.gpu_host.ivr.repeats import Repeat, RepeatIndex

# So far apart two offsets are still one: a codec delays, and rounding to frames.
_SAME_OFFSET_FRAMES = 4
# So much of each of two channels, where the other shares nothing: an echo shares the same, a person answers.
_IN_TURN_FRAMES = round(2_000 / HOP_MS)
# Of what is said while both last. A queue's announcements are less of a call.
_WHOLE_SHARE = 0.8
_LEAST_WHOLE_FRAMES = round(20_000 / HOP_MS)
# Clocks of two recorders, in one time zone or in two: zones differ by quarters of an hour.
_ZONES = timedelta(minutes=15)
_CLOCKS_AGREE_TO = timedelta(seconds=45)


@dataclass(frozen=True)
class HeardCall:
    """A call that the host has heard; `began_at` is when its recording began, None where nobody knows."""

    call_id: str
    began_at: datetime | None = None

    def apart_from(self, other: "HeardCall", offset_frames: int) -> bool:
        """Whether what both hold was surely sounded at two times.

        Args:
            other: Another call.
            offset_frames: So much later after its beginning this call holds it.
        """
        if self.began_at is None or other.began_at is None:
            return False
        between = abs(self.began_at - other.began_at + timedelta(milliseconds=offset_frames * HOP_MS))
        beside = between % _ZONES
        return between > _ZONES and min(beside, _ZONES - beside) > _CLOCKS_AGREE_TO


def of_different_calls(
    repeats: Sequence[Sequence[Repeat]], spoken: Sequence[Landmarks], index: RepeatIndex
) -> list[list[Repeat]]:
    """The repeats that are not of one conversation with the other call.

    Args:
        repeats: What a call repeats of others, by channel.
        spoken: Its landmarks where somebody speaks, by channel, outside of what is known.
        index: Holds the others.
    """
    of_one: set[tuple[int, Repeat]] = set()
    for together in _at_one_distance(repeats):
        if _in_turn(together) or _is_whole(together, spoken, index):
            of_one.update(together)
    return [[one for one in found if (n, one) not in of_one] for n, found in enumerate(repeats)]


def _at_one_distance(repeats: Sequence[Sequence[Repeat]]) -> Iterator[list[tuple[int, Repeat]]]:
    """Repeats with their channels: those of one call that lie as far from where it holds them."""
    found = [(channel, one) for channel, of_channel in enumerate(repeats) for one in of_channel]
    found.sort(key=lambda pair: (_call_of(pair[1]), pair[1].offset))
    for _, of_call in groupby(found, key=lambda pair: _call_of(pair[1])):
        group: list[tuple[int, Repeat]] = []
        for pair in of_call:
            if group and pair[1].offset - group[-1][1].offset > _SAME_OFFSET_FRAMES:
                yield group
                group = []
            group.append(pair)
        yield group


def _in_turn(together: Sequence[tuple[int, Repeat]]) -> bool:
    """Whether two channels share sound, each where the other does not."""
    shared = _shared(together)
    alone = [
        int((own & ~np.any([shared[other] for other in shared if other != channel], axis=0)).sum())
        for channel, own in shared.items()
        if len(shared) > 1
    ]
    return sum(frames >= _IN_TURN_FRAMES for frames in alone) > 1


def _is_whole(
    together: Sequence[tuple[int, Repeat]], spoken: Sequence[Landmarks], index: RepeatIndex
) -> bool:
    """Whether hardly anything is said beside it while both recordings last."""
    offset, other = together[0][1].offset, _call_of(together[0][1])
    last = max((int(marks.frames[-1]) for marks in spoken if len(marks)), default=-1)
    last_there = max(index.last_frame(other * MOST_CHANNELS + n) for n in range(MOST_CHANNELS))
    first, end = max(0, offset), min(last, last_there + offset) + 1
    if end - first < _LEAST_WHOLE_FRAMES:
        return False
    shared, heard, inside = _shared(together), 0, 0
    for channel, marks in enumerate(spoken):
        frames = marks.frames[(marks.frames >= first) & (marks.frames < end)]
        heard += len(frames)
        if channel in shared:
            inside += int(shared[channel][frames[frames < len(shared[channel])]].sum())
    return inside > _WHOLE_SHARE * heard


def _shared(together: Sequence[tuple[int, Repeat]]) -> dict[int, NDArray[np.bool_]]:
    """By channel, which frames are shared."""
    frames = max(one.last for _, one in together) + 1
    shared: dict[int, NDArray[np.bool_]] = {}
    for channel, one in together:
        own = shared.setdefault(channel, np.zeros(frames, dtype=np.bool_))
        own[max(0, one.first) : one.last + 1] = True
    return shared


def _call_of(repeat: Repeat) -> int:
    return repeat.other // MOST_CHANNELS
