"""The Whisper model that LID and STT share: loaded once."""

from importlib.metadata import version

from faster_whisper import WhisperModel

from include.gpu.wire import Engine
from include.gpu_host.weights import Weights


class Whisper:
    """A loaded model and what results call it.

    Args:
        weights: Where the model lies.
        device: `cpu` (int8: a third of float32's time at the same word error rate) or `cuda` (float16).
        cpu_threads: Of each worker.
        workers: Requests that decode at once; each holds its own buffers.
    """

    def __init__(self, weights: Weights, device: str, *, cpu_threads: int, workers: int) -> None:
        self.model = WhisperModel(
            str(weights.folder),
            device=device,
            compute_type="float16" if device == "cuda" else "int8",
            cpu_threads=cpu_threads,
            num_workers=workers,
        )
        self.engine = Engine(
            name=weights.name,
            version=f"faster-whisper {version('faster-whisper')}",
            device=device,
            weights_sha256=weights.sha256,
        )
