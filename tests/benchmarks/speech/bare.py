"""The recogniser alone, without gate, cut and voice activity: what the chain is measured against."""

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from faster_whisper import WhisperModel

from include.errors import InvalidInput

BEAM_SIZE = 5
AT_ONCE = 2


@dataclass(frozen=True)
class Heard:
    """What the model made of a recording, and the language that it took it for."""

    text: str
    language: str


class BareModel:
    """faster-whisper over whole files, mixed to one channel, with its own defaults.

    Args:
        folder: The model, in CTranslate2's format.
    """

    def __init__(self, folder: Path) -> None:
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=AT_ONCE
        )

    def transcribe(self, path: Path, language: str | None = None) -> Heard:
        """Hears a file; `language` None lets the model detect it from the first 30 s."""
        segments, about = self._model.transcribe(str(path), language=language, beam_size=BEAM_SIZE)
        text = " ".join(segment.text.strip() for segment in segments)
        return Heard(text, about.language)


def folder_of(weights_dir: Path, sha256: str | None) -> Path:
    """The folder of the weights that a host says it runs.

    Raises:
        InvalidInput: There are none of that hash below `weights_dir`.
    """
    for model in sorted(weights_dir.rglob("model.bin")):
        with model.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() == sha256:
                return model.parent
    raise InvalidInput(
        f"{weights_dir} holds no model.bin with sha256 {sha256}: the bare model must be the host's. Run the "
        "host with a Whisper model whose weights lie there."
    )
