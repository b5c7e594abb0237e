"""Synthetic recordings and clips of speech."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile


@pytest.fixture
def wav() -> Callable[..., bytes]:
    """Makes the bytes of an 8 kHz recording; another seed is another recording."""

    def make(*, seed: int = 1, seconds: float = 2.0, channels: int = 1, **written: Any) -> bytes:
        noise = np.random.default_rng(seed).normal(0, 0.1, (int(seconds * 8000), channels))
        file = io.BytesIO()
        soundfile.write(file, noise, 8000, **{"format": "WAV", "subtype": "PCM_16", **written})
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def speech() -> Callable[[str], np.ndarray]:
    """Reads a clip of tests/data/speech: 16 kHz, one channel."""

    def read(name: str) -> np.ndarray:
        folder = Path(__file__).parents[2] / "data" / "speech"
        samples, _ = soundfile.read(folder / f"{name}.flac", dtype="float32")
        return np.asarray(samples)

    return read
