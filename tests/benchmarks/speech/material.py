"""The files that composed calls are made of."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from include.gpu.wire import Span
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.audio.speech import speech_spans

Samples = NDArray[np.float32]

RATE_HZ = 8_000
# Loudness of what is active, in dB of full scale: a usual level on the phone.
_LEVEL_DB = -26.0
# Quieter than this is silence: Asterisk's "prompts" 5.wav … 9.wav hold nothing.
_SILENT_DB = -60.0


@dataclass(frozen=True)
class Clip:
    """One file of the material: samples of one channel at 8 kHz, at a usual level."""

    path: Path

    @property
    def name(self) -> str:
        """How truth and manifest call it: `folder/file`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def samples(self) -> Samples:
        """Shape (frames,)."""
        heard, rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        return _levelled(resampled(heard.mean(axis=1), rate_hz, RATE_HZ))

    @cached_property
    def speech(self) -> list[Span]:
        """Where somebody speaks in it, without margin."""
        return speech_spans(
            Recording.of(resampled(self.samples, RATE_HZ, SAMPLE_RATE_HZ)[None]), 0, margin_ms=0
        )


class Material:
    """The files of a folder, sorted by name; what is silent is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.speech = self._clips("speech")
        self.prompts = self._clips("prompts*")
        self.hold_music = self._clips("hold-music")
        self.noise = self._clips("noise")
        self.calls = [
            (Clip(agent), Clip(caller))
            for agent in sorted((folder / "calls").glob("*_agent.wav"))
            if (caller := agent.with_name(agent.name.replace("_agent", "_caller"))).exists()
        ]

    def transcripts(self) -> dict[str, str]:
        """Text by file, like `speech/jfk.flac`, from `manifest.csv`."""
        with (self._folder / "manifest.csv").open(newline="") as file:
            return {row["file"]: row["transcript"] for row in csv.DictReader(file)}

    def _clips(self, pattern: str) -> list[Clip]:
        files = [
            path for path in sorted(self._folder.glob(f"{pattern}/*")) if path.suffix in {".wav", ".flac"}
        ]
        return [Clip(path) for path in files if _loudest_db(path) > _SILENT_DB]


def resampled(samples: Samples, from_hz: float, to_hz: float) -> Samples:
    """One channel at another rate."""
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.float32)


def _levelled(samples: Samples) -> Samples:
    """At the usual level, measured over the louder half of its 20 ms frames."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    power = np.sort(np.square(frames).mean(axis=1))[len(frames) // 2 :].mean()
    return np.asarray(samples * np.float32(10 ** (_LEVEL_DB / 20) / np.sqrt(power + 1e-12)), dtype=np.float32)


def _loudest_db(path: Path) -> float:
    samples, _ = soundfile.read(path, dtype="float32")
    return float(20 * np.log10(np.abs(samples).max() + 1e-9))
