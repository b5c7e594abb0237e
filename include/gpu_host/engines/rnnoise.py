"""RNNoise through its C API, from the library that the package pyrnnoise carries, on the CPU."""

import ctypes
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from include.errors import HostFault, InvalidInput
from include.gpu.wire import Engine
from include.gpu_host.audio.recording import Samples
from include.gpu_host.engines.frames_48_khz import FRAME_SAMPLES, filtered

# One frame of overlap, and one that it looks ahead.
DELAY_SAMPLES = 2 * FRAME_SAMPLES
_FULL_SCALE = np.float32(32768)


class Rnnoise:
    """Denoises with the weights that are compiled into the library.

    Raises:
        InvalidInput: The package is not installed.
    """

    # Whisper base, 210 recordings in and without noise of 0 to 20 dB, 16 kHz and telephone: with RNNoise the
    # word error rate doubled (13.3 % after 7.3 % without noise) and was higher at each SNR; mixed with the
    # original to suppress no more than 12 dB, too.
    gains_below_snr_db: float | None = None

    def __init__(self) -> None:
        path = _library_path()
        self.engine = Engine(
            name="rnnoise",
            version=f"pyrnnoise {version('pyrnnoise')}",
            device="cpu",
            weights_sha256=sha256(path.read_bytes()).hexdigest(),
        )
        self._library = _bound(ctypes.CDLL(str(path)))

    def enhance(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Enhances one 16 kHz channel, block by block; see `Denoiser`."""
        library = self._library
        state = library.rnnoise_create(None)
        if not state:
            raise HostFault("RNNoise could not be started: look at the host's log and memory.")

        def cleaned(frame: Samples) -> Samples:
            heard = frame * _FULL_SCALE
            output = np.empty_like(heard)
            library.rnnoise_process_frame(state, output.ctypes.data, heard.ctypes.data)
            output /= _FULL_SCALE
            return output

        try:
            yield from filtered(blocks, cleaned, DELAY_SAMPLES)
        finally:
            library.rnnoise_destroy(state)


def _library_path() -> Path:
    """Finds the package without importing it: its Python half needs packages that nothing here uses."""
    spec = find_spec("pyrnnoise")
    path = Path(spec.origin).parent / "librnnoise.so" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise InvalidInput(
            "There is no RNNoise (librnnoise.so of the package pyrnnoise is missing): install pyrnnoise, or "
            "set COFI_GPU_HOST_DENOISE_ENGINE to deepfilternet3."
        )
    return path


def _bound(library: ctypes.CDLL) -> ctypes.CDLL:
    """Declares the C functions: without it ctypes would cut pointers to 32 bits."""
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.rnnoise_process_frame.restype = ctypes.c_float
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    return library
