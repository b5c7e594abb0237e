"""Lays the plays of one piece in several calls over each other, and cuts out the best copy."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from include.gpu.wire import SegmentKind, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Pcm, Recording, resampled
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.ivr.alignment import Play, listen
from include.gpu_host.ivr.landmarks import FFT, RATE_HZ, as_float, narrow_pcm

# Of each candidate so many plays are laid over each other, and so many of them may be the copy.
_COMPARED = 6
_COPIES = 2
# A play is followed this far beyond what is sure; farther where it goes on.
_REACHES_S = (10, 60, 300)
_SHORTEST_MS = 1200
# A play that is so much like the copy is the same recording.
_LEAST_EXPLAINED = 0.5
# Ringing, busy and other tones: nearly all their power lies in few bands.
_TONE_BANDS = 8
_TONE_SHARE = 0.95
_SPEECH_SHARE = 0.3


@dataclass(frozen=True)
class Heard:
    """A play of a candidate, in samples at 8 kHz of a channel: what is sure, and where it would begin."""

    call: int
    channel: int
    first: int
    last: int
    begins: int
    votes: int


@dataclass(frozen=True)
class Copy:
    """A piece that was cut out of a call."""

    samples: Pcm
    call: int
    start_ms: int


def best_copy(plays: Sequence[Heard], opened: Callable[[int], Recording], min_calls: int) -> Copy | None:
    """The best copy of a piece, from where to where enough of its plays agree.

    Args:
        plays: One of each call, the surest first.
        opened: Decodes a call.
        min_calls: So many must agree, of the surest few.

    Returns:
        None when they do not: what was played is alike, and not the same.
    """
    compared = [(heard, opened(heard.call)) for heard in plays[:_COMPARED]]
    copies = [_copy(heard, compared, min_calls) for heard, _ in compared[:_COPIES]]
    best = max((copy for copy in copies if copy), key=lambda copy: copy[1], default=None)
    if best is None or timeline.length_ms(best[0]) < _SHORTEST_MS:
        return None
    span, _, heard = best
    recording = next(r for h, r in compared if h is heard)
    start, end = span.start_ms * RATE_HZ // 1000, span.end_ms * RATE_HZ // 1000
    return Copy(narrow_pcm(recording, heard.channel, start, end), heard.call, span.start_ms)


def is_tone(samples: Pcm) -> bool:
    """Whether nearly all the power of a piece at 8 kHz lies in few bands: ringing, busy, a key, hum."""
    windows = np.lib.stride_tricks.sliding_window_view(as_float(samples), FFT)[:: FFT // 2]
    powers = np.square(np.abs(np.fft.rfft(windows * np.hanning(FFT)))).sum(axis=0)
    return bool(np.sort(powers)[-_TONE_BANDS:].sum() > _TONE_SHARE * powers.sum())


def kind_of(samples: Pcm) -> SegmentKind:
    """A prompt speaks; music hardly does, to a network that knows speech."""
    recording = Recording.of(resampled(as_float(samples), RATE_HZ, SAMPLE_RATE_HZ)[None])
    spoken_ms = timeline.total_ms(speech_spans(recording, 0))
    is_prompt = spoken_ms > _SPEECH_SHARE * recording.whole.end_ms
    return SegmentKind.PROMPT if is_prompt else SegmentKind.HOLD_MUSIC


def name_of(samples: Pcm) -> str:
    """A name that the same samples get again."""
    return f"heard-{sha256(samples.tobytes()).hexdigest()[:8]}"


def _copy(
    heard: Heard, compared: Sequence[tuple[Heard, Recording]], min_calls: int
) -> tuple[Span, float, Heard] | None:
    """Of one play, the stretch that enough others share, and how good a copy it is (higher is better)."""
    recording = next(r for h, r in compared if h is heard)
    zero = max(0, heard.first - _REACHES_S[-1] * RATE_HZ)
    around = narrow_pcm(recording, heard.channel, zero, heard.last + _REACHES_S[-1] * RATE_HZ)
    plays = [
        (play, begins)
        for other, there in compared
        if other is not heard
        for play, begins in _laid_over(around, zero, heard, other, there)
    ]
    need = min(min_calls, len(compared)) - 1
    if len(plays) < need:
        return None
    shift_ms = zero * 1000 // RATE_HZ
    starts = sorted(play.start_ms - begins for play, begins in plays)
    ends = sorted((play.end_ms - begins for play, begins in plays), reverse=True)
    start_ms, end_ms = starts[need - 1] + shift_ms, min(ends[need - 1] + shift_ms, recording.whole.end_ms)
    if end_ms <= start_ms:
        return None
    # Somebody who speaks over this copy is heard over every other.
    spoken_ms = np.median([timeline.total_ms(play.spoken_over) for play, _ in plays])
    alike = np.mean([play.explained for play, _ in plays])
    span = Span(start_ms=max(0, start_ms), end_ms=end_ms)
    return span, float(timeline.length_ms(span) * alike - 3 * spoken_ms), heard


def _laid_over(
    around: Pcm, zero: int, heard: Heard, other: Heard, there: Recording
) -> Iterator[tuple[Play, int]]:
    """One play of `around` on another call, and where `around` would begin there, in ms."""
    begins = other.begins - heard.begins + zero
    first, last = max(heard.first, other.first - begins + zero), min(heard.last, other.last - begins + zero)
    if last - first < RATE_HZ // 4:
        return
    shift_ms = (zero - begins) * 1000 // RATE_HZ
    for reach_s in _REACHES_S:
        play = listen(
            there,
            other.channel,
            around,
            begins=begins,
            first=first - zero,
            last=last - zero,
            reach_s=reach_s,
        )
        if play is None or play.explained < _LEAST_EXPLAINED:
            return
        # In ms of the copy's call.
        before_ms = first * 1000 // RATE_HZ - (play.start_ms + shift_ms)
        after_ms = play.end_ms + shift_ms - last * 1000 // RATE_HZ
        reached_ms = max(before_ms, after_ms)
        if reached_ms < (reach_s - 1) * 1000 or reach_s == _REACHES_S[-1]:
            yield play, begins * 1000 // RATE_HZ
            return
