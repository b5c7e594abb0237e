"""Log mel spectra as Kaldi computes them, which speaker embeddings are trained on."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples

FRAME = 400  # 25 ms
HOP = 160  # 10 ms
_FFT = 512
_LOWEST_HZ = 20.0
_PREEMPHASIS = 0.97
_FLOOR = np.finfo(np.float32).eps


def log_mel(samples: Samples, bins: int) -> NDArray[np.float32]:
    """Shape (frames, bins) of 16 kHz samples of shape (n,); no dither, so that the same sound is the same."""
    if len(samples) < FRAME:
        return np.zeros((0, bins), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP].astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    windowed = (frames - _PREEMPHASIS * before) * _window()
    power = np.abs(np.fft.rfft(windowed, _FFT)).astype(np.float32) ** 2
    return np.asarray(np.log(np.maximum(power @ _mel_bank(bins), _FLOOR)), dtype=np.float32)


@cache
def _window() -> NDArray[np.float32]:
    """Povey's: Hann's to the power of 0.85."""
    return (np.hanning(FRAME) ** 0.85).astype(np.float32)


@cache
def _mel_bank(bins: int) -> NDArray[np.float32]:
    """Triangles in mel between 20 Hz and half the sample rate; shape (257, bins)."""
    mel = _mel(np.arange(_FFT // 2 + 1) * SAMPLE_RATE_HZ / _FFT)
    edges = np.linspace(_mel(np.array(_LOWEST_HZ)), _mel(np.array(SAMPLE_RATE_HZ / 2)), bins + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (mel[:, None] - left) / (centre - left)
    falling = (right - mel[:, None]) / (right - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    bank[-1] = 0.0  # Kaldi leaves the Nyquist frequency out
    return bank.astype(np.float32)


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(hz / 700.0))
