"""An index of landmarks over known audio: where a known piece plays, at any offset, in part, through codecs.

Where many landmarks of a channel agree on one offset into a known piece, that piece is playing there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import SegmentKind
from include.gpu_host.audio.recording import Pcm
from include.gpu_host.ivr.landmarks import (
    HOP_MS,
    Landmarks,
    Peaks,
    landmarks_of,
    peaks_of_piece,
    together,
)

# Measured through GSM 6.10, the codec that harms most: 55 prompts and three pieces of hold music had at least
# 25 votes and 3.2 %; whatever else was played (calls, other prompts, other music) had at most 6 votes.
MIN_VOTES = 12
MIN_SHARE = 0.02
# Votes of one offset that are further apart belong to two plays: a caller breaks in, music is interrupted.
_LARGEST_GAP_FRAMES = round(2000 / HOP_MS)
# Codecs shift peaks by a frame: offsets this close are one.
OFFSET_WIDTH = 2
# Within eight minutes, an offset with fewer votes is chance, and is forgotten.
_LEAST_VOTES_OF_BLOCK = 3
# A hash that is everywhere (a beep that repeats) says nothing about where.
_MOST_PLACES_OF_HASH = 256


@dataclass(frozen=True)
class KnownAudio:
    """A piece of the library: one channel of 16-bit samples at 8 kHz (`landmarks.RATE_HZ`)."""

    name: str
    kind: SegmentKind
    samples: Pcm

    @cached_property
    def landmarks(self) -> Landmarks:
        """All of them."""
        return together(landmarks_of(peaks_of_piece(self.samples)))


@dataclass(frozen=True)
class Match:
    """Landmarks of a known piece in a channel.

    Attributes:
        piece: Number of the piece in the library.
        offset: Frame of the channel at which the piece would begin; may be below 0.
        first: Frame of the piece in which the first landmark begins.
        last: And the last.
        votes: How many landmarks agree.
    """

    piece: int
    offset: int
    first: int
    last: int
    votes: int


class FingerprintLibrary:
    """An index over known audio; 12 bytes a landmark, 20 MB an hour, and 58 MB an hour for its samples.

    Attributes:
        pieces: What is known.
        sha256: Identity of what is known; results that were found with another library are stale.
    """

    def __init__(self, pieces: Sequence[KnownAudio]) -> None:
        self.pieces = list(pieces)
        digest = sha256()
        for piece in self.pieces:
            digest.update(f"{piece.kind}/{piece.name}/{len(piece.samples)}".encode())
            digest.update(piece.samples.tobytes())
        self.sha256 = digest.hexdigest()
        of_piece = [piece.landmarks for piece in self.pieces]
        hashes = np.concatenate([np.zeros(0, np.int32), *(known.hashes for known in of_piece)])
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._frames = np.concatenate([np.zeros(0, np.int32), *(known.frames for known in of_piece)])[order]
        self._pieces = np.repeat(np.arange(len(of_piece), dtype=np.int32), [len(k) for k in of_piece])[order]
        self._frames_of_piece = [np.sort(known.frames) for known in of_piece]

    def matches(self, peaks: Peaks) -> list[Match]:
        """Finds every play of every known piece in one channel, the most certain first."""
        if not self.pieces:
            return []
        blocks = [self._votes(heard) for heard in landmarks_of(peaks)]
        pieces, known_at, offsets = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        found = [
            match
            for piece in np.unique(pieces)
            for match in self._plays(int(piece), known_at[pieces == piece], offsets[pieces == piece])
        ]
        return sorted(found, key=lambda match: -match.votes)

    def _votes(self, heard: Landmarks) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Piece, frame in it, and offset of every known landmark that is heard and does not stand alone."""
        first = np.searchsorted(self._hashes, heard.hashes, side="left")
        counts = np.searchsorted(self._hashes, heard.hashes, side="right") - first
        counts[counts > _MOST_PLACES_OF_HASH] = 0
        starts = np.cumsum(counts) - counts
        at = np.arange(counts.sum()) - np.repeat(starts - first, counts)
        offsets = np.repeat(heard.frames, counts).astype(np.int64) - self._frames[at]
        several = supported(self._pieces[at].astype(np.int64) << 32 | (offsets + (1 << 30)))
        return self._pieces[at][several], self._frames[at][several], offsets[several]

    def _plays(self, piece: int, known_at: NDArray[np.int32], offsets: NDArray[np.int64]) -> Iterator[Match]:
        """The plays of one piece: offsets with many votes, split where the votes pause."""
        frames = self._frames_of_piece[piece]
        for offset in voted_offsets(offsets):
            times = np.sort(known_at[np.abs(offsets - offset) < OFFSET_WIDTH])
            for play in np.split(times, np.flatnonzero(np.diff(times) > _LARGEST_GAP_FRAMES) + 1):
                first, last = int(play[0]), int(play[-1])
                in_stretch = np.searchsorted(frames, last, side="right") - np.searchsorted(frames, first)
                if len(play) >= MIN_VOTES and len(play) >= MIN_SHARE * in_stretch:
                    yield Match(piece, offset, first, last, len(play))


def supported(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys have enough company at their own value and its two neighbours."""
    values, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    company = counts.copy()
    beside = np.diff(values) == 1
    company[1:][beside] += counts[:-1][beside]
    company[:-1][beside] += counts[1:][beside]
    enough: NDArray[np.bool_] = company[inverse] >= _LEAST_VOTES_OF_BLOCK
    return enough


def voted_offsets(offsets: NDArray[np.int64], min_votes: int = MIN_VOTES) -> list[int]:
    """Offsets with enough votes, the most voted first; none beside one that is already taken."""
    values, counts = np.unique(offsets, return_counts=True)
    taken: list[int] = []
    for n in np.argsort(-counts, kind="stable"):
        if np.sum(counts[np.abs(values - values[n]) < OFFSET_WIDTH]) < min_votes:
            continue
        if all(abs(values[n] - other) >= 2 * OFFSET_WIDTH for other in taken):
            taken.append(int(values[n]))
    return taken
