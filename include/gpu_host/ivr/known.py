"""The known pieces that play on a channel: landmarks say which, the waveforms from when to when.

Of learned pieces no waveform is kept: their profiles say it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.alignment import REACH_S, Play, listen
from include.gpu_host.ivr.fingerprints import MIN_VOTES, FingerprintLibrary, KnownAudio, Match
from include.gpu_host.ivr.landmarks import HOP, HOP_MS, Peaks
from include.gpu_host.ivr.learned import LearnedAudio, LearnedLibrary
from include.gpu_host.ivr.profiles import Profile
from include.gpu_host.ivr.talk_over import least_power
from include.gpu_host.ivr.traces import CHUNK_S, SURE, Stretch, stretches

# Less of a known piece than this says nothing: a word that two prompts share.
SHORTEST_KNOWN_MS = 300
# A piece that sounds in fewer of the frames in which it should is another, or lies below everything.
_LEAST_EXPLAINED = 0.25


@dataclass(frozen=True)
class Heard:
    """A known piece that plays on a channel.

    Attributes:
        certainty: Evidence in units of what is needed.
    """

    channel: int
    piece: KnownAudio | LearnedAudio
    certainty: float
    play: Play

    @property
    def span(self) -> Span:
        """The stretch from beginning to end."""
        return Span(start_ms=self.play.start_ms, end_ms=self.play.end_ms)

    @property
    def confidence(self) -> float:
        """Doubt halves with every further unit of evidence; talked over, a piece is less sure."""
        return round((1 - math.exp2(-self.certainty)) * min(1.0, 0.5 + self.play.explained / 2), 3)


def known_on(library: FingerprintLibrary, recording: Recording, channel: int, peaks: Peaks) -> list[Heard]:
    """The known pieces of one channel, in order; of two that sound at once, the surer one."""
    found = library.find(peaks)
    beside = timeline.without([recording.whole], [_roughly(match) for match in found.matches])
    ear = _Ear(recording, channel, least_power(recording, channel, beside) if found.matches else 0.0)
    for match in found.matches:
        if not timeline.mostly_within(_roughly(match), ear.taken):
            where = Stretch(match.offset * HOP, None, match.first * HOP, (match.last + 1) * HOP)
            ear.listen(library.pieces[match.piece], match.votes / MIN_VOTES, where)
    for trace in found.traces:
        piece = library.pieces[trace.piece]
        for where in stretches(recording, channel, piece.samples, trace, ear.taken):
            ear.listen(piece, where.score / SURE, where, reach_s=REACH_S + CHUNK_S)
    return sorted(ear.heard, key=lambda heard: heard.play.start_ms)


def learned_on(
    library: LearnedLibrary, channel: int, peaks: Peaks, profile: Profile, taken: Sequence[Span]
) -> list[Heard]:
    """The learned pieces of one channel, in order, where none of `taken` is heard."""
    heard: list[Heard] = []
    for number, found in library.plays(peaks, profile):
        whole = Play(found.span.start_ms, found.span.end_ms, found.explained, found.spoken_over)
        parts = _new_parts(whole, [*taken, *(one.span for one in heard)])
        piece, certainty = library.pieces[number], found.votes / MIN_VOTES
        heard += [Heard(channel, piece, certainty, part) for part in parts]
    return sorted(heard, key=lambda one: one.play.start_ms)


@dataclass
class _Ear:
    """Listens to one channel, and remembers what it heard."""

    recording: Recording
    channel: int
    least_power: float
    heard: list[Heard] = field(default_factory=list)

    @property
    def taken(self) -> list[Span]:
        return [heard.span for heard in self.heard]

    def listen(self, piece: KnownAudio, certainty: float, where: Stretch, reach_s: int = REACH_S) -> None:
        play = listen(
            self.recording,
            self.channel,
            piece.samples,
            begins=where.begins,
            first=where.first,
            last=where.last,
            about=where.about,
            reach_s=reach_s,
            least_power=self.least_power,
        )
        if play and play.explained >= _LEAST_EXPLAINED:
            parts = _new_parts(play, self.taken)
            self.heard += [Heard(self.channel, piece, certainty, part) for part in parts]


def _roughly(match: Match) -> Span:
    """Where the landmarks lie."""
    first, last = match.offset + match.first, match.offset + match.last + 1
    return Span(start_ms=max(0, round(first * HOP_MS)), end_ms=max(0, round(last * HOP_MS)))


def _new_parts(play: Play, taken: Sequence[Span]) -> list[Play]:
    """What a play adds to those that were taken: prompts share words, and music repeats itself."""
    whole = Span(start_ms=play.start_ms, end_ms=play.end_ms)
    return [
        Play(s.start_ms, s.end_ms, play.explained, timeline.within([s], play.spoken_over))
        for s in timeline.without([whole], taken)
        if timeline.length_ms(s) >= SHORTEST_KNOWN_MS
    ]
