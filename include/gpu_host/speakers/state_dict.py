"""Reads the arrays of a PyTorch state dict without PyTorch, and without running what a pickle may hold."""

import pickle  # nosec B403
import zipfile
from collections import OrderedDict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.errors import InvalidInput

_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a state dict as `torch.save` writes it (a zip with a pickle and one file per array).

    Raises:
        InvalidInput: It is no such file, or its pickle asks for more than arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            index = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(index) as file:
                found = _Reader(file, archive, PurePosixPath(index).parent).load()
            return {str(name): array for name, array in found.items()}
    except (zipfile.BadZipFile, StopIteration, pickle.UnpicklingError, LookupError, ValueError) as error:
        raise InvalidInput(f"{path} is no PyTorch state dict ({error}): copy the weights again.") from error


class _Reader(pickle.Unpickler):
    """Knows three names and nothing else."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, folder: PurePosixPath) -> None:
        super().__init__(file)
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _array
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not an array")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, dtype, key, *_ = pid
        return np.frombuffer(self._archive.read(str(self._folder / "data" / key)), dtype)


def _array(
    storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    # Copied: what looks beyond its storage is refused here, not when it is read.
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= storage.size or min((offset, *size, *stride)) < 0:
        raise ValueError("an array reaches beyond its storage")
    steps = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False).copy()
