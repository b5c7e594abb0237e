"""The network that tells voices apart, on real speech, and the file that it is read from."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import soxr

from include.errors import InvalidInput
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.engines.campplus import CamPlusPlus
from include.gpu_host.engines.choosing import chosen_embedder
from include.gpu_host.settings import Settings
from include.gpu_host.speakers.campplus_graph import MEL_BINS
from include.gpu_host.speakers.features import log_mel
from include.gpu_host.speakers.state_dict import read_state_dict

pytestmark = pytest.mark.model

SAMPLES = Path(__file__).parents[4] / "include" / "demo" / "sample_calls" / "recordings" / "2026-11-16"
Speech = Callable[[str], np.ndarray]


@pytest.fixture(scope="module")
def network() -> CamPlusPlus:
    return CamPlusPlus()


def people() -> tuple[np.ndarray, np.ndarray]:
    """The agent and the customer of a sample call, what they say without the silence between."""
    samples, rate_hz = soundfile.read(SAMPLES / "1001-late-fee.ogg", dtype="float32")
    recording = Recording.of(np.stack([soxr.resample(channel, rate_hz, 16_000) for channel in samples.T]))
    agent, customer = (recording.heard(n, speech_spans(recording, n, margin_ms=0)) for n in (0, 1))
    return agent[-480_000:], customer  # the agent's channel begins with the queue's announcements


def windows(samples: np.ndarray) -> list[np.ndarray]:
    return [samples[start : start + 24_000] for start in range(0, len(samples) - 24_000, 12_000)]


def test_one_persons_voice_is_more_like_itself_than_like_anothers(network: CamPlusPlus) -> None:
    one, other = (network.embed(windows(person)) for person in people())
    assert np.linalg.norm(one, axis=1) == pytest.approx(1, abs=1e-4)
    within = min((one @ one.T).min(), (other @ other.T).min())
    assert (one @ other.T).max() < within


def test_a_window_is_the_same_alone_and_among_others_of_any_length(
    network: CamPlusPlus, speech: Speech
) -> None:
    some = [
        *windows(speech("john_dashwood"))[:3],
        speech("john_dashwood")[:10_000],
        speech("cold_hearted")[:24_000],
    ]
    together = network.embed(some)
    for number, window in enumerate(some):
        assert network.embed([window])[0] == pytest.approx(together[number], abs=1e-4)


def test_too_short_a_window_is_like_nothing(network: CamPlusPlus) -> None:
    assert not network.embed([np.ones(3000, dtype=np.float32)]).any()
    assert network.embed([]).shape == (0, 192)


def test_loudness_and_a_constant_do_not_change_a_voice(network: CamPlusPlus, speech: Speech) -> None:
    [window] = windows(speech("john_dashwood"))[:1]
    same = network.embed([window, 0.2 * window, window + 0.01])
    assert (same @ same.T).min() > 0.99


def test_log_mel_is_that_of_a_tone() -> None:
    """1 kHz lies at 1127 ln(1 + 1000 / 700) = 1000 mel, of 32 to 2840: the 27th of 80 triangles."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    features = log_mel(tone, MEL_BINS)
    assert features.shape == (98, MEL_BINS)
    assert set(features.argmax(axis=1)) <= {26, 27, 28}


class Asking:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this was run",)


def archive(path: Path, index: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", index)
    return path


def test_a_pickle_that_asks_for_more_than_arrays_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidInput, match=r"print is not an array.*copy the weights again"):
        read_state_dict(archive(tmp_path / "model.pt", pickle.dumps({"weight": Asking()})))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_another_file_is_no_state_dict(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="is no PyTorch state dict"):
        read_state_dict(path)


def test_weights_that_are_not_there_are_named_with_the_setting(tmp_path: Path) -> None:
    settings = Settings(token="t", speaker_model=str(tmp_path / "none.pt"))
    with pytest.raises(InvalidInput, match=r"COFI_GPU_HOST_SPEAKER_MODEL is .*none\.pt, which is no file"):
        chosen_embedder(settings)
    assert chosen_embedder(Settings(token="t", speaker_model="none")) is None


def test_the_graph_is_one_that_onnx_checks(network: CamPlusPlus) -> None:
    assert isinstance(network._session, onnxruntime.InferenceSession)
    assert network.engine.weights_sha256 and network.engine.device == "cpu"
