"""The GPU host's settings: one frozen value, read from `COFI_GPU_HOST_*` environment variables at start."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

from include.errors import InvalidInput

ENV_PREFIX = "COFI_GPU_HOST_"
PACKAGED_WHISPER = "packaged-whisper-base"
PACKAGED_CAMPPLUS = "packaged-campplus"
_DEVICE = re.compile(r"cpu|cuda(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may set. Each field is the variable `COFI_GPU_HOST_` + its name in capitals."""

    token: str = field(repr=False, metadata={"help": "bearer token that clients must send (required)"})
    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on"})
    port: int = field(default=9001, metadata={"help": "TCP port to listen on"})
    data_dir: Path = field(
        default=Path("var/gpu_host"),
        metadata={"help": "folder of recordings and results; one server per folder"},
    )
    prompts_dir: Path | None = field(
        default=None,
        metadata={
            "help": "folder with known audio in sub-folders prompts/ and hold-music/; unset: none is known"
        },
    )
    learn_prompts: bool = field(
        default=True,
        metadata={
            "help": "learn prompts and hold music from what calls repeat, and cut them out of later calls; "
            "fingerprints are kept for it, and no sound"
        },
    )
    learn_min_calls: int = field(
        default=3,
        metadata={
            "help": "calls that must play the same audio before it is learned, one fewer where they are "
            "known to be of different times; at least 2"
        },
    )
    fingerprint_days: float = field(
        default=14.0, metadata={"help": "days for which fingerprints of the calls that were heard are kept"}
    )
    denoise_engine: Literal["deepfilternet3", "rnnoise"] = field(
        default="deepfilternet3", metadata={"help": "speech enhancement: deepfilternet3 or rnnoise"}
    )
    stt_engine: Literal["whisper", "onnx-asr", "openai"] = field(
        default="whisper",
        metadata={
            "help": "family of the recogniser: whisper (faster-whisper), onnx-asr (Parakeet, Canary, …), or "
            "openai: a server of stt_url that speaks /v1/audio/transcriptions (speaches, vLLM, NIM, …)"
        },
    )
    stt_model: str = field(
        default=PACKAGED_WHISPER,
        metadata={
            "help": "the recogniser: a folder, packaged-whisper-base, or a name on the model hub, like "
            "large-v3-turbo (whisper) or nemo-parakeet-tdt-0.6b-v3 (onnx-asr); with openai: as its server "
            "calls it"
        },
    )
    stt_url: str = field(
        default="",
        metadata={"help": "of the speech server, up to and with /v1, like http://127.0.0.1:8000/v1 (openai)"},
    )
    stt_api_key: str = field(
        default="", repr=False, metadata={"help": "bearer token for the speech server; empty: none (openai)"}
    )
    stt_in_flight: int = field(
        default=8,
        metadata={"help": "requests that each device has open at the speech server at once (openai)"},
    )
    stt_timeout_s: float = field(
        default=300.0, metadata={"help": "seconds that the speech server gets for up to 30 s (openai)"}
    )
    stt_model_sha256: str = field(
        default="",
        metadata={"help": "refuse other weights of the recogniser than these; empty: take what is there"},
    )
    lid_model: str = field(
        default="",
        metadata={
            "help": "the Whisper model that identifies languages, like stt_model; empty: the recogniser's "
            "where it is a Whisper, else packaged-whisper-base"
        },
    )
    lid_model_sha256: str = field(
        default="",
        metadata={"help": "refuse other weights of lid_model than these; empty: take what is there"},
    )
    speaker_model: str = field(
        default=PACKAGED_CAMPPLUS,
        metadata={
            "help": "what tells people on one channel apart: packaged-campplus, the file of CAM++'s state "
            "dict, or none"
        },
    )
    weights_dir: Path = field(
        default=Path("var/weights"), metadata={"help": "folder where packaged or downloaded weights are kept"}
    )
    devices: str = field(
        default="cpu",
        metadata={"help": "where engines run, a process for each: cpu, or cuda:0,cuda:1,…"},
    )
    capacity: int = field(
        default=2, metadata={"help": "stage requests that each device works on at once; as many more wait"}
    )
    batch_size: int = field(
        default=4,
        metadata={
            "help": "pieces of up to 30 s, of all requests together, that a GPU hears in one go; a CPU hears "
            "one at a time for each request"
        },
    )
    cpu_threads: int = field(default=1, metadata={"help": "CPU threads of each model worker"})
    beam_size: int = field(
        default=5, metadata={"help": "hypotheses that recognition follows at once; 1 is the fastest"}
    )
    stage_timeout_s: float = field(
        default=1800.0, metadata={"help": "seconds after which a stage of a call is given up"}
    )
    stop_grace_s: float = field(
        default=20.0, metadata={"help": "seconds that running requests get to end when the server is stopped"}
    )
    max_upload_bytes: int = field(
        default=512 * 1024**2, metadata={"help": "largest recording taken, in bytes; larger get 413"}
    )
    max_duration_s: float = field(
        default=4 * 3600.0, metadata={"help": "longest recording taken, in seconds; longer get 422"}
    )
    retention_h: float = field(
        default=48.0, metadata={"help": "hours after its upload when a call is removed from disk"}
    )
    denoise_below_snr_db: float | None = field(
        default=None,
        metadata={
            "help": "recognition hears enhanced audio below this SNR, in dB; unset: where it was measured to "
            "gain by the engine"
        },
    )
    dead_air_s: float = field(
        default=5.0, metadata={"help": "seconds in which nobody speaks before they count as dead air"}
    )

    def __post_init__(self) -> None:
        if not self.token:
            raise InvalidInput(f"{variable('token')} is not set: enter the bearer token that clients send.")
        for name in (
            "capacity",
            "cpu_threads",
            "batch_size",
            "beam_size",
            "stt_in_flight",
            "stt_timeout_s",
            "stage_timeout_s",
            "stop_grace_s",
            "max_upload_bytes",
            "max_duration_s",
            "retention_h",
            "dead_air_s",
            "fingerprint_days",
        ):
            if getattr(self, name) <= 0:
                raise InvalidInput(f"{variable(name)} is {getattr(self, name)}: enter a number above 0.")

        if self.learn_min_calls < 2:
            raise InvalidInput(
                f"{variable('learn_min_calls')} is {self.learn_min_calls}: what one call plays says nothing; "
                "enter 2 or more."
            )
        if self.stt_engine == "openai":
            self._check_server()
        for device in self.device_list:
            if not _DEVICE.fullmatch(device):
                raise InvalidInput(
                    f"{variable('devices')} names {device!r}: enter cpu, or cuda devices like cuda:0,cuda:1."
                )

    def _check_server(self) -> None:
        if not self.stt_url.startswith(("http://", "https://")):
            raise InvalidInput(
                f"{variable('stt_url')} is {self.stt_url!r}: enter the URL of the speech server up to and "
                "with /v1, like http://127.0.0.1:8000/v1."
            )
        if self.stt_model == PACKAGED_WHISPER:
            raise InvalidInput(
                f"{variable('stt_model')} is not set: enter the model's name as the speech server calls it."
            )

    @property
    def device_list(self) -> list[str]:
        """The devices, one worker process each."""
        return [device.strip() for device in self.devices.split(",")]

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Reads the settings from environment variables.

        Raises:
            InvalidInput: A variable is missing, wrong, or none of these; the message names it.
        """
        for name in env:
            if name.startswith(ENV_PREFIX):
                _check_name(name.removeprefix(ENV_PREFIX).lower())
        values = {f.name: _parsed(f, env[variable(f.name)]) for f in fields(cls) if env.get(variable(f.name))}
        return cls(**{"token": "", **values})


def _check_name(name: str) -> None:
    known = [f.name for f in fields(Settings)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        meant = (
            f"did you mean {variable(near[0])}?"
            if near
            else "`cofi gpu-host --help` has those that there are."
        )
        raise InvalidInput(f"{variable(name)} is no setting of a GPU host: {meant}")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return ENV_PREFIX + name.upper()


def described() -> list[tuple[str, str]]:
    """Every variable with what it means and its default, for `--help`."""
    return [
        (variable(f.name), f.metadata["help"] + ("" if f.default is MISSING else f" [default: {f.default}]"))
        for f in fields(Settings)
    ]


def _parsed(setting: Field[Any], text: str) -> Any:
    try:
        return TypeAdapter[Any](cast(Any, setting.type)).validate_strings(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise InvalidInput(f"{variable(setting.name)} is {text!r}: {reason}.") from error
