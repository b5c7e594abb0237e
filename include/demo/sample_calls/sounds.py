"""What is heard beside voices and music: keys, the beep, noise, and the telephone line itself."""

import io
from collections.abc import Sequence

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from include.demo.sample_calls.voices import RATE_HZ, Samples

_DTMF_LOW_HZ = (697, 770, 852, 941)
_DTMF_HIGH_HZ = (1209, 1336, 1477)
_DTMF_ROWS = ("123", "456", "789", "*0#")
_BABBLERS = 6


def keys(digits: str) -> Samples:
    """DTMF tones (ITU-T Q.23), 120 ms each with 90 ms between them."""
    pressed = []
    for digit in digits:
        row = next(n for n, keys_of_row in enumerate(_DTMF_ROWS) if digit in keys_of_row)
        column = _DTMF_ROWS[row].index(digit)
        pressed += [0.2 * (tone(_DTMF_LOW_HZ[row], 0.12) + tone(_DTMF_HIGH_HZ[column], 0.12)), silence(0.09)]
    return np.concatenate(pressed)


def tone(frequency_hz: float, length_s: float) -> Samples:
    """A sine of amplitude 1."""
    times_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    return np.sin(2 * np.pi * frequency_hz * times_s).astype(np.float32)


def silence(length_s: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(length_s * RATE_HZ), dtype=np.float32)


def noise(kind: str, length: int, spoken: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Noise, at any level.

    Args:
        kind: `line` (hiss that falls with frequency), `hum` (mains and its harmonics), or `babble`.
        length: In samples.
        spoken: What babble is made of: played backwards, so that no word of it is a word.
        rng: Where hiss and babble take their chance from.
    """
    if kind == "line":
        spectrum = np.fft.rfft(rng.standard_normal(length))
        spectrum[1:] /= np.arange(1, len(spectrum)) ** 0.25
        return np.asarray(np.fft.irfft(spectrum, length), dtype=np.float32)
    if kind == "hum":
        hum = sum(tone(60 * n, length / RATE_HZ + 1)[:length] / n**0.5 for n in range(3, 20, 2))
        return np.asarray(hum + 0.4 * rng.standard_normal(length), dtype=np.float32)
    backwards = np.concatenate(spoken)[::-1]
    looped = np.tile(backwards, length // len(backwards) + 2)
    starts = rng.integers(0, len(backwards), _BABBLERS)
    return np.asarray(sum(looped[start : start + length] for start in starts), dtype=np.float32)


def levelled(samples: Samples, level_dbfs: float) -> Samples:
    """Brings the mean power of the samples to a level."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return np.asarray(samples * np.sqrt(10 ** (level_dbfs / 10) / power), dtype=np.float32)


def over_the_phone(samples: Samples) -> Samples:
    """What a telephone line leaves of one channel: 300 to 3400 Hz, through G.711 mu-law."""
    band = butter(4, (300, 3400), btype="bandpass", fs=RATE_HZ, output="sos")
    line = io.BytesIO()
    soundfile.write(line, np.clip(sosfilt(band, samples), -1, 1), RATE_HZ, format="AU", subtype="ULAW")
    line.seek(0)
    return np.asarray(soundfile.read(line, dtype="float32")[0])
