"""Recordings and results on disk: what is visible is whole, and what is there survives the process.

    {data_dir}/calls/{call_id}/audio             the recording's bytes
    {data_dir}/calls/{call_id}/audio.json        AudioStored
    {data_dir}/calls/{call_id}/{stage}.json      a result, and the key that it was made under
    {data_dir}/calls/{call_id}/{key}.flac        an enhanced recording that was made under that key
    {data_dir}/incoming/{random}/                uploads and jobs under way; emptied at start

Everything is written beside its place and renamed into it. One server owns a data folder.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.calls.stage import Stage
from include.card_data.results import CARD_DATA_RULES
from include.gpu.wire import AudioStored, StageOptions, StageResult
from include.gpu_host.server import problems

_Model = TypeVar("_Model", bound=BaseModel)

# Whose results may hold card data: somebody says it, or keys it.
MASKED_STAGES = (Stage.IVR, Stage.STT)


class StoredResult(BaseModel):
    """A result on disk.

    Attributes:
        key: Identity of everything that the result depends on; another key means a stale result.
        options: What the request asked for: with it the key can be computed again.
        card_data_rules: By which rules card data was masked in it; 0 by none.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    key: str
    options: StageOptions
    result: StageResult
    card_data_rules: int = 0


@dataclass(frozen=True)
class Draft:
    """Something under way: a folder whose content takes its place when it is whole."""

    folder: Path

    @property
    def audio(self) -> Path:
        """Where the bytes of an upload go."""
        return self.folder / "audio"

    @property
    def enhanced(self) -> Path:
        """Where an enhanced recording is written."""
        return self.folder / "enhanced.flac"


class CallStore:
    """The data folder.

    Args:
        root: Created when missing, for this user only: recordings are private.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._calls = root / "calls"
        self._incoming = root / "incoming"
        # Held while a call's folder changes place, so that nobody sees the moment between two recordings.
        self._moving = threading.Lock()
        shutil.rmtree(self._incoming, ignore_errors=True)
        for folder in (root, self._calls, self._incoming):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A place for work under way; gone at the end, whatever happens, but for what took its place."""
        folder = Path(mkdtemp(dir=self._incoming))
        try:
            yield Draft(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, draft: Draft, stored: AudioStored) -> bool:
        """Makes an upload visible as a whole; another recording of that id goes, with its results.

        Returns:
            Whether it is new. The same content keeps its results and starts its retention time anew.
        """
        (draft.folder / "audio.json").write_text(stored.model_dump_json())
        replaced = draft.folder.with_suffix(".replaced")
        with self._moving:
            if self._audio(stored.call_id) == stored:
                self._renew(stored.call_id)
                return False
            self._take_away(stored.call_id, replaced)
            draft.folder.rename(self._calls / stored.call_id)
        shutil.rmtree(replaced, ignore_errors=True)
        return True

    def renew(self, call_id: str) -> None:
        """Starts a call's retention time anew: its client sent the same recording again."""
        with self._moving:
            self._renew(call_id)

    def delete(self, call_id: str) -> None:
        """Removes a call; one that is not there is removed already. It vanishes at once, then bit by bit."""
        with self.draft() as doomed, self._moving:
            self._take_away(call_id, doomed.folder / call_id)

    def audio(self, call_id: str) -> AudioStored | None:
        """What is known about a call's recording; None when there is none."""
        with self._moving:
            return self._audio(call_id)

    def audio_path(self, call_id: str) -> Path:
        """Where a call's recording lies."""
        return self._calls / call_id / "audio"

    def enhanced_path(self, call_id: str, key: str) -> Path:
        """Where a call's enhanced recording lies, if denoise made one under that key."""
        return self._calls / call_id / f"{key}.flac"

    def result(self, call_id: str, stage: Stage) -> StoredResult | None:
        """A stage's stored result; None when there is none that can be read."""
        return _read(StoredResult, self._calls / call_id / f"{stage}.json")

    def save(self, audio: AudioStored, stage: Stage, stored: StoredResult) -> None:
        """Stores a result that was made from a recording.

        Raises:
            Refusal: 404 when the recording was deleted or replaced meanwhile.
        """
        with self.draft() as draft:
            written = draft.folder / f"{stage}.json"
            written.write_text(stored.model_dump_json())
            self._keep(written, audio, written.name)

    def keep_enhanced(self, draft: Draft, audio: AudioStored, key: str) -> None:
        """Gives a written enhanced recording its place.

        Raises:
            Refusal: 404 when the recording that it was made from was deleted or replaced meanwhile.
        """
        self._keep(draft.enhanced, audio, f"{key}.flac")

    def remove_older_than(self, age_s: float) -> list[str]:
        """Removes the calls that were uploaded longer ago, and names them."""
        deadline = time.time() - age_s
        old = [folder.name for folder in self._calls.iterdir() if _uploaded_at(folder) < deadline]
        for call_id in old:
            self.delete(call_id)
        return old

    def remove_unmasked(self) -> int:
        """Removes the results in which card data was not masked, or by other rules; returns how many.

        None of them would be used again: their keys are of other rules too.
        """
        removed = 0
        for path in (path for stage in MASKED_STAGES for path in self._calls.glob(f"*/{stage}.json")):
            stored = _read(StoredResult, path)
            if stored is None or stored.card_data_rules != CARD_DATA_RULES:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def free_bytes(self) -> int:
        """Free disk space for this user."""
        return shutil.disk_usage(self._root).free

    def _audio(self, call_id: str) -> AudioStored | None:
        stored = _read(AudioStored, self._calls / call_id / "audio.json")
        path = self.audio_path(call_id)
        # A power failure may leave the description without the bytes.
        whole = stored is not None and path.is_file() and path.stat().st_size == stored.size_bytes
        return stored if whole else None

    def _keep(self, written: Path, audio: AudioStored, name: str) -> None:
        with self._moving:
            if self._audio(audio.call_id) != audio:
                raise problems.audio_gone(audio.call_id)
            written.replace(self._calls / audio.call_id / name)

    def _renew(self, call_id: str) -> None:
        with suppress(FileNotFoundError):
            os.utime(self._calls / call_id / "audio.json")

    def _take_away(self, call_id: str, target: Path) -> None:
        with suppress(FileNotFoundError):
            (self._calls / call_id).rename(target)


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
