"""Landmark fingerprints: finds known audio (prompts, hold music) at any offset, in part, through codecs.

Peaks of the spectrogram are paired; each pair (two frequencies and the time between them) is a hash. Where
many hashes of a channel agree on one offset into a known piece, that piece is playing. The idea is A. Wang's,
"An Industrial-Strength Audio Search Algorithm", ISMIR 2003. It does not survive a change of speed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from include.gpu.wire import SegmentKind
from include.gpu_host.audio import SAMPLE_RATE_HZ, Samples, resampled

RATE_HZ = 8_000
FFT = 512
HOP = 128
HOP_MS = HOP * 1000 / RATE_HZ
_PEAK_NEIGHBOURHOOD = 15
_FAN_OUT = 6
_LONGEST_PAIR_FRAMES = 63
# A floor, so that digital silence has no peaks; of full scale, for a magnitude of one FFT bin.
_PEAK_FLOOR = 10 ** (-85 / 20) * FFT / 4
# Two hours at once would take gigabytes; blocks overlap by the peak filter's reach.
_BLOCK_FRAMES = 4096

# Measured through GSM 6.10, the codec that harms most: 55 prompts and three pieces of hold music had at least
# 25 votes and 3.2 %; whatever else was played (calls, other prompts, other music) had at most 6 votes.
MIN_VOTES = 12
MIN_SHARE = 0.02
# Votes of one offset that are further apart belong to two plays: a caller breaks in, music is interrupted.
_LARGEST_GAP_FRAMES = round(2000 / HOP_MS)
# Codecs shift peaks by a frame: offsets this close are one.
_OFFSET_WIDTH = 2
# A match that reaches this near an end of the known piece played it to that end.
_SNAP_FRAMES = round(1000 / HOP_MS)


@dataclass(frozen=True)
class KnownAudio:
    """A piece of the library: one channel at 16 kHz."""

    name: str
    kind: SegmentKind
    samples: Samples


@dataclass(frozen=True)
class Match:
    """Where a known piece is heard, in ms of the channel; `share` of its hashes in that stretch agree."""

    name: str
    kind: SegmentKind
    start_ms: int
    end_ms: int
    votes: int
    share: float


@dataclass(frozen=True)
class _Landmarks:
    """Hashes and the frame where each begins, sorted by hash."""

    hashes: NDArray[np.int64]
    frames: NDArray[np.int64]
    length_frames: int


class FingerprintLibrary:
    """An index over known audio.

    Attributes:
        sha256: Identity of what is known; results that were found with another library are stale.
    """

    def __init__(self, pieces: Sequence[KnownAudio]) -> None:
        self._pieces = list(pieces)
        self._landmarks = [_landmarks(piece.samples) for piece in self._pieces]
        digest = sha256()
        for piece in self._pieces:
            digest.update(f"{piece.kind}/{piece.name}".encode())
            digest.update(piece.samples.tobytes())
        self.sha256 = digest.hexdigest()

    def __len__(self) -> int:
        return len(self._pieces)

    def matches(self, samples: Samples) -> list[Match]:
        """Finds every play of every known piece in one 16 kHz channel, in order of time."""
        if not self._pieces:
            return []
        heard = _landmarks(samples)
        found = [
            match
            for piece, known in zip(self._pieces, self._landmarks, strict=True)
            for match in _matches_of(piece, known, heard)
        ]
        return _without_overlaps(found)


def _matches_of(piece: KnownAudio, known: _Landmarks, heard: _Landmarks) -> list[Match]:
    """Finds the plays of one piece: offsets with many votes, split where the votes pause."""
    known_at, heard_at = _agreeing(known, heard)
    offsets = heard_at - known_at
    matches = []
    for offset in _voted_offsets(offsets):
        votes = np.abs(offsets - offset) < _OFFSET_WIDTH
        times = np.sort(known_at[votes])
        for play in np.split(times, np.flatnonzero(np.diff(times) > _LARGEST_GAP_FRAMES) + 1):
            in_stretch = np.count_nonzero((known.frames >= play[0]) & (known.frames <= play[-1]))
            share = len(play) / in_stretch
            if len(play) >= MIN_VOTES and share >= MIN_SHARE:
                matches.append(_match(piece, known.length_frames, int(offset), play, min(share, 1.0)))
    return matches


def _agreeing(known: _Landmarks, heard: _Landmarks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of equal hashes: the frame in the known piece and the frame in the channel."""
    first = np.searchsorted(heard.hashes, known.hashes, side="left")
    counts = np.searchsorted(heard.hashes, known.hashes, side="right") - first
    starts = np.cumsum(counts) - counts
    within = np.arange(counts.sum()) - np.repeat(starts, counts)
    return np.repeat(known.frames, counts), heard.frames[np.repeat(first, counts) + within]


