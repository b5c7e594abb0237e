from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

SPEECH = Path(__file__).parents[3] / "data" / "speech"


@pytest.fixture(scope="session")
def speech() -> Callable[[str], np.ndarray]:
    """Reads a clip of tests/data/speech: 16 kHz, one channel."""
    return lambda name: soundfile.read(SPEECH / f"{name}.flac", dtype="float32")[0]
