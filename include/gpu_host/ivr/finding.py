"""What is not conversation (known prompts, hold music, DTMF, dead air) and the conversation that remains."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.gpu.wire import Engine, Segment, SegmentKind, Span
from include.gpu_host import timeline
from include.gpu_host.audio import Recording, Samples, decode
from include.gpu_host.engines import dtmf
from include.gpu_host.engines.fingerprints import MIN_VOTES, FingerprintLibrary, KnownAudio
from include.gpu_host.speech import speech_spans

_KIND_OF_FOLDER = {"prompts": SegmentKind.PROMPT, "hold-music": SegmentKind.HOLD_MUSIC}
_AUDIO_SUFFIXES = {".wav", ".mp3", ".ogg", ".opus", ".flac", ".gsm", ".m4a", ".wma"}
_LONGEST_KNOWN_S = 3600.0
# A stretch of conversation between two cuts that is shorter than this is the seam of two prompts, not speech.
_SHORTEST_KEPT_MS = 250


@dataclass(frozen=True)
class Findings:
    """Segments in order of start, and the conversation: spans in order, disjoint."""

    segments: list[Segment]
    kept: list[Span]


class IvrEngine:
    """Landmark fingerprints for known audio, Goertzel for DTMF, voice activity for dead air.

    It hears the original recording: enhancement would suppress the music that it looks for.

    Args:
        prompts_dir: Folder with `prompts` and `hold-music`; None when no audio is known.
        dead_air_s: Nobody speaks, and nothing known plays, for this long.
    """

    def __init__(self, prompts_dir: Path | None, dead_air_s: float) -> None:
        self._library = FingerprintLibrary(list(_known_audio(prompts_dir)) if prompts_dir else [])
        self._dead_air_ms = round(dead_air_s * 1000)
        self.engine = Engine(name="landmarks", version="1", device="cpu", weights_sha256=self._library.sha256)

    def find(self, recording: Recording) -> Findings:
        """Finds all segments of all channels, and cuts out prompts and hold music."""
        duration_ms = round(recording.duration_s * 1000)
        known = [
            s for n, channel in enumerate(recording.samples) for s in self._known(channel, n, duration_ms)
        ]
        keyed = [s for n, channel in enumerate(recording.samples) for s in _keyed(channel, n)]
        speech = [speech_spans(channel) for channel in recording.samples]
        everything = [*known, *keyed, *(span for spans in speech for span in spans)]
        silence = timeline.without([Span(start_ms=0, end_ms=duration_ms)], everything)
        dead_air = [_dead_air(span) for span in silence if timeline.length_ms(span) >= self._dead_air_ms]
        segments = sorted([*known, *keyed, *dead_air], key=lambda s: (s.start_ms, s.channel or 0))
        return Findings(segments, _kept(_conversations(known, speech), known, duration_ms))

    def _known(self, samples: Samples, channel: int, duration_ms: int) -> list[Segment]:
        return [
            Segment(
                start_ms=match.start_ms,
                end_ms=min(match.end_ms, duration_ms),
                kind=match.kind,
                confidence=_confidence(match.votes),
                label=match.name,
                channel=channel,
            )
            for match in self._library.matches(samples)
            if match.start_ms < duration_ms
        ]


def _conversations(known: list[Segment], speech: list[list[Span]]) -> list[list[Span]]:
    """Each channel's speech that is no prompt; what sticks out beside a prompt is the detector's margin."""
    left = [timeline.without(on, (s for s in known if s.channel == n)) for n, on in enumerate(speech)]
    return [[span for span in on if timeline.length_ms(span) >= _SHORTEST_KEPT_MS] for on in left]


def _kept(conversations: list[list[Span]], known: list[Segment], duration_ms: int) -> list[Span]:
    """The recording without known audio.

    Where a prompt or music plays on one channel while somebody speaks on another, the conversation wins. Dead
    air and DTMF stay: cutting them saves nothing, because recognition skips silence.
    """
    cuts = [
        span
        for segment in known
        for span in timeline.without([segment], _others(conversations, segment.channel))
    ]
    whole = [Span(start_ms=0, end_ms=duration_ms)]
    left = timeline.without(whole, timeline.joined(cuts))
    return [span for span in left if timeline.length_ms(span) >= _SHORTEST_KEPT_MS]


def _others(conversations: list[list[Span]], channel: int | None) -> list[Span]:
    return [span for n, on in enumerate(conversations) if n != channel for span in on]


def _keyed(samples: Samples, channel: int) -> list[Segment]:
    return [
        Segment(
            start_ms=entry.start_ms,
            end_ms=entry.end_ms,
            kind=SegmentKind.DTMF,
            confidence=1.0,
            label=entry.digits,
            channel=channel,
        )
        for entry in dtmf.entries(samples)
    ]


def _dead_air(span: Span) -> Segment:
    return Segment(start_ms=span.start_ms, end_ms=span.end_ms, kind=SegmentKind.DEAD_AIR, confidence=1.0)


def _confidence(votes: int) -> float:
    """Chance agreement halves with every further threshold's worth of votes."""
    return round(1 - math.exp2(-votes / MIN_VOTES), 3)


def _known_audio(folder: Path) -> Iterator[KnownAudio]:
    """Reads the library; many channels are averaged, because a prompt is the same on all."""
    for name, kind in _KIND_OF_FOLDER.items():
        for path in sorted((folder / name).rglob("*")):
            if path.suffix.lower() in _AUDIO_SUFFIXES:
                samples = decode(path, _LONGEST_KNOWN_S).samples.mean(axis=0)
                yield KnownAudio(path.stem, kind, samples)
