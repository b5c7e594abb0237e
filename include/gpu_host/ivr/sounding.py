"""What plays where nobody speaks, by its sound alone: music that no library knows, and other loud sound.

Music holds its notes: peaks of its spectrum stay for a tenth of a second, as those of speech and noise do
not, and change after some seconds, as those of a hum do not.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples, level_db

WINDOW_MS = 3000
_FRAME, _HOP = 1024, 512  # 64 ms, every 32 ms
# The telephone's band, above the mains' hum.
_LOWEST_BIN, _HIGHEST_BIN = 150 * _FRAME // SAMPLE_RATE_HZ, 3400 * _FRAME // SAMPLE_RATE_HZ
_PEAK_DB = 8.0
_AROUND_BINS = 21
# A note: the peak is there in so many frames one after the other (130 ms).
_HELD_FRAMES = 4
# The share of a window's energy in notes: 0.4 to 0.97 in hold music, 0 to 0.24 in speech, 0 in noise.
_MUSIC_ABOVE = 0.3
# The share of it in peaks that are there all the time: 0 to 0.47 in music, from 0.5 on in two hums.
_HUM_ABOVE = 0.48
_ALL_THE_TIME = 0.8
_SILENT_DB = -50.0
# Loud is what is about as loud as speech; room and line are softer.
_BELOW_SPEECH_DB = 12.0
# A pause in the music, or a part of it that is all drums, is within it.
_BRIDGED_MS = 2 * WINDOW_MS
_SHORTEST_MS = 2 * WINDOW_MS
_TINY = 1e-12


class Sounding:
    """What was found on one channel, in order, disjoint."""

    def __init__(self, music: list[Span], loud: list[Span]) -> None:
        self.music = music
        self.loud = loud


def sounding(recording: Recording, channel: int, silent: Sequence[Span], speech_db: float | None) -> Sounding:
    """Listens where nobody speaks.

    Args:
        recording: What is heard.
        channel: Which channel of it.
        silent: Where nobody speaks on it, and nothing known plays.
        speech_db: How loud speech is in the call; None when there is none.
    """
    music: list[Span] = []
    loud: list[Span] = []
    for span in silent:
        windows = _windows(span)
        if not windows:
            continue
        kinds = [_kind(recording.heard(channel, [window]), speech_db) for window in windows]
        plays = [window for window, (is_music, _) in zip(windows, kinds, strict=True) if is_music]
        whole = [s for s in timeline.joined(plays, _BRIDGED_MS) if timeline.length_ms(s) >= _SHORTEST_MS]
        sounds = [window for window, (_, is_loud) in zip(windows, kinds, strict=True) if is_loud]
        music += whole
        loud += timeline.without(timeline.joined(sounds), whole)
    return Sounding(music, [s for s in loud if timeline.length_ms(s) >= _SHORTEST_MS])


def speech_level_db(recording: Recording, speech: Sequence[Sequence[Span]]) -> float | None:
    """How loud the louder half of all speech is, in dBFS; None where nobody speaks."""
    levels = [
        level_db(recording.heard(channel, [span])) for channel, spans in enumerate(speech) for span in spans
    ]
    return float(np.percentile(levels, 75)) if levels else None


def _windows(span: Span) -> list[Span]:
    """Parts of about `WINDOW_MS` that fill a span; none of one that is shorter."""
    count = timeline.length_ms(span) // WINDOW_MS
    edges = np.linspace(span.start_ms, span.end_ms, max(1, count) + 1).round().astype(int)
    return [Span(start_ms=int(a), end_ms=int(b)) for a, b in pairwise(edges)] if count else []


def _kind(samples: Samples, speech_db: float | None) -> tuple[bool, bool]:
    """Whether a window is music, and whether it is loud."""
    loudness_db = level_db(samples)
    if loudness_db < _SILENT_DB:
        return False, False
    power = _power(samples)
    notes = _notes(power)
    held = float(np.median((power * notes).sum(axis=1) / power.sum(axis=1)))
    always = notes.mean(axis=0) > _ALL_THE_TIME
    hum = float((power * notes * always).sum() / max(_TINY, (power * notes).sum()))
    is_music = held > _MUSIC_ABOVE and hum < _HUM_ABOVE
    return is_music, speech_db is not None and loudness_db > speech_db - _BELOW_SPEECH_DB


def _power(samples: Samples) -> NDArray[np.float64]:
    """Shape (frames, bins) of the telephone's band."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP] * np.hanning(_FRAME)
    return np.asarray(np.abs(np.fft.rfft(frames)[:, _LOWEST_BIN:_HIGHEST_BIN]) ** 2 + _TINY)


def _notes(power: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which bins hold a note, or lie beside one."""
    level = 10 * np.log10(power)
    above = level - median_filter(level, size=(1, _AROUND_BINS))
    peaks = (level >= maximum_filter1d(level, 3, axis=1)) & (above > _PEAK_DB)
    near = maximum_filter1d(peaks.astype(np.uint8), 3, axis=1) > 0
    notes = peaks.copy()
    for later in range(1, _HELD_FRAMES + 1):
        follows = np.zeros_like(near)
        follows[:-later] = near[later:]
        # The last frames go by what the first of their note did.
        follows[-later:] = near[-later:]
        notes &= follows
    return np.asarray(maximum_filter1d(notes.astype(np.uint8), 3, axis=1) > 0)
