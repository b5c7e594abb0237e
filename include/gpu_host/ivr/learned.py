"""Learned audio: pieces that repeat over the calls of a site, as fingerprints; no sound of them is kept.

Landmarks tell that a piece plays, its profile from when to when, and where somebody speaks over it.
"""

import io
import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from include.errors import InvalidInput
from include.gpu.wire import SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.ivr.fingerprints import LandmarkIndex, Match
from include.gpu_host.ivr.landmarks import HASHES, HOP_MS, Landmarks, Peaks
from include.gpu_host.ivr.profiles import BANDS, Laid, Profile, laid_over

# A shorter stretch of a learned piece may be a sound that two pieces share.
SHORTEST_PLAY_FRAMES = round(1200 / HOP_MS)
# Frames in which a piece should sound, and does: fewer are another piece, or lie below everything.
_LEAST_EXPLAINED = 0.5
# A pause of the piece's own, or a word over it; what is longer ends the play.
_LONGEST_GAP_FRAMES = round(1500 / HOP_MS)
# Landmarks begin after, and end before, what plays.
_BESIDE_FRAMES = round(300 / HOP_MS)
_OVER_MARGIN_FRAMES = round(200 / HOP_MS)
# Unlike for longer than this: something hides the piece there.
_HIDDEN_FRAMES = round(300 / HOP_MS)
# Shorter than a syllable: a codec's error.
_SHORTEST_OVER_FRAMES = round(110 / HOP_MS)
# Most of another piece's landmarks lie in this one: it is the same.
_SAME_SHARE = 0.6
# A prompt that fewer calls play is rare.
_USUAL_SHARE = 0.2
_MOST_FRAMES = round(1_800_000 / HOP_MS)


@dataclass(frozen=True)
class LearnedAudio:
    """A piece without its sound.

    Attributes:
        prompt_id: Stays the same when it is named, and on every host.
        name: How results call it.
        landmarks: In order of frame, from 0.
        profile: Shape (frames, `BANDS`).
    """

    prompt_id: str
    name: str
    kind: SegmentKind
    landmarks: Landmarks
    profile: Profile

    @property
    def duration_s(self) -> float:
        """Length of the piece in seconds."""
        return round(len(self.profile) * HOP_MS / 1000, 3)


@dataclass(frozen=True)
class LearnedPlay:
    """A learned piece on a channel, in frames of the piece.

    Attributes:
        offset: Frame of the channel at which the piece would begin; may be below 0.
        first: First frame that is heard.
        end: Behind the last.
        over: Of all frames of the piece: where something else is heard as well, or instead.
        laid: The comparison that tells all this.
    """

    offset: int
    first: int
    end: int
    votes: int
    explained: float
    over: NDArray[np.bool_]
    laid: Laid

    @property
    def span(self) -> Span:
        """From when to when, in ms of the channel."""
        return _span(self.offset + self.first, self.offset + self.end)

    @property
    def spoken_over(self) -> list[Span]:
        """Where something else is heard, in ms of the channel."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.over, [False]]).astype(np.int8)))
        pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        spans = (_span(self.offset + start, self.offset + end) for start, end in pairs)
        return timeline.within([span for span in spans if timeline.length_ms(span)], [self.span])


class LearnedLibrary(LandmarkIndex):
    """An index over learned pieces.

    Attributes:
        pieces: Of which it is made.
    """

    def __init__(self, pieces: Sequence[LearnedAudio]) -> None:
        self.pieces = list(pieces)
        super().__init__([piece.landmarks for piece in self.pieces])

    def plays(self, peaks: Peaks, profile: Profile) -> Iterator[tuple[int, LearnedPlay]]:
        """Every play of every piece on a channel, the surest first, by the piece's number; some overlap."""
        for match in self.matches(peaks):
            play = play_of(self.pieces[match.piece].profile, profile, match)
            if play:
                yield match.piece, play

    def known_as(self, piece: LearnedAudio) -> LearnedAudio | None:
        """The piece of the library that is the same audio, or holds it."""
        alike = self.matches_of([piece.landmarks])
        frames = piece.landmarks.frames
        span = int(frames.max() - frames.min()) if len(frames) else 0
        for match in alike:
            if span and match.last - match.first >= _SAME_SHARE * span:
                return self.pieces[match.piece]
        return None


