"""Pieces that were heard in more than one call: what is known of each, and how it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import SegmentKind
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks
from include.gpu_host.ivr.learned import LearnedAudio, LearnedPlay
from include.gpu_host.ivr.profiles import improved

# The first so many calls that play a piece are remembered by their ids.
_MOST_CALLS = 50
# After so many calls its ends are known.
SETTLED_CALLS = 8


@dataclass(eq=False)
class Entry:
    """A piece that was heard in more than one call.

    Attributes:
        prompt_id: Its identity, once it is learned; "" before.
        name: How results call it.
        piece: Its fingerprint, while it is a candidate with a margin around it.
        support: By frame, how many plays agreed.
        plays: How many plays were compared.
        calls: Ids of calls that played it, the first ones.
        heard_in: How many calls played it.
        apart: Whether two of them surely played it at different times: see `HeardCall`.
        call_id: Where it can be listened to, as long as the call is kept somewhere.
        channel: There.
        start_frame: There, of the fingerprint's frame 0.
        spoken: Voice activity there, by frame; empty once it is learned.
        heard_at: When it was last heard.
    """

    piece: LearnedAudio
    support: NDArray[np.int32]
    call_id: str
    channel: int
    start_frame: int
    spoken: NDArray[np.bool_]
    heard_at: datetime
    learned_at: datetime | None = None
    prompt_id: str = ""
    name: str = ""
    refused: bool = False
    plays: int = 1
    calls: list[str] = field(default_factory=list)
    heard_in: int = 0
    apart: bool = False

    def count(self, call_id: str, now: datetime) -> None:
        """Counts a call, once."""
        self.heard_at = now
        if call_id in self.calls:
            return
        self.heard_in += 1
        if len(self.calls) < _MOST_CALLS:
            self.calls.append(call_id)

    def confirm(self, play: LearnedPlay) -> None:
        """Counts a play that was compared frame by frame."""
        self.plays += 1
        self.support[play.first : play.end] += 1
        profile = self.piece.profile.copy()
        # Where a call broke it off, that call says nothing of it.
        profile[play.first : play.end] = improved(profile, play.laid)[play.first : play.end]
        self.piece = replace(self.piece, profile=profile)

    @property
    def extent(self) -> tuple[int, int]:
        """First and end frame of what enough plays share."""
        shared = np.flatnonzero(self.support >= (1 if self.plays <= 3 else 2))
        return (int(shared[0]), int(shared[-1]) + 1) if len(shared) else (0, 0)

    @property
    def learned(self) -> LearnedAudio:
        """What is known of it: the shared part."""
        first, end = self.extent
        marks = self.piece.landmarks
        inside = (marks.frames >= first) & (marks.frames < end)
        return LearnedAudio(
            self.prompt_id,
            self.name,
            self.piece.kind,
            Landmarks(marks.hashes[inside], marks.frames[inside] - first),
            self.piece.profile[first:end],
        )

    def trim(self) -> None:
        """Drops the margin around the learned piece."""
        first, end = self.extent
        self.piece = self.learned
        self.support = self.support[first:end]
        self.start_frame += first

    @property
    def start_ms(self) -> int:
        """Where it begins in the call that it can be listened to in."""
        return max(0, round((self.start_frame + self.extent[0]) * HOP_MS))


def write_entry(path: Path, entry: Entry) -> None:
    """Keeps a learned piece, whole or not at all."""
    about = {
        "prompt_id": entry.prompt_id,
        "name": entry.name,
        "kind": entry.piece.kind,
        "call_id": entry.call_id,
        "channel": entry.channel,
        "start_frame": entry.start_frame,
        "heard_at": entry.heard_at.isoformat(),
        "learned_at": (entry.learned_at or entry.heard_at).isoformat(),
        "refused": entry.refused,
        "plays": entry.plays,
        "calls": entry.calls,
        "heard_in": entry.heard_in,
    }
    marks = entry.piece.landmarks
    arrays = {"hashes": marks.hashes, "frames": marks.frames, "profile": entry.piece.profile}
    written(path, {"about": np.array(json.dumps(about)), "support": entry.support} | arrays)


def read_entry(path: Path) -> Entry:
    """Reads an entry back.

    Raises:
        OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error: It was cut or altered.
    """
    with np.load(path, allow_pickle=False) as file:
        about: dict[str, Any] = json.loads(str(file["about"]))
        marks = Landmarks(file["hashes"], file["frames"])
        kind = SegmentKind(about.pop("kind"))
        piece = LearnedAudio(about["prompt_id"], about["name"], kind, marks, file["profile"])
        for name in ("heard_at", "learned_at"):
            about[name] = datetime.fromisoformat(about[name])
        return Entry(piece=piece, support=file["support"], spoken=np.zeros(0, dtype=np.bool_), **about)


def written(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes arrays, whole or not at all."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        np.savez_compressed(file, **arrays)
    draft.replace(path)
