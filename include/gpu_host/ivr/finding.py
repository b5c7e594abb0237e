"""The IVR stage: what is not conversation (known audio, keys, dead air), and the conversation left."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from include.gpu.wire import Engine, IvrResult, Segment, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr import dtmf
from include.gpu_host.ivr.alignment import Play, listen
from include.gpu_host.ivr.fingerprints import MIN_VOTES, FingerprintLibrary, Match
from include.gpu_host.ivr.landmarks import HOP, HOP_MS, peaks_of
from include.gpu_host.ivr.talk_over import least_power, speech_over
from include.gpu_host.stages.job import Head

# A stretch of conversation between two cuts that is shorter than this is the seam of two prompts, not speech.
_SHORTEST_KEPT_MS = 250
# Less of a known piece than this says nothing: a word that two prompts share.
_SHORTEST_KNOWN_MS = 300
# A piece that sounds in fewer of the frames in which it should is another, or lies below everything.
_LEAST_EXPLAINED = 0.25

# Speech on another channel that saves a prompt from being cut. With noise 20 dB below, up to 0.3 % of such
# speech is lost and 97 % of what is clean is cut; ordinary voice activity loses 5 to 6 %, and cuts 99 %.
_SURELY_ABOVE = 0.5
_BESIDE_MS = 500


@dataclass(frozen=True)
class _Heard:
    """A known piece that plays on a channel."""

    channel: int
    piece: int
    votes: int
    play: Play

    @property
    def span(self) -> Span:
        return Span(start_ms=self.play.start_ms, end_ms=self.play.end_ms)


class IvrFinding:
    """Landmark fingerprints for known audio, Goertzel for keys, voice activity for dead air.

    It hears the original recording: enhancement would suppress the music that it looks for.

    Args:
        library: Known prompts and hold music.
        dead_air_s: Nobody speaks, and nothing known plays, for this long.
    """

    def __init__(self, library: FingerprintLibrary, dead_air_s: float) -> None:
        self._library = library
        self._dead_air_ms = round(dead_air_s * 1000)
        self.engine = Engine(name="landmarks", version="3", device="cpu", weights_sha256=library.sha256)
        self.tuning: list[float | str] = [dead_air_s]

    def run(self, head: Head, recording: Recording) -> IvrResult:
        """Finds all segments of all channels, and cuts out prompts and hold music.

        A known piece is no segment where somebody speaks over it on its own channel, and is not cut where
        somebody speaks on another. Dead air and keys stay: cutting them saves nothing, because recognition
        skips silence.
        """
        known = [self._known_on(recording, channel) for channel in recording.channels]
        speech = [_speech(recording, n, heard) for n, heard in enumerate(known)]
        plays = [segment for on_channel in known for heard in on_channel for segment in self._segments(heard)]
        keyed = [segment for channel in recording.channels for segment in _keyed(recording, channel)]
        busy = [*plays, *keyed, *(span for spans in speech for span in spans)]
        silence = timeline.without([recording.whole], busy)
        dead_air = [_dead_air(s) for s in silence if timeline.length_ms(s) >= self._dead_air_ms]
        segments = sorted([*plays, *keyed, *dead_air], key=lambda s: (s.start_ms, s.channel or 0))
        return IvrResult(**head, segments=segments, kept=_kept(recording, plays))

    def _known_on(self, recording: Recording, channel: int) -> list[_Heard]:
        """The known pieces of one channel, in order; of two that sound at once, the one with more votes."""
        taken: list[_Heard] = []
        matches = list(self._library.matches(peaks_of(recording, channel)))
        beside = timeline.without([recording.whole], [_roughly(match) for match in matches])
        least = least_power(recording, channel, beside) if matches else 0.0
        for match in matches:
            if not _mostly_in(_roughly(match), [heard.span for heard in taken]):
                play = self._listen(recording, channel, match, least)
                taken += [_Heard(channel, match.piece, match.votes, p) for p in _new_parts(play, taken)]
        return sorted(taken, key=lambda heard: heard.play.start_ms)

    def _listen(self, recording: Recording, channel: int, match: Match, least: float) -> Play | None:
        samples = self._library.pieces[match.piece].samples
        first, last = match.first * HOP, (match.last + 1) * HOP
        play = listen(
            recording,
            channel,
            samples,
            begins=match.offset * HOP,
            first=first,
            last=last,
            least_power=least,
        )
        return play if play and play.explained >= _LEAST_EXPLAINED else None

    def _segments(self, heard: _Heard) -> list[Segment]:
        piece = self._library.pieces[heard.piece]
        return [
            Segment(
                start_ms=span.start_ms,
                end_ms=span.end_ms,
                kind=piece.kind,
                confidence=_confidence(heard),
                label=piece.name,
                channel=heard.channel,
            )
            for span in timeline.without([heard.span], heard.play.spoken_over)
            if timeline.length_ms(span) >= _SHORTEST_KNOWN_MS
        ]


def _roughly(match: Match) -> Span:
    """Where the landmarks lie."""
    first, last = match.offset + match.first, match.offset + match.last + 1
    return Span(start_ms=max(0, round(first * HOP_MS)), end_ms=max(0, round(last * HOP_MS)))


def _mostly_in(span: Span, others: Sequence[Span]) -> bool:
    return timeline.total_ms(timeline.within([span], others)) > timeline.length_ms(span) / 2


def _new_parts(play: Play | None, taken: Sequence[_Heard]) -> list[Play]:
    """What a play adds to those that were taken: prompts share words, and music repeats itself."""
    if play is None:
        return []
    whole = Span(start_ms=play.start_ms, end_ms=play.end_ms)
    return [
        Play(s.start_ms, s.end_ms, play.explained, timeline.within([s], play.spoken_over))
        for s in timeline.without([whole], [heard.span for heard in taken])
        if timeline.length_ms(s) >= _SHORTEST_KNOWN_MS
    ]


def _speech(recording: Recording, channel: int, known: Sequence[_Heard]) -> list[Span]:
    """Where somebody speaks on one channel, beside known audio and over it.

    Voice activity begins anew after each known piece: after a minute of music it hears the first words less.
    """
    beside = timeline.without([recording.whole], [heard.span for heard in known])
    spoken = speech_spans(recording, channel, beside)
    over = [span for heard in known for span in heard.play.spoken_over]
    # What sticks out beside a prompt is its own first or last sound.
    return timeline.joined([s for s in [*spoken, *over] if timeline.length_ms(s) >= _SHORTEST_KEPT_MS])


def _kept(recording: Recording, plays: Sequence[Segment]) -> list[Span]:
    """The recording without known audio; while somebody speaks on another channel, the conversation wins."""
    cuts: list[Span] = []
    for channel in recording.channels:
        here = timeline.joined(play for play in plays if play.channel == channel)
        others = [n for n in recording.channels if n != channel]
        cuts += timeline.without(here, (s for n in others for s in _talk_over(recording, n, here, plays)))
    left = timeline.without([recording.whole], cuts)
    return [span for span in left if timeline.length_ms(span) >= _SHORTEST_KEPT_MS]


def _talk_over(
    recording: Recording, channel: int, here: Sequence[Span], plays: Sequence[Segment]
) -> list[Span]:
    """Where somebody speaks on a channel while something known plays on another; no prompt is somebody."""
    around = timeline.widened(here, _BESIDE_MS, recording.whole.end_ms)
    spoken = [span for a in around for span in speech_over(recording, channel, a, _SURELY_ABOVE)]
    own = timeline.without(spoken, (play for play in plays if play.channel == channel))
    return [span for span in own if timeline.length_ms(span) >= _SHORTEST_KEPT_MS]


def _keyed(recording: Recording, channel: int) -> list[Segment]:
    return [
        Segment(
            start_ms=entry.start_ms,
            end_ms=entry.end_ms,
            kind=SegmentKind.DTMF,
            confidence=entry.confidence,
            label=entry.digits,
            channel=channel,
        )
        for entry in dtmf.entries(recording, channel)
    ]


def _dead_air(span: Span) -> Segment:
    return Segment(start_ms=span.start_ms, end_ms=span.end_ms, kind=SegmentKind.DEAD_AIR, confidence=1.0)


def _confidence(heard: _Heard) -> float:
    """Chance agreement halves with every further threshold's worth of votes; talked over, it is less sure."""
    return round((1 - math.exp2(-heard.votes / MIN_VOTES)) * min(1.0, 0.5 + heard.play.explained / 2), 3)