def play_of(piece: Profile, heard: Profile, match: Match) -> LearnedPlay | None:
    """Listens closely to a piece that landmarks have found.

    Returns:
        None when it does not sound like the piece.
    """
    sure = (max(0, match.first), min(match.last, len(piece) - 1))
    laid = laid_over(piece, heard, match.offset, sure)
    first, end = _reach(laid, sure)
    active = int(laid.active[first:end].sum())
    alike = int((laid.alike & laid.active)[first:end].sum())
    if not active or alike < _LEAST_EXPLAINED * active or alike < min(SHORTEST_PLAY_FRAMES, len(piece) // 2):
        return None
    hidden = _long_runs(laid.active & ~laid.alike, _HIDDEN_FRAMES)
    spoken = _long_runs(laid.over, _SHORTEST_OVER_FRAMES)
    over = np.asarray(binary_dilation(spoken, iterations=_OVER_MARGIN_FRAMES)) | hidden
    return LearnedPlay(match.offset, first, end, match.votes, alike / active, over, laid)


def _reach(laid: Laid, sure: tuple[int, int]) -> tuple[int, int]:
    """First and end frame of what is heard around the sure frames; short gaps are within it."""
    near_sure = np.zeros(len(laid.alike), dtype=np.bool_)
    near_sure[max(0, sure[0] - _BESIDE_FRAMES) : sure[1] + 1 + _BESIDE_FRAMES] = True
    at = np.flatnonzero(laid.surely | (laid.alike & near_sure))
    if not len(at):
        return 0, 0
    runs = np.split(at, np.flatnonzero(np.diff(at) > _LONGEST_GAP_FRAMES) + 1)
    near = [run for run in runs if run[0] <= sure[1] and run[-1] >= sure[0]]
    return (int(near[0][0]), int(near[-1][-1]) + 1) if near else (0, 0)


def _long_runs(flags: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Only the runs of true frames that are as long."""
    long = np.zeros(len(flags), dtype=np.bool_)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        long[start:end] = end - start >= least
    return long


def _span(first: int, end: int) -> Span:
    return Span(start_ms=max(0, round(first * HOP_MS)), end_ms=max(0, round(end * HOP_MS)))


def packed(piece: LearnedAudio) -> bytes:
    """The fingerprint of a piece as bytes, without its name."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        hashes=piece.landmarks.hashes.astype(np.int32),
        frames=piece.landmarks.frames.astype(np.int32),
        profile=piece.profile,
    )
    return file.getvalue()


def unpacked(prompt_id: str, name: str, kind: SegmentKind, fingerprint: bytes) -> LearnedAudio:
    """A piece from what `packed` made of it, wherever that comes from.

    Raises:
        InvalidInput: It is no fingerprint.
    """
    try:
        with np.load(io.BytesIO(fingerprint), allow_pickle=False) as file:
            hashes, frames, profile = file["hashes"], file["frames"], file["profile"]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput(
            f"The fingerprint of learned prompt {prompt_id} cannot be read: {error}."
        ) from error
    whole = (
        hashes.dtype == frames.dtype == np.int32
        and profile.dtype == np.uint8
        and hashes.shape == frames.shape == (hashes.size,)
        and profile.shape == (len(profile), BANDS)
        and 0 < len(profile) <= _MOST_FRAMES
        and bool(
            ((hashes >= 0) & (hashes < HASHES)).all() and ((frames >= 0) & (frames < len(profile))).all()
        )
    )
    if not whole:
        raise InvalidInput(f"The fingerprint of learned prompt {prompt_id} is of no known form.")
    return LearnedAudio(prompt_id, name, kind, Landmarks(hashes, frames), profile)


def learned_confidence(calls_heard: int, min_calls: int) -> float:
    """How likely a prompt that every fifth call plays was played by enough calls to be learned."""
    too_few = sum(
        math.comb(calls_heard, n) * _USUAL_SHARE**n * (1 - _USUAL_SHARE) ** (calls_heard - n)
        for n in range(min(min_calls, calls_heard + 1))
    )
    return round(min(1.0, max(0.0, 1 - too_few)), 3)


def write_library(path: Path, pieces: Sequence[LearnedAudio]) -> None:
    """Writes what workers cut out, whole or not at all."""
    about = [{"prompt_id": p.prompt_id, "name": p.name, "kind": p.kind} for p in pieces]
    arrays: dict[str, NDArray[np.generic]] = {"about": np.array(json.dumps(about))}
    for n, piece in enumerate(pieces):
        arrays |= {f"hashes{n}": piece.landmarks.hashes, f"frames{n}": piece.landmarks.frames}
        arrays[f"profile{n}"] = piece.profile
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    draft.replace(path)


def read_library(path: Path) -> LearnedLibrary:
    """Reads a learned library in a worker process."""
    with np.load(path, allow_pickle=False) as file:
        return LearnedLibrary(
            [
                LearnedAudio(
                    one["prompt_id"],
                    one["name"],
                    SegmentKind(one["kind"]),
                    Landmarks(file[f"hashes{n}"], file[f"frames{n}"]),
                    file[f"profile{n}"],
                )
                for n, one in enumerate(json.loads(str(file["about"])))
            ]
        )
