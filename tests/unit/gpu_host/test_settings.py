from pathlib import Path

import pytest

from include.errors import InvalidInput
from include.gpu_host.settings import Settings, described


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
    [
        ("TOKEN", ""),
        ("PORT", "http"),
        ("CAPACITY", "0"),
        ("DEVICES", "tpu"),
        ("DEVICES", "cuda:0,"),
        ("STT_ENGINE", "guess"),
        ("RETENTION_H", "-1"),
        ("STT_IN_FLIGHT", "0"),
    ],
)
def test_wrong_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"COFI_GPU_HOST_{name} (is|names)"):
        Settings.from_env({"COFI_GPU_HOST_TOKEN": "t", f"COFI_GPU_HOST_{name}": value})


def test_a_speech_server_has_a_url_and_a_model() -> None:
    url, model = {"stt_url": "http://127.0.0.1:8000/v1"}, {"stt_model": "whisper-1"}
    with pytest.raises(InvalidInput, match="COFI_GPU_HOST_STT_URL is ''"):
        Settings(token="t", stt_engine="openai", **model)
    with pytest.raises(InvalidInput, match="COFI_GPU_HOST_STT_MODEL is not set"):
        Settings(token="t", stt_engine="openai", **url)
    settings = Settings(token="t", stt_engine="openai", stt_api_key="s3cret", **url, **model)
    assert "s3cret" not in repr(settings)


def test_devices_are_a_list() -> None:
    assert Settings(token="t").device_list == ["cpu"]
    assert Settings(token="t", devices="cuda:0, cuda:1").device_list == ["cuda:0", "cuda:1"]


def test_the_gate_is_where_it_was_measured_unless_it_is_set() -> None:
    assert Settings(token="t").denoise_below_snr_db is None
    assert Settings.from_env(
        {"COFI_GPU_HOST_TOKEN": "t", "COFI_GPU_HOST_DENOISE_BELOW_SNR_DB": "7.5"}
    ).denoise_below_snr_db == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("COFI_GPU_HOST_STT_MODL", "did you mean COFI_GPU_HOST_STT_MODEL?"),
        ("COFI_GPU_HOST_QQQQQ", "`cofi gpu-host --help` has those that there are."),
    ],
)
def test_a_variable_that_nothing_would_read_is_refused(name: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Settings.from_env({"COFI_GPU_HOST_TOKEN": "t", name: "1"})
    assert str(refused.value) == f"{name} is no setting of a GPU host: {meant}"
