"""The gate before recognition: a channel is enhanced only where recognition gains by it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import ChannelQuality, DenoiseResult, Engine
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording, Samples, write_flac
from include.gpu_host.audio.speech import FRAME_MS, FRAME_SAMPLES, speech_probabilities
from include.gpu_host.engines.protocol import Denoiser
from include.gpu_host.stages.job import Head

_SPEECH_ABOVE = 0.5
_NOISE_BELOW = 0.1
# Noise is measured in the pauses of the speech: frames within a second of it.
_NEAR_FRAMES = 1000 // FRAME_MS
# Frames beside speech still carry its beginning and its reverberation.
_GUARD_FRAMES = 100 // FRAME_MS
# Noise goes on under everything; music, prompts, DTMF and other voices come on top of it, and go. So its
# level is what the quietest quarter of the pauses reaches.
_NOISE_PERCENTILE = 25
# Fewer frames of pause than half a second say nothing.
_LEAST_PAUSE_FRAMES = 500 // FRAME_MS
# Tones and music put their power on few frequencies. The flatness of white noise is 0.56, of the café and the
# street in a telephone's band above 0.2, of hold music mostly below 0.1.
_FLATNESS_ABOVE = 0.15
_BAND_HZ = (300, 3400)
_LOWEST_POWER = 1e-12
_HIGHEST_SNR_DB = 60.0
# A whole number of frames.
_BLOCK_S = 1000 * FRAME_SAMPLES / SAMPLE_RATE_HZ


class Denoising:
    """Measures each channel, and has the noisy ones enhanced for recognition.

    Args:
        engine: Loaded.
        below_snr_db: Channels with a lower SNR are enhanced; None for what was measured for the engine.
    """

    def __init__(self, engine: Denoiser, below_snr_db: float | None) -> None:
        self._denoiser = engine
        self._below_snr_db = engine.gains_below_snr_db if below_snr_db is None else below_snr_db
        self.engine: Engine = engine.engine
        self.tuning: list[float | str] = ["never" if self._below_snr_db is None else self._below_snr_db]

    def run(self, head: Head, recording: Recording, draft: Path) -> DenoiseResult:
        """Decides channel by channel.

        Args:
            head: What the result begins with.
            recording: The original.
            draft: Where the recording goes, its noisy channels enhanced; not written when all are left alone.
        """
        channels = [self._judged(channel, snr_db(recording, channel)) for channel in recording.channels]
        noisy = [quality.channel for quality in channels if quality.applied]
        if noisy:
            write_flac(draft, [self._heard(recording, channel, noisy) for channel in recording.channels])
        return DenoiseResult(
            **head,
            applied=bool(noisy),
            reason=self._reason(channels),
            snr_db=min((q.snr_db for q in channels if q.snr_db is not None), default=None),
            channels=channels,
        )

    def write_enhanced(self, recording: Recording, draft: Path) -> None:
        """Writes every channel enhanced, for a person to listen to."""
        write_flac(draft, [self._heard(recording, n, recording.channels) for n in recording.channels])

    def _judged(self, channel: int, measured_db: float | None) -> ChannelQuality:
        below_db = self._below_snr_db
        applied = measured_db is not None and below_db is not None and measured_db < below_db
        return ChannelQuality(channel=channel, snr_db=measured_db, applied=applied)

    def _heard(self, recording: Recording, channel: int, enhanced: Sequence[int]) -> Iterator[Samples]:
        blocks = recording.blocks(channel)
        return self._denoiser.enhance(blocks) if channel in enhanced else blocks

    def _reason(self, channels: Sequence[ChannelQuality]) -> str:
        if self._below_snr_db is None:
            return f"Recognition loses words by {self.engine.name}, which is for listening: left as it is."
        noisy = [quality for quality in channels if quality.applied]
        if noisy:
            listed = ", ".join(f"{q.channel} ({q.snr_db:.1f} dB)" for q in noisy)
            return (
                f"The SNR is below {self._below_snr_db:g} dB on channel {listed}: enhanced for recognition."
            )
        known_db = [quality.snr_db for quality in channels if quality.snr_db is not None]
        if not known_db:
            return "No speech with pauses was found to measure the noise by: left as it is."
        return f"The SNR of {min(known_db):.1f} dB is not below {self._below_snr_db:g} dB: left as it is."


def snr_db(recording: Recording, channel: int) -> float | None:
    """Estimates the SNR of one channel: power in speech frames against power of the noise in its pauses.

    Speech frames hold speech and noise, so the noise power is taken off before the ratio. None without speech
    or without pauses to hear the noise in.
    """
    probability = speech_probabilities(recording, channel)
    speech = probability > _SPEECH_ABOVE
    power, flatness = _power_and_flatness(recording, channel)
    pause = _within(speech, _NEAR_FRAMES) & ~_within(speech, _GUARD_FRAMES) & (probability < _NOISE_BELOW)
    # Digital silence has no spectrum to be flat.
    noise = pause & ((flatness > _FLATNESS_ABOVE) | (power < _LOWEST_POWER))
    if not speech.any() or noise.sum() < _LEAST_PAUSE_FRAMES:
        return None
    noise_power = max(float(np.percentile(power[noise], _NOISE_PERCENTILE)), _LOWEST_POWER)
    speech_power = max(float(np.mean(power[speech])) - noise_power, _LOWEST_POWER)
    return round(min(10 * float(np.log10(speech_power / noise_power)), _HIGHEST_SNR_DB), 1)


def _power_and_flatness(
    recording: Recording, channel: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean power, and flatness of the spectrum (its geometric by its arithmetic mean), frame by frame."""
    powers, flatnesses = [np.zeros(0)], [np.zeros(0)]
    window = np.hanning(FRAME_SAMPLES)
    first, last = (round(hz * FRAME_SAMPLES / SAMPLE_RATE_HZ) for hz in _BAND_HZ)
    for block in recording.blocks(channel, _BLOCK_S):
        frames = np.pad(block, (0, -len(block) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
        spectrum = np.square(np.abs(np.fft.rfft(frames * window)))[:, first:last] + _LOWEST_POWER
        powers.append(np.mean(np.square(frames, dtype=np.float64), axis=1))
        flatnesses.append(np.exp(np.mean(np.log(spectrum), axis=1)) / np.mean(spectrum, axis=1))
    return np.concatenate(powers), np.concatenate(flatnesses)


def _within(flags: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Frames at most so many away from one that is true."""
    before = np.concatenate([[0], np.cumsum(flags)])
    numbers = np.arange(len(flags))
    return before[np.minimum(numbers + frames + 1, len(flags))] > before[np.maximum(numbers - frames, 0)]
