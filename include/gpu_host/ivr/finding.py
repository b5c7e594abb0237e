"""The IVR stage: what is not conversation (known audio, keys, dead air), and the conversation left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from include.gpu.wire import Engine, IvrResult, PromptLibrary, Segment, SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr import dtmf
from include.gpu_host.ivr.edges import to_pauses
from include.gpu_host.ivr.fingerprints import FingerprintLibrary
from include.gpu_host.ivr.hearings import HeardChannel, heard_channel, write_hearing
from include.gpu_host.ivr.known import SHORTEST_KNOWN_MS, Heard, known_on, learned_on
from include.gpu_host.ivr.landmarks import peaks_of
from include.gpu_host.ivr.learned import LearnedLibrary, learned_confidence
from include.gpu_host.ivr.profiles import profile_of
from include.gpu_host.ivr.sounding import sounding, speech_level_db
from include.gpu_host.ivr.talk_over import speech_over
from include.gpu_host.stages.job import Head

# A stretch of conversation between two cuts that is shorter than this is the seam of two prompts, not speech.
_SHORTEST_KEPT_MS = 250

# Speech on another channel that saves a prompt from being cut. With noise 20 dB below, up to 0.3 % of such
# speech is lost and 97 % of what is clean is cut; ordinary voice activity loses 5 to 6 %, and cuts 99 %.
_SURELY_ABOVE = 0.5
# Music that is recognised by its sound, and by no library: less sure than any that one knows.
_BY_SOUND = 0.7
_BESIDE_MS = 500


@dataclass(frozen=True)
class Learning:
    """What a host has learned so far, and where it is told what is heard now.

    Attributes:
        library: What was learned and nobody refused.
        calls_heard: Of how many calls.
        min_calls: A piece is learned when so many calls play it.
        hand_over: File that the fingerprints of this call are written to.
    """

    library: LearnedLibrary
    calls_heard: int
    min_calls: int
    hand_over: Path


class IvrFinding:
    """Landmark fingerprints for known audio, Goertzel for keys, held notes for other music, voice activity.

    It hears the original recording: enhancement would suppress the music that it looks for.

    Args:
        library: Known prompts and hold music.
        dead_air_s: Nobody speaks, and nothing known plays, for this long.
    """

    def __init__(self, library: FingerprintLibrary, dead_air_s: float) -> None:
        self._library = library
        self._dead_air_ms = round(dead_air_s * 1000)
        self.engine = Engine(name="landmarks", version="7", device="cpu", weights_sha256=library.sha256)
        self.tuning: list[float | str] = [dead_air_s]

    def run(self, head: Head, recording: Recording, learning: Learning | None = None) -> IvrResult:
        """Finds all segments of all channels, and cuts out prompts and hold music.

        A known piece is no segment where somebody speaks over it on its own channel, and is not cut where
        somebody speaks on another. Dead air and keys stay: cutting them saves nothing, because recognition
        skips silence.

        Args:
            head: Of the result.
            recording: What is heard.
            learning: None where the host learns nothing.
        """
        channels = [_Channel(recording, channel, self._library, learning) for channel in recording.channels]
        speech = [channel.speech for channel in channels]
        plays = [segment for channel in channels for heard in channel.known for segment in _segments(heard)]
        music = [s for one in channels for heard in one.learned_music for s in _segments(heard)]
        keyed = [segment for channel in recording.channels for segment in _keyed(recording, channel)]
        sounds = _sounds(recording, speech, [play for play in plays if play not in music], keyed)
        sounds = [part for sound in sounds for part in _beside(sound, music)]
        plays += [segment for segment in sounds if segment.kind is SegmentKind.HOLD_MUSIC]
        busy = [*plays, *sounds, *keyed, *(span for spans in speech for span in spans)]
        silence = timeline.without([recording.whole], busy)
        dead_air = [_dead_air(s) for s in silence if timeline.length_ms(s) >= self._dead_air_ms]
        unknown = [segment for segment in sounds if segment.kind is SegmentKind.UNKNOWN_AUDIO]
        segments = sorted([*plays, *unknown, *keyed, *dead_air], key=lambda s: (s.start_ms, s.channel or 0))
        if learning:
            write_hearing(learning.hand_over, [one.handed_over for one in channels if one.handed_over])
        kept = _kept(recording, plays)
        return IvrResult(**head, segments=segments, kept=kept, library=self._library_used(learning))

    def _library_used(self, learning: Learning | None) -> PromptLibrary:
        given = len(self._library.pieces)
        if learning is None:
            return PromptLibrary(given=given)
        return PromptLibrary(
            given=given,
            learned=len(learning.library.pieces),
            calls_heard=learning.calls_heard,
            confidence=learned_confidence(learning.calls_heard, learning.min_calls),
        )


class _Channel:
    """Listens to one channel: for the given library, for what was learned, and for speech."""

    def __init__(
        self, recording: Recording, channel: int, library: FingerprintLibrary, learning: Learning | None
    ) -> None:
        peaks = peaks_of(recording, channel)
        given = known_on(library, recording, channel, peaks)
        self.known = given
        self.learned_music: list[Heard] = []
        self.handed_over: HeardChannel | None = None
        if learning is None:
            self.speech = _speech(recording, channel, given)
            return
        profile = profile_of(recording, channel)
        taken = [heard.span for heard in given]
        plays = [
            _as_music(recording, heard) if heard.piece.kind is SegmentKind.HOLD_MUSIC else heard
            for heard in learned_on(learning.library, channel, peaks, profile, taken)
        ]
        learned = to_pauses(recording, plays)
        self.learned_music = [heard for heard in learned if heard.piece.kind is SegmentKind.HOLD_MUSIC]
        self.known = sorted([*given, *learned], key=lambda heard: heard.play.start_ms)
        self.speech = _speech(recording, channel, self.known)
        self.handed_over = heard_channel(peaks, profile, taken, self.speech)


def _as_music(recording: Recording, heard: Heard) -> Heard:
    """Learned music, with only voices over it: music is like itself at many places, and unlike in part."""
    over = speech_spans(recording, heard.channel, [heard.span])
    voices = timeline.within(over, heard.play.spoken_over)
    return replace(heard, play=replace(heard.play, spoken_over=voices))


def _beside(sound: Segment, music: Sequence[Segment]) -> list[Segment]:
    """What of a sound is no learned music: both are told of a whole hold, of which parts were learned."""
    own = [play for play in music if play.channel == sound.channel]
    left = timeline.without([Span(start_ms=sound.start_ms, end_ms=sound.end_ms)], own)
    return [sound.model_copy(update={"start_ms": s.start_ms, "end_ms": s.end_ms}) for s in left]


def _sounds(
    recording: Recording, speech: Sequence[Sequence[Span]], plays: Sequence[Segment], keyed: Sequence[Segment]
) -> list[Segment]:
    """Music and other loud sound that no library knows, where nobody speaks on a channel."""
    level_db = speech_level_db(recording, speech)
    found: list[Segment] = []
    for channel, spoken in enumerate(speech):
        own = [segment for segment in [*plays, *keyed] if segment.channel == channel]
        heard = sounding(recording, channel, timeline.without([recording.whole], [*spoken, *own]), level_db)
        found += [_sound(span, SegmentKind.HOLD_MUSIC, channel) for span in heard.music]
        found += [_sound(span, SegmentKind.UNKNOWN_AUDIO, channel) for span in heard.loud]
    return found


def _sound(span: Span, kind: SegmentKind, channel: int) -> Segment:
    return Segment(
        start_ms=span.start_ms, end_ms=span.end_ms, kind=kind, confidence=_BY_SOUND, channel=channel
    )


def _segments(heard: Heard) -> list[Segment]:
    return [
        Segment(
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            kind=heard.piece.kind,
            confidence=heard.confidence,
            label=heard.piece.name,
            channel=heard.channel,
        )
        for span in timeline.without([heard.span], heard.play.spoken_over)
        if timeline.length_ms(span) >= SHORTEST_KNOWN_MS
    ]


def _speech(recording: Recording, channel: int, known: Sequence[Heard]) -> list[Span]:
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
