"""An index of landmarks of many channels, in bounded memory, that finds audio which was heard before."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.gpu_host.ivr.fingerprints import MIN_VOTES, OFFSET_WIDTH, supported, voted_offsets
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks

# 200 MB: of calls of three minutes, two channels each, the last hundred or two.
CAPACITY = 24_000_000
_HASH_AT, _CHANNEL_AT = 40, 21
_FRAME_MASK, _CHANNEL_MASK = (1 << _CHANNEL_AT) - 1, (1 << (_HASH_AT - _CHANNEL_AT)) - 1
_MOST_PLACES_OF_HASH = 256
# Another channel is asked about many times more offsets than a library is, so chance needs more votes.
_MIN_VOTES = MIN_VOTES + 4
_LARGEST_GAP_FRAMES = round(1500 / HOP_MS)
_SHORTEST_FRAMES = round(800 / HOP_MS)

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Repeat:
    """Audio of one channel, from frame to frame, that another channel holds `offset` frames earlier."""

    other: int
    first: int
    last: int
    offset: int
    votes: int


class RepeatIndex:
    """Landmarks of channels, 8 bytes each; when there are too many, those of the oldest channels go.

    Args:
        capacity: Landmarks that are kept.
        min_votes: Landmarks that two channels must share.
    """

    def __init__(self, capacity: int = CAPACITY, min_votes: int = _MIN_VOTES) -> None:
        self._capacity = capacity
        self._min_votes = min_votes
        # Sorted arrays, the oldest first; neighbours of like size are merged, so there are few.
        self._chunks: list[Keys] = []
        self._channels: list[set[int]] = []
        self._last_frames: dict[int, int] = {}

    @property
    def channels(self) -> set[int]:
        """The channels whose landmarks are kept."""
        return set().union(*self._channels)

    def add(self, channel: int, landmarks: Landmarks) -> None:
        """Takes in a channel, numbered by the caller."""
        hashes = landmarks.hashes.astype(np.int64)
        self._chunks.append(np.sort(hashes << _HASH_AT | channel << _CHANNEL_AT | landmarks.frames))
        self._channels.append({channel})
        self._last_frames[channel] = int(landmarks.frames.max(initial=-1))
        while len(self._chunks) > 1 and self._may_merge(*self._chunks[-2:]):
            newest, channels = self._chunks.pop(), self._channels.pop()
            self._chunks.append(np.sort(np.concatenate([self._chunks.pop(), newest]), kind="stable"))
            self._channels[-1] |= channels
        while len(self._chunks) > 1 and sum(map(len, self._chunks)) > self._capacity:
            self._chunks.pop(0)
            for gone in self._channels.pop(0):
                self._last_frames.pop(gone, None)

    def repeats(self, landmarks: Landmarks) -> list[Repeat]:
        """Finds what a channel repeats of the channels in the index, the surest first."""
        votes = [self._votes(chunk, landmarks) for chunk in self._chunks]
        if not votes:
            return []
        channels, frames, offsets = (np.concatenate(parts) for parts in zip(*votes, strict=True))
        enough = supported(channels << 32 | (offsets + (1 << 30)))
        if not enough.any():
            return []
        channels, frames, offsets = channels[enough], frames[enough], offsets[enough]
        order = np.argsort(channels, kind="stable")
        others, starts = np.unique(channels[order], return_index=True)
        found = [
            repeat
            for other, at in zip(others, np.split(order, starts[1:]), strict=True)
            if len(at) >= self._min_votes
            for repeat in _repeats_of(int(other), frames[at], offsets[at], self._min_votes)
        ]
        return sorted(found, key=lambda repeat: -repeat.votes)

    def last_frame(self, channel: int) -> int:
        """The last frame of a channel of which a landmark is kept; -1 when there is none."""
        return self._last_frames.get(channel, -1)

    def _may_merge(self, older: Keys, newer: Keys) -> bool:
        """Merged chunks stay so small that the oldest is a small part of all."""
        return len(older) < 2 * len(newer) and len(older) + len(newer) < self._capacity // 8

    def _votes(self, chunk: Keys, heard: Landmarks) -> tuple[Keys, Keys, Keys]:
        """Channel, own frame and offset of every landmark that the chunk holds too."""
        hashes = heard.hashes.astype(np.int64)
        first = np.searchsorted(chunk, hashes << _HASH_AT)
        counts = np.searchsorted(chunk, (hashes + 1) << _HASH_AT) - first
        counts[counts > _MOST_PLACES_OF_HASH] = 0
        before = np.cumsum(counts) - counts
        keys = chunk[np.arange(counts.sum()) - np.repeat(before - first, counts)]
        frames = np.repeat(heard.frames.astype(np.int64), counts)
        return keys >> _CHANNEL_AT & _CHANNEL_MASK, frames, frames - (keys & _FRAME_MASK)


def _repeats_of(other: int, frames: Keys, offsets: Keys, min_votes: int) -> Iterator[Repeat]:
    for offset in voted_offsets(offsets, min_votes):
        times = np.sort(frames[np.abs(offsets - offset) < OFFSET_WIDTH])
        for run in np.split(times, np.flatnonzero(np.diff(times) > _LARGEST_GAP_FRAMES) + 1):
            first, last = int(run[0]), int(run[-1])
            if len(run) >= min_votes and last - first >= _SHORTEST_FRAMES:
                yield Repeat(other, first, last, offset, len(run))