def _voted_offsets(offsets: NDArray[np.int64]) -> list[int]:
    """Offsets with enough votes, the most voted first; none beside one that is already taken."""
    values, counts = np.unique(offsets, return_counts=True)
    taken: list[int] = []
    for n in np.argsort(-counts):
        if np.sum(counts[np.abs(values - values[n]) < _OFFSET_WIDTH]) < MIN_VOTES:
            continue
        if all(abs(values[n] - other) >= 2 * _OFFSET_WIDTH for other in taken):
            taken.append(int(values[n]))
    return taken


def _match(
    piece: KnownAudio, length_frames: int, offset: int, play: NDArray[np.int64], share: float
) -> Match:
    first, last = int(play[0]), int(play[-1])
    first = 0 if first < _SNAP_FRAMES else first
    last = length_frames if length_frames - last < _SNAP_FRAMES else last
    return Match(
        name=piece.name,
        kind=piece.kind,
        start_ms=max(0, round((first + offset) * HOP_MS)),
        end_ms=round((last + offset) * HOP_MS),
        votes=len(play),
        share=share,
    )


def _without_overlaps(matches: list[Match]) -> list[Match]:
    """Prompts share words: where two matches overlap by half, the one with more votes is heard."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: -m.votes):
        shortest = [min(match.end_ms - match.start_ms, other.end_ms - other.start_ms) for other in kept]
        overlaps = [min(match.end_ms, o.end_ms) - max(match.start_ms, o.start_ms) for o in kept]
        if all(overlap <= short / 2 for overlap, short in zip(overlaps, shortest, strict=True)):
            kept.append(match)
    return sorted(kept, key=lambda m: m.start_ms)


def _landmarks(samples: Samples) -> _Landmarks:
    """Pairs each peak of one 16 kHz channel with the peaks that follow it."""
    narrow = resampled(samples, SAMPLE_RATE_HZ, RATE_HZ)
    frames, bins = _peaks(narrow)
    hashes: list[NDArray[np.int64]] = []
    anchors: list[NDArray[np.int64]] = []
    for step in range(1, _FAN_OUT + 1):
        apart = frames[step:] - frames[:-step]
        paired = (apart > 0) & (apart <= _LONGEST_PAIR_FRAMES)
        hashes.append(((bins[:-step] << 15) | (bins[step:] << 6) | apart)[paired])
        anchors.append(frames[:-step][paired])
    all_hashes, all_anchors = np.concatenate(hashes), np.concatenate(anchors)
    order = np.argsort(all_hashes, kind="stable")
    return _Landmarks(all_hashes[order], all_anchors[order], len(narrow) // HOP)


def _peaks(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Local maxima of the spectrogram: frame and frequency bin of each, in order of time."""
    reach = _PEAK_NEIGHBOURHOOD
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (FFT // 2, FFT)), FFT)[::HOP]
    taper = np.hanning(FFT).astype(np.float32)
    frames, bins = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(windows), _BLOCK_FRAMES):
        first = max(0, start - reach)
        block = np.abs(np.fft.rfft(windows[first : start + _BLOCK_FRAMES + reach] * taper))
        is_peak = (block == maximum_filter(block, size=_PEAK_NEIGHBOURHOOD)) & (block > _PEAK_FLOOR)
        at, frequency = np.nonzero(is_peak[start - first : start - first + _BLOCK_FRAMES])
        frames.append(at + start)
        bins.append(frequency)
    return np.concatenate(frames), np.concatenate(bins)
