"""Recordings and results on disk: what is visible is whole, and what is there survives the process.

    {data_dir}/calls/{call_id}/audio             the recording's bytes
    {data_dir}/calls/{call_id}/audio.json        AudioStored
    {data_dir}/calls/{call_id}/enhanced.flac     what denoise made, if it did
    {data_dir}/calls/{call_id}/{stage}.json      a result, and the key that it was made under
    {data_dir}/incoming/{random}/                uploads under way; emptied at start

Everything is written beside its place and renamed into it. One server owns a data folder.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from include.calls.stage import Stage
from include.gpu.wire import AudioStored, StageResult
from include.gpu_host import problems

_Model = TypeVar("_Model", bound=BaseModel)


class StoredResult(BaseModel):
    """A result on disk.

    Attributes:
        key: Identity of everything that the result depends on; another key means a stale result.
    """

    key: str
    result: StageResult


@dataclass(frozen=True)
class Draft:
    """An upload under way: a folder that becomes the call's when it is whole."""

    folder: Path

    @property
    def audio(self) -> Path:
        """Where the bytes go."""
        return self.folder / "audio"


class CallStore:
    """The data folder.

    Args:
        root: Created when missing, for this user only: recordings are private.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._calls = root / "calls"
        self._incoming = root / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for folder in (root, self._calls, self._incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A place for an upload; gone at the end, whatever happens, unless `publish` took it."""
        folder = Path(mkdtemp(dir=self._incoming))
        try:
            yield Draft(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, draft: Draft, stored: AudioStored) -> None:
        """Makes an upload visible as a whole; another recording of that id goes, with its results."""
        (draft.folder / "audio.json").write_text(stored.model_dump_json())
        self.delete(stored.call_id)
        draft.folder.rename(self._calls / stored.call_id)

    def delete(self, call_id: str) -> None:
        """Removes a call; one that is not there is removed already. It vanishes at once, then bit by bit."""
        doomed = Path(mkdtemp(dir=self._incoming))
        try:
            (self._calls / call_id).rename(doomed / call_id)
        except FileNotFoundError:
            pass
        finally:
            shutil.rmtree(doomed, ignore_errors=True)

    def audio(self, call_id: str) -> AudioStored | None:
        """What is known about a call's recording; None when there is none."""
        return _read(AudioStored, self._calls / call_id / "audio.json")

    def audio_path(self, call_id: str) -> Path:
        """Where a call's recording lies."""
        return self._calls / call_id / "audio"

    def enhanced_path(self, call_id: str) -> Path:
        """Where a call's enhanced recording lies, if denoise made one."""
        return self._calls / call_id / "enhanced.flac"

    def result(self, call_id: str, stage: Stage) -> StoredResult | None:
        """A stage's stored result; None when there is none that can be read."""
        return _read(StoredResult, self._calls / call_id / f"{stage}.json")

    def save(self, call_id: str, stage: Stage, stored: StoredResult) -> None:
        """Stores a result.

        Raises:
            Refusal: 404 when the call was deleted meanwhile.
        """
        folder = self._calls / call_id
        try:
            with NamedTemporaryFile("w", dir=folder, prefix=".", delete=False) as file:
                file.write(stored.model_dump_json())
            Path(file.name).replace(folder / f"{stage}.json")
        except FileNotFoundError as error:
            raise problems.audio_missing(call_id) from error

    @contextmanager
    def enhanced_draft(self, call_id: str) -> Iterator[Path]:
        """A path to write the enhanced recording to; it takes its place when the block ends well."""
        draft = self._calls / call_id / ".enhanced.flac"
        yield draft
        draft.replace(self.enhanced_path(call_id))

    def remove_older_than(self, age_s: float) -> list[str]:
        """Removes the calls that were uploaded longer ago, and names them."""
        deadline = time.time() - age_s
        old = [folder.name for folder in self._calls.iterdir() if _uploaded_at(folder) < deadline]
        for call_id in old:
            self.delete(call_id)
        return old

    def free_bytes(self) -> int:
        """Free disk space for this user."""
        return shutil.disk_usage(self._root).free


def _uploaded_at(folder: Path) -> float:
    try:
        return (folder / "audio.json").stat().st_mtime
    except FileNotFoundError:  # deleted meanwhile
        return time.time()


def _read(model: type[_Model], path: Path) -> _Model | None:
    """A file that is not there, or was cut by a power failure, is missing: the work is done again."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
