"""Learns while calls come in: what a call repeats of others, to the sample, is no conversation.

Of every call some landmarks are kept. What a channel repeats of another call becomes a candidate: its
fingerprint is taken, with a little around it. Calls that play it too confirm it, and tell from where to
where. Heard in enough calls, it is learned, and cut to what they share: what only one of them holds is gone.
Of a sentence or more, one call fewer is enough where they are known to be of different times: they are not
two recordings of one conversation.

The same words spoken by a person twice are no repeat: landmarks agree to 16 ms over the whole of it, and
nobody speaks so. Pure tones are nothing to learn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import SegmentKind
from include.gpu_host.ivr.doubled import HeardCall, of_different_calls
from include.gpu_host.ivr.entries import SETTLED_CALLS, Entry
from include.gpu_host.ivr.fingerprints import MIN_VOTES
from include.gpu_host.ivr.hearings import MOST_CHANNELS, HeardChannel, outside
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks, landmarks_of, together
from include.gpu_host.ivr.learned import SHORTEST_PLAY_FRAMES, LearnedAudio, LearnedLibrary
from include.gpu_host.ivr.learning import apart, is_copy
from include.gpu_host.ivr.profiles import Profile
from include.gpu_host.ivr.repeats import Repeat, RepeatIndex

# One landmark in four is kept of a call: of 3 s of a prompt that is 15 to 75 that two calls share, through
# different codecs; channels that share nothing had at most 3.
KEPT_OF = 4
MIN_SHARED = 8
# 100 MB: of calls of three minutes in stereo, the last eight hundred.
CAPACITY = 12_000_000
# Calls are numbered in 16 bits; numbers come again when their calls have long been forgotten.
NUMBERS = 1 << 16
# Of prompts of 10 s; together they take 60 bytes a frame: 60 MB.
MOST_ENTRIES, MOST_FRAMES = 1_600, 1_000_000
_MARGIN_FRAMES = round(2000 / HOP_MS)
_LONGEST_FRAMES = round(120_000 / HOP_MS)
_SPEECH_SHARE = 0.3
_LEAST_LANDMARKS = 4 * MIN_VOTES
# A bell, a jingle or a talking toy may be heard behind two callers; telephone systems say sentences.
_SENTENCE_FRAMES = round(4_000 / HOP_MS)
# A tone: nearly all its power lies in few bands.
_TONE_BANDS, _TONE_SHARE = 3, 0.97


@dataclass(frozen=True)
class _Repeated:
    """A stretch of a channel that another call holds too; `free` is what nothing known holds of it."""

    call: HeardCall
    channel: int
    heard: HeardChannel
    free: Landmarks
    repeat: Repeat


@dataclass
class Gathering:
    """What was heard of calls, and what they have in common.

    Attributes:
        min_calls: In how many calls the same audio is no conversation; at least 2.
        entries: Candidates and learned pieces.
        heard: Calls by number, the newest last.
    """

    min_calls: int
    index: RepeatIndex = field(default_factory=lambda: RepeatIndex(CAPACITY, MIN_SHARED))
    entries: list[Entry] = field(default_factory=list)
    heard: dict[int, HeardCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._library, self._indexed = LearnedLibrary([]), list[Landmarks]()
        self.refresh()

    @property
    def learned(self) -> list[Entry]:
        """What was learned, refused or not, in the order of learning."""
        return [entry for entry in self.entries if entry.prompt_id]

    def keep(self, number: int, call: HeardCall, kept: Sequence[NDArray[np.int64]]) -> None:
        """Takes the kept landmarks of a call into the index."""
        self.heard[number] = call
        for channel, keys in enumerate(kept):
            landmarks = Landmarks((keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32))
            self.index.add(number * MOST_CHANNELS + channel, landmarks)

    def hear(
        self, number: int, call: HeardCall, channels: Sequence[HeardChannel], now: datetime
    ) -> tuple[list[NDArray[np.int64]], list[Entry]]:
        """Takes in the sound of a call.

        Returns:
            What is kept of each channel, and the entries that were learned by it.
        """
        free: list[Landmarks] = []
        repeats: list[list[Repeat]] = []
        for heard in channels:
            taken = [(int(first), int(last)) for first, last in heard.known]
            taken += list(self._confirmed(call.call_id, heard, now))
            free.append(outside(together(landmarks_of(heard.peaks)), taken))
            found = self.index.repeats(_sampled(free[-1]))
            repeats.append([repeat for repeat in found if self._is_other(repeat.other, number)])
            if is_copy(repeats[-1], heard.peaks):
                return [], []  # one call that was recorded twice
        kept: list[NDArray[np.int64]] = []
        spoken = [_where(heard.spoken, marks) for heard, marks in zip(channels, free, strict=True)]
        for channel, found in enumerate(of_different_calls(repeats, spoken, self.index)):
            new = list(apart(found))
            for repeat in new:
                self._propose(_Repeated(call, channel, channels[channel], free[channel], repeat), now)
            rest = outside(_sampled(free[channel]), [(repeat.first, repeat.last) for repeat in new])
            kept.append(rest.hashes.astype(np.int64) << 32 | rest.frames)
        self.keep(number, call, kept)
        learned = list(self._learned(now))
        self.refresh()
        return kept, learned

    def take(self, entry: Entry) -> str | None:
        """Takes in what was learned elsewhere; returns the id of the own entry that it replaces."""
        own = next((e for e in self.entries if e.prompt_id == entry.prompt_id), None)
        if own is not None:
            own.name, own.refused = entry.name, entry.refused
            return None
        alike = LearnedLibrary([e.learned for e in self.learned]).known_as(entry.learned)
        if alike is not None:
            self.entries = [e for e in self.entries if e.prompt_id != alike.prompt_id]
        self.entries.append(entry)
        self.refresh()
        return alike.prompt_id if alike else None

    def _is_other(self, channel: int, number: int) -> bool:
        other = channel // MOST_CHANNELS
        return other != number and other in self.heard

    def _confirmed(self, call_id: str, heard: HeardChannel, now: datetime) -> Iterator[tuple[int, int]]:
        """Counts the entries that a channel plays; yields where, in frames."""
        counted: set[int] = set()
        for number, play in self._library.plays(heard.peaks, heard.profile):
            entry = self.entries[number]
            if number not in counted:
                counted.add(number)
                is_new = call_id not in entry.calls
                entry.count(call_id, now)
                if is_new and entry.heard_in <= SETTLED_CALLS:
                    entry.confirm(play)
            yield play.offset + play.first, play.offset + play.end - 1

    def _propose(self, found: "_Repeated", now: datetime) -> None:
        """Makes a candidate of what a channel repeats of another call."""
        heard, free, repeat = found.heard, found.free, found.repeat
        first = max(0, repeat.first - _MARGIN_FRAMES)
        end = min(len(heard.profile), repeat.last + 1 + _MARGIN_FRAMES, first + _LONGEST_FRAMES)
        inside = (free.frames >= first) & (free.frames < end)
        marks = Landmarks(free.hashes[inside], free.frames[inside] - first)
        profile = heard.profile[first:end]
        if is_tone(heard.profile[repeat.first : repeat.last + 1]) or len(marks) < _LEAST_LANDMARKS:
            return
        other = self.heard[repeat.other // MOST_CHANNELS]
        support = np.zeros(end - first, dtype=np.int32)
        support[repeat.first - first : repeat.last + 1 - first] = 1
        entry = Entry(
            piece=LearnedAudio("", "", SegmentKind.PROMPT, marks, profile),
            support=support,
            call_id=found.call.call_id,
            channel=found.channel,
            start_frame=first,
            spoken=heard.spoken[first:end],
            heard_at=now,
            apart=found.call.apart_from(other, repeat.offset),
        )
        entry.count(other.call_id, now)
        entry.count(found.call.call_id, now)
        self.entries.append(entry)

    def _learned(self, now: datetime) -> Iterator[Entry]:
        """Candidates that were heard in enough calls."""
        for entry in list(self.entries):
            first, end = entry.extent
            if (
                entry.prompt_id
                or not self._is_enough(entry, end - first)
                or end - first < SHORTEST_PLAY_FRAMES
            ):
                continue
            if LearnedLibrary([one.learned for one in self.learned]).known_as(entry.learned):
                self.entries.remove(entry)  # two candidates of one call
                continue
            identity = f"{entry.call_id}/{entry.channel}/{entry.start_ms}".encode()
            entry.prompt_id = sha256(identity + entry.piece.profile.tobytes()).hexdigest()[:16]
            entry.name = f"learned-{entry.prompt_id[:8]}"
            speaks = entry.spoken[first:end].mean() > _SPEECH_SHARE
            kind = SegmentKind.PROMPT if speaks else SegmentKind.HOLD_MUSIC
            entry.piece = replace(entry.piece, kind=kind)
            entry.learned_at, entry.spoken = now, entry.spoken[:0]
            yield entry

    def _is_enough(self, entry: Entry, frames: int) -> bool:
        """Whether it was heard in enough calls."""
        one_fewer = entry.apart and frames >= _SENTENCE_FRAMES
        return entry.heard_in >= max(2, self.min_calls - one_fewer)

    def forgotten(self) -> list[int]:
        """Numbers of calls that the index no longer holds; they are forgotten by this."""
        held = {channel // MOST_CHANNELS for channel in self.index.channels}
        gone = [number for number in self.heard if number not in held]
        for number in gone:
            del self.heard[number]
        return gone

    def refresh(self) -> None:
        """Drops what is least heard where there is too much, and makes the index anew."""
        self.entries = _within_bounds(self.entries)
        for entry in self.entries:
            if entry.prompt_id and entry.heard_in > SETTLED_CALLS:
                first, end = entry.extent
                if end - first < len(entry.piece.profile):
                    entry.trim()
        pieces = [entry.piece for entry in self.entries]
        marks = [piece.landmarks for piece in pieces]
        if len(marks) != len(self._indexed) or any(
            a is not b for a, b in zip(marks, self._indexed, strict=True)
        ):
            self._library, self._indexed = LearnedLibrary(pieces), marks
        self._library.pieces = pieces  # a play may have bettered a profile


def _within_bounds(entries: list[Entry]) -> list[Entry]:
    """Entries that there is room for, in their order: candidates go first, those unheard for longest."""
    frames = sum(len(entry.piece.profile) for entry in entries)
    if len(entries) <= MOST_ENTRIES and frames <= MOST_FRAMES:
        return entries
    kept: set[int] = set()
    for entry in sorted(entries, key=lambda e: (bool(e.prompt_id), e.heard_at), reverse=True):
        frames_left = MOST_FRAMES * 3 // 4 - sum(len(e.piece.profile) for e in entries if id(e) in kept)
        if len(kept) < MOST_ENTRIES * 3 // 4 and len(entry.piece.profile) <= frames_left:
            kept.add(id(entry))
    return [entry for entry in entries if id(entry) in kept]


def library_of(entries: Sequence[Entry]) -> LearnedLibrary:
    """What is cut out of calls: what was learned and nobody refused."""
    return LearnedLibrary([entry.learned for entry in entries if entry.prompt_id and not entry.refused])


def is_tone(profile: Profile) -> bool:
    """Whether nearly all the power of a piece lies in few bands: ringing, busy, a key, hum."""
    powers = np.sort(np.power(10.0, profile.astype(np.float64) / 20).sum(axis=0))
    return bool(powers[-_TONE_BANDS:].sum() > _TONE_SHARE * powers.sum())


def _where(flags: NDArray[np.bool_], landmarks: Landmarks) -> Landmarks:
    """The landmarks at the frames whose flag is set."""
    inside = flags[np.minimum(landmarks.frames, len(flags) - 1)]
    return Landmarks(landmarks.hashes[inside], landmarks.frames[inside])


def _sampled(landmarks: Landmarks) -> Landmarks:
    """The same hashes of every call."""
    mixed = landmarks.hashes.astype(np.uint32) * np.uint32(2654435761)
    kept = (mixed >> np.uint32(16)) % KEPT_OF == 0
    return Landmarks(landmarks.hashes[kept], landmarks.frames[kept])
