"""Learns prompts and hold music: the same audio, to the sample, in many calls is no conversation.

The first pass goes through the calls one by one. What a channel repeats of an earlier call becomes a
candidate, which is looked for in every call after that; the rest of the channel's landmarks go into an index.
So what is played often is held once, and memory does not grow with the calls: the index forgets the oldest.
What is learned was heard twice within the last hundred or two calls, and in `min_calls` calls of all.

The second pass lays a candidate's plays over each other: this verifies that they are the same recording and
no like speech, tells from where to where they agree, and which copy is the best.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from include.gpu.wire import SegmentKind
from include.gpu_host.audio.recording import Pcm, Recording
from include.gpu_host.ivr.copies import Heard, best_copy, is_tone, kind_of, name_of
from include.gpu_host.ivr.fingerprints import FingerprintLibrary, KnownAudio
from include.gpu_host.ivr.hearings import outside
from include.gpu_host.ivr.landmarks import (
    HOP,
    HOP_MS,
    Peaks,
    landmarks_of,
    narrow_pcm,
    peaks_of,
    together,
)
from include.gpu_host.ivr.library import is_fingerprinted, known_as
from include.gpu_host.ivr.repeats import Repeat, RepeatIndex

# More candidates than a contact centre has prompts: those heard in the fewest calls go.
MAX_CANDIDATES = 2000
_CHANNELS_OF_CALL = 8
# Two calls that share more than this of a channel are one call that was recorded twice.
_SAME_CALL_SHARE = 0.6
_LEAST_OF_CALL_FRAMES = round(20_000 / HOP_MS)


@dataclass
class Candidate:
    """Audio that was heard in more than one call.

    Attributes:
        heard: One play of each call, the surest.
    """

    samples: Pcm
    heard: dict[int, Heard] = field(default_factory=dict)

    def add(self, heard: Heard) -> None:
        """Counts a play."""
        if heard.call not in self.heard or heard.votes > self.heard[heard.call].votes:
            self.heard[heard.call] = heard


@dataclass(frozen=True)
class Learned:
    """Audio that at least `min_calls` calls play.

    Attributes:
        calls: In how many it was heard.
        call: Where this copy is from.
        start_ms: And when, in that call.
    """

    audio: KnownAudio
    calls: int
    call: int
    start_ms: int


class Learner:
    """Listens to calls, and tells what they have in common.

    Args:
        known: What is not learned again.
        min_calls: In how many calls the same audio is no conversation; at least 2.
        index: Where landmarks are kept.
    """

    def __init__(self, known: FingerprintLibrary, min_calls: int, index: RepeatIndex | None = None) -> None:
        self._known = known
        self._min_calls = max(2, min_calls)
        self._index = index or RepeatIndex()
        self._candidates: list[Candidate] = []
        self._library = FingerprintLibrary([])
        self.copies = 0

    @property
    def candidates(self) -> int:
        """How many pieces were heard in more than one call."""
        return len(self._candidates)

    def hear(self, call: int, recording: Recording) -> None:
        """First pass: takes in a call; calls are numbered from 0, in any order, each once."""
        for channel in recording.channels[:_CHANNELS_OF_CALL]:
            peaks = peaks_of(recording, channel)
            taken = [(m.offset + m.first, m.offset + m.last) for m in self._known.matches(peaks)]
            taken += self._credit(call, channel, peaks)
            free = outside(together(landmarks_of(peaks)), taken)
            repeats = [repeat for repeat in self._index.repeats(free) if _call_of(repeat.other) != call]
            if is_copy(repeats, peaks):
                self.copies += 1
                return
            new = list(apart(repeats))
            for repeat in new:
                self._propose(call, channel, recording, repeat)
            rest = outside(free, [(repeat.first, repeat.last) for repeat in new])
            self._index.add(call * _CHANNELS_OF_CALL + channel, rest)
        self._refresh()

    def learned(
        self, opened: Callable[[int], Recording], report: Callable[[int, int], None]
    ) -> Iterator[Learned]:
        """Second pass: verifies and cuts out what enough calls play, the most heard first.

        Args:
            opened: Decodes a call again.
            report: Told how many candidates of how many are done.
        """
        enough = [c for c in self._candidates if len(c.heard) >= self._min_calls]
        enough.sort(key=lambda c: -len(c.heard))
        accepted = list(self._known.pieces)
        for n, candidate in enumerate(enough):
            report(n, len(enough))
            if known_as(KnownAudio("", SegmentKind.PROMPT, candidate.samples), FingerprintLibrary(accepted)):
                continue
            cut = self._cut_out(candidate, opened)
            if cut and not known_as(cut.audio, FingerprintLibrary(accepted)):
                accepted.append(cut.audio)
                yield cut

    def _credit(self, call: int, channel: int, peaks: Peaks) -> list[tuple[int, int]]:
        """Counts the candidates that a channel plays; returns where, in frames."""
        matches = self._library.matches(peaks)
        for m in matches:
            first, last = (m.offset + m.first) * HOP, (m.offset + m.last + 1) * HOP
            self._candidates[m.piece].add(Heard(call, channel, first, last, m.offset * HOP, m.votes))
        return [(m.offset + m.first, m.offset + m.last) for m in matches]

    def _propose(self, call: int, channel: int, recording: Recording, repeat: Repeat) -> None:
        """Makes a candidate of what this channel repeats of an earlier call."""
        first, last = repeat.first * HOP, (repeat.last + 1) * HOP
        candidate = Candidate(narrow_pcm(recording, channel, first, last))
        back = repeat.offset * HOP
        candidate.add(Heard(call, channel, first, last, first, repeat.votes))
        other, other_channel = divmod(repeat.other, _CHANNELS_OF_CALL)
        candidate.add(Heard(other, other_channel, first - back, last - back, first - back, repeat.votes))
        self._candidates.append(candidate)

    def _refresh(self) -> None:
        """Makes an index of the candidates, when there are new ones."""
        if len(self._library.pieces) != len(self._candidates):
            if len(self._candidates) > MAX_CANDIDATES:
                self._candidates.sort(key=lambda c: -len(c.heard))
                del self._candidates[MAX_CANDIDATES * 3 // 4 :]
            pieces = [KnownAudio("", SegmentKind.PROMPT, c.samples) for c in self._candidates]
            self._library = FingerprintLibrary(pieces)

    def _cut_out(self, candidate: Candidate, opened: Callable[[int], Recording]) -> Learned | None:
        plays = sorted(candidate.heard.values(), key=lambda heard: -heard.votes)
        copy = best_copy(plays, opened, self._min_calls)
        if copy is None or is_tone(copy.samples):
            return None
        audio = KnownAudio(name_of(copy.samples), kind_of(copy.samples), copy.samples)
        if not is_fingerprinted(audio):
            return None
        return Learned(audio, len(candidate.heard), copy.call, copy.start_ms)


def apart(repeats: Sequence[Repeat]) -> Iterator[Repeat]:
    """The surest repeats that do not overlap by half with a surer one."""
    chosen: list[Repeat] = []
    for repeat in repeats:
        overlap = max((min(repeat.last, c.last) - max(repeat.first, c.first) for c in chosen), default=0)
        if overlap <= (repeat.last - repeat.first) / 2:
            chosen.append(repeat)
            yield repeat


def is_copy(repeats: Sequence[Repeat], peaks: Peaks) -> bool:
    """Whether nearly all of a channel was heard in one earlier call."""
    if not len(peaks.frames):
        return False
    sounding = int(peaks.frames[-1] - peaks.frames[0])
    longest = max((repeat.last - repeat.first for repeat in repeats), default=0)
    return longest > _LEAST_OF_CALL_FRAMES and longest > _SAME_CALL_SHARE * sounding


def _call_of(channel: int) -> int:
    return channel // _CHANNELS_OF_CALL
