"""An index of landmarks over known audio: where a known piece plays, at any offset, in part, through codecs.

Where many landmarks of a channel agree on one offset into a known piece, that piece is playing there.
"""

from collections.abc import Iterable, Iterator, Sequence
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
    Numbers,
    Peaks,
    landmarks_of,
    peaks_of_piece,
    together,
)

# Measured through GSM 6.10, the codec that harms most: 55 prompts and three pieces of hold music had at least
# 25 votes and 3.2 %; whatever else was played (calls, other prompts, other music) had at most 6 votes.
MIN_VOTES = 12
MIN_SHARE = 0.02
# Fewer than `MIN_VOTES`, but more than most chance: worth a closer look.
_TRACE_VOTES = 5
# A piece that repeats itself has many offsets.
_MOST_TRACES_OF_PIECE = 8
# Votes of one offset that are further apart belong to two plays: a caller breaks in, music is interrupted.
_LARGEST_GAP_FRAMES = round(2000 / HOP_MS)
# Codecs shift peaks by a frame: offsets closer than this are one (`_company` counts on 2).
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
        """All landmarks."""
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


@dataclass(frozen=True)
class Trace:
    """A hint of a known piece: some landmarks agree, too few or too scattered to be sure.

    Attributes:
        piece: Number of the piece in the library.
        offset: Frame of the channel at which the piece would begin; may be below 0.
        frames: Frames of the piece where these landmarks begin, in order.
    """

    piece: int
    offset: int
    frames: Numbers


@dataclass(frozen=True)
class Found:
    """What landmarks say about one channel, the most certain first."""

    matches: list[Match]
    traces: list[Trace]


class LandmarkIndex:
    """An index over the landmarks of some pieces, numbered from 0; 12 bytes a landmark, 20 MB an hour."""

    def __init__(self, of_piece: Sequence[Landmarks]) -> None:
        hashes = np.concatenate([np.zeros(0, np.int32), *(known.hashes for known in of_piece)])
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._frames = np.concatenate([np.zeros(0, np.int32), *(known.frames for known in of_piece)])[order]
        self._pieces = np.repeat(np.arange(len(of_piece), dtype=np.int32), [len(k) for k in of_piece])[order]
        self._frames_of_piece = [np.sort(known.frames) for known in of_piece]

    def matches(self, peaks: Peaks) -> list[Match]:
        """Finds every play of every known piece in one channel, the most certain first."""
        return self.find(peaks).matches

    def find(self, peaks: Peaks) -> Found:
        """Finds every play of every known piece in one channel, and hints of others."""
        return self._find(landmarks_of(peaks))

    def matches_of(self, blocks: Iterable[Landmarks]) -> list[Match]:
        """As `matches`, of landmarks."""
        return self._find(blocks).matches

    def _find(self, landmarks: Iterable[Landmarks]) -> Found:
        found = Found([], [])
        if not self._frames_of_piece:
            return found
        blocks = [self._votes(heard) for heard in landmarks]
        pieces, known_at, offsets = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        for piece in np.unique(pieces).tolist():
            of_piece = pieces == piece
            found.matches.extend(self._plays(piece, known_at[of_piece], offsets[of_piece]))
            found.traces.extend(_traces(piece, known_at[of_piece], offsets[of_piece]))
        found.matches.sort(key=lambda match: -match.votes)
        found.traces.sort(key=lambda trace: -len(trace.frames))
        return found

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


class FingerprintLibrary(LandmarkIndex):
    """An index over known audio; beside it, 58 MB an hour for its samples.

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
        super().__init__([piece.landmarks for piece in self.pieces])


def _traces(piece: int, known_at: NDArray[np.int32], offsets: NDArray[np.int64]) -> Iterator[Trace]:
    for offset in voted_offsets(offsets, _TRACE_VOTES)[:_MOST_TRACES_OF_PIECE]:
        yield Trace(piece, offset, np.sort(known_at[np.abs(offsets - offset) < OFFSET_WIDTH]))


def supported(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which keys have enough company at their own value and its two neighbours."""
    values, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    enough: NDArray[np.bool_] = _company(values, counts)[inverse] >= _LEAST_VOTES_OF_BLOCK
    return enough


def voted_offsets(offsets: NDArray[np.int64], min_votes: int = MIN_VOTES) -> list[int]:
    """Offsets with enough votes, the most voted first; none beside one that is already taken."""
    values, counts = np.unique(offsets, return_counts=True)
    # Hours of music that repeats itself have 100,000 offsets, and few with votes.
    voted = _company(values, counts) >= min_votes
    taken: set[int] = set()
    in_order: list[int] = []
    for value in values[voted][np.argsort(-counts[voted], kind="stable")].tolist():
        if taken.isdisjoint(range(value - 2 * OFFSET_WIDTH + 1, value + 2 * OFFSET_WIDTH)):
            taken.add(value)
            in_order.append(value)
    return in_order


def _company(values: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes of each value, which are in order, and of its two neighbours."""
    company = counts.copy()
    beside = np.diff(values) == 1
    company[1:][beside] += counts[:-1][beside]
    company[:-1][beside] += counts[1:][beside]
    return company
