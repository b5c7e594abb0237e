"""Quality of a signal against its clean reference: SI-SDR, STOI, and PESQ where its package is installed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray
from pystoi import stoi  # type: ignore[import-untyped]

RATE_HZ = 8_000
PESQ_IS_THERE = find_spec("pesq") is not None
# A perfect copy has no error to divide by.
_HIGHEST_DB = 60.0

Samples = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Quality:
    """SI-SDR in dB (up to 60), STOI in 0..1, PESQ in 1..4.5 (None: not measured)."""

    si_sdr_db: float
    stoi: float
    pesq: float | None

    def shown(self) -> list[str]:
        """As cells of a table."""
        si_sdr = "a copy" if self.si_sdr_db >= _HIGHEST_DB else f"{self.si_sdr_db:.1f}"
        return [si_sdr, f"{self.stoi:.3f}", "not measured" if self.pesq is None else f"{self.pesq:.2f}"]


def quality(clean: Samples, heard: Samples, rate_hz: int) -> Quality:
    """Measures one recording.

    Args:
        clean: Shape (frames,), at 8 kHz.
        heard: Shape (frames,), the same recording at any rate, at the same time.
        rate_hz: Of `heard`.
    """
    narrow = heard if rate_hz == RATE_HZ else soxr.resample(heard, rate_hz, RATE_HZ)
    length = min(len(clean), len(narrow))
    reference, copy = clean[:length], narrow[:length]
    return Quality(si_sdr_db(reference, copy), float(stoi(reference, copy, RATE_HZ)), _pesq(reference, copy))


def si_sdr_db(reference: Samples, copy: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio (Le Roux et al. 2019), in dB, at most 60."""
    target, heard = reference - reference.mean(), copy - copy.mean()
    scaled = target * (np.dot(heard, target) / max(np.dot(target, target), 1e-12))
    error = float(np.sum(np.square(heard - scaled, dtype=np.float64)))
    power = float(np.sum(np.square(scaled, dtype=np.float64)))
    return min(10 * math.log10(max(power, 1e-12) / max(error, 1e-12)), _HIGHEST_DB)


def mean(qualities: Sequence[Quality]) -> Quality:
    """The mean of each figure."""
    pesqs = [one.pesq for one in qualities if one.pesq is not None]
    return Quality(
        si_sdr_db=float(np.mean([one.si_sdr_db for one in qualities])),
        stoi=float(np.mean([one.stoi for one in qualities])),
        pesq=float(np.mean(pesqs)) if pesqs else None,
    )


def _pesq(reference: Samples, copy: Samples) -> float | None:
    """ITU-T P.862, narrow band."""
    if not PESQ_IS_THERE:
        return None
    from pesq import pesq  # type: ignore[import-not-found]

    return float(pesq(RATE_HZ, reference, copy, "nb"))
