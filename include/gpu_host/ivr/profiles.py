"""Profiles: how loud a channel is in some bands, frame by frame, in the frames of landmarks.

A profile tells from when to when a learned piece plays, and where something else sounds over it. It holds
less than a tenth of what a recording does: no phase, and a band as wide as a third of an octave.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.ivr.landmarks import FFT, HOP, RATE_HZ, narrow

BANDS = 18
_LOWEST_HZ, _HIGHEST_HZ = 250.0, 3400.0
# One step of a level is half a decibel; 0 is 110 dB below full scale.
_STEP_DB, _FLOOR_DB = 0.5, -110.0
_BLOCK_FRAMES = 4096
_TAPER = np.hanning(FFT).astype(np.float32)

# Below its loud frames by this, a piece is silent.
_ACTIVE_DB = 30.0
# A band of a frame that is off by less than this is alike; other sound is off by ten decibels and more.
_ALIKE_DB = 5.0
_SMOOTH_FRAMES = 15
_MOSTLY, _SURELY = 0.55, 0.75
# Something sounds over a piece: so many bands are louder than it, and than the line, by so much.
_OVER_DB, _OVER_BANDS, _ABOVE_LINE_DB = 7.0, 4, 8.0
_OVER_FRAMES = 7

Profile = NDArray[np.uint8]


@dataclass(frozen=True)
class Laid:
    """A piece laid over a channel.

    Attributes:
        alike: Which frames of the piece sound so on the channel.
        surely: Which of them sound so even where nothing else says that the piece plays.
        over: In which of them something else sounds as well.
        active: In which of them the piece sounds.
        levels: The channel there, with the line's gain taken off; shape (frames, `BANDS`), in steps.
    """

    alike: NDArray[np.bool_]
    surely: NDArray[np.bool_]
    over: NDArray[np.bool_]
    active: NDArray[np.bool_]
    levels: NDArray[np.float32]


def profile_of(recording: Recording, channel: int) -> Profile:
    """The profile of one channel, shape (frames, `BANDS`), a frame every `landmarks.HOP` samples at 8 kHz."""
    length = recording.frames * RATE_HZ // SAMPLE_RATE_HZ
    total = (length + FFT // 2) // HOP + 1
    blocks = [
        _levels(
            narrow(
                recording,
                channel,
                start * HOP - FFT // 2,
                min(total, start + _BLOCK_FRAMES) * HOP + FFT // 2 - HOP,
            )
        )
        for start in range(0, total, _BLOCK_FRAMES)
    ]
    return np.concatenate(blocks)


def _levels(samples: NDArray[np.float32]) -> Profile:
    windows = np.lib.stride_tricks.sliding_window_view(samples, FFT)[::HOP]
    power = np.square(np.abs(np.fft.rfft(windows * _TAPER))).astype(np.float32) / np.float32((FFT / 4) ** 2)
    edges = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, BANDS + 1) * FFT / RATE_HZ
    bins = np.round(edges).astype(int)
    bands = np.add.reduceat(power[:, : bins[-1]], bins[:-1], axis=1)
    level_db = 10 * np.log10(bands + 1e-12)
    return np.clip(np.rint((level_db - _FLOOR_DB) / _STEP_DB), 0, 255).astype(np.uint8)


def _line_of(heard: Profile) -> NDArray[np.float32]:
    """The noise of a line in each band: what its channel has in its soft frames."""
    return np.asarray(np.percentile(heard, 10, axis=0), dtype=np.float32)


def laid_over(piece: Profile, heard: Profile, offset: int, sure: tuple[int, int]) -> Laid:
    """Compares a piece with a channel, frame by frame.

    Args:
        piece: Its profile.
        heard: The channel's.
        offset: Frame of the channel at which the piece begins; may be below 0.
        sure: First and last frame of the piece that surely plays: the line's gain is measured there.
    """
    frames = np.arange(len(piece)) + offset
    inside = (frames >= 0) & (frames < len(heard))
    there = heard[np.clip(frames, 0, max(0, len(heard) - 1))].astype(np.float32)
    own = piece.astype(np.float32)
    loud = np.percentile(own.max(axis=1), 90) if len(own) else 0.0
    sounds = own > loud - _ACTIVE_DB / _STEP_DB
    here = slice(sure[0], sure[1] + 1)
    gain, line = _gain(own[here], there[here], sounds[here]), _line_of(heard)
    expected = np.maximum(own + gain, line)
    off = there - expected
    # What lies below the line's noise says nothing.
    audible = sounds & (own + gain > line + 3 / _STEP_DB)
    close = (np.abs(off) < _ALIKE_DB / _STEP_DB) & audible
    share = _smooth(close.sum(axis=1)) / np.maximum(_smooth(audible.sum(axis=1)), 0.5)
    active = inside & (_smooth(np.asarray(audible.any(axis=1))) > 0.3)
    louder = (off > _OVER_DB / _STEP_DB) & (there > line + _ABOVE_LINE_DB / _STEP_DB)
    over = _smooth(np.asarray(louder.sum(axis=1) >= _OVER_BANDS), _OVER_FRAMES) > 0.5
    active_here = inside & active
    alike, surely = (active_here & (share > least) for least in (_MOSTLY, _SURELY))
    return Laid(alike, surely, over & inside, active, there - gain)


def improved(piece: Profile, laid: Laid) -> Profile:
    """A piece after one more play of it: where it was louder than this play, something else was in it."""
    own = piece.astype(np.float32)
    extra = ((own - laid.levels) > _OVER_DB / _STEP_DB).sum(axis=1) >= _OVER_BANDS
    cleaner = _smooth(extra, _OVER_FRAMES) > 0.5
    alike = (np.abs(own - laid.levels) < _ALIKE_DB / _STEP_DB) & laid.alike[:, None]
    better = np.where(alike, 0.75 * own + 0.25 * laid.levels, own)
    better = np.where(cleaner[:, None], laid.levels, better)
    return np.clip(np.rint(better), 0, 255).astype(np.uint8)


def _gain(
    own: NDArray[np.float32], there: NDArray[np.float32], sounds: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What the line does to each band; to bands in which the piece hardly sounds, what it does to all."""
    if not sounds.any():
        return np.zeros(BANDS, np.float32)
    of_all = float(np.median((there - own)[sounds]))
    gains = [
        float(np.median((there - own)[:, band][sounds[:, band]])) if sounds[:, band].sum() >= 10 else of_all
        for band in range(BANDS)
    ]
    return np.asarray(np.clip(gains, of_all - 20, of_all + 20), dtype=np.float32)


def _smooth(values: NDArray[Any], frames: int = _SMOOTH_FRAMES) -> NDArray[np.float32]:
    return np.asarray(uniform_filter1d(values.astype(np.float32), frames), dtype=np.float32)
