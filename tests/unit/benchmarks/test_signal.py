"""Quality figures against cases whose answer is known."""

import numpy as np
import pytest

from tests.benchmarks.speech import signal

RNG = np.random.default_rng(1)
SPEECH = np.sin(2 * np.pi * 300 * np.arange(16_000) / 8000) * RNG.uniform(0.2, 1, 16_000)


def test_si_sdr_is_the_ratio_to_what_is_no_scaled_copy() -> None:
    noise = RNG.normal(size=SPEECH.size)
    noise -= noise.mean() + SPEECH * np.dot(noise, SPEECH) / np.dot(SPEECH, SPEECH)
    noise *= np.sqrt(np.mean(SPEECH**2) / np.mean(noise**2) / 10)
    assert signal.si_sdr_db(SPEECH, SPEECH + noise) == pytest.approx(10, abs=0.1)
    assert signal.si_sdr_db(SPEECH, 0.3 * (SPEECH + noise)) == pytest.approx(10, abs=0.1)


def test_a_copy_is_perfect_at_any_loudness() -> None:
    assert signal.si_sdr_db(SPEECH, 0.5 * SPEECH) == 60
    assert signal.Quality(60, 1, None).shown() == ["a copy", "1.000", "not measured"]


def test_quality_is_measured_at_the_rate_of_the_reference() -> None:
    wide = np.repeat(SPEECH, 2)
    assert signal.quality(SPEECH, wide, 16_000).si_sdr_db > 10
    assert signal.quality(SPEECH, SPEECH, 8000).stoi == pytest.approx(1, abs=1e-3)


def test_a_mean_leaves_out_what_was_not_measured() -> None:
    both = [signal.Quality(10, 0.5, None), signal.Quality(20, 0.7, 2.0)]
    assert signal.mean(both) == signal.Quality(15, pytest.approx(0.6), 2.0)
