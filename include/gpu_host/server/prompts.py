"""What a host has learned, on disk: fingerprints of the calls that it heard, and of what they repeat.

    {data_dir}/learned/heard/{number}.npz       kept landmarks of a call
    {data_dir}/learned/prompts/{prompt_id}.npz  a learned prompt
    {data_dir}/learned/library-{version}.npz    what workers cut out
    {data_dir}/learned/state.json               how many calls were heard, and which to hear again

Candidates are not kept: the calls that they come from are, so they are found again.
"""

import json
import logging
import threading
import time
import zlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np

from include.errors import InvalidInput
from include.gpu.learned import LearnedPrompt, LearnedPrompts, PromptTaken
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.ivr.entries import Entry, read_entry, write_entry, written
from include.gpu_host.ivr.gathering import NUMBERS, Gathering, library_of
from include.gpu_host.ivr.hearings import read_hearing
from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks
from include.gpu_host.ivr.learned import LearnedAudio, packed, unpacked, write_library

# A worker may be about to read an older library.
_LIBRARY_KEPT_S = 600.0
_MOST_TO_HEAR_AGAIN = 5000
_MOST_SUPPORT = np.iinfo(np.int32).max
_BROKEN = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error)

log = logging.getLogger(__name__)


class LearnedStore:
    """Learns from calls, one at a time; all methods may be called from several threads.

    Args:
        folder: Created when missing, for this user only.
        min_calls: In how many calls the same audio is no conversation.
        days: How long fingerprints of calls are kept.
    """

    def __init__(self, folder: Path, min_calls: int, days: float) -> None:
        self._folder, self._days = folder, days
        self._heard, self._prompts = folder / "heard", folder / "prompts"
        for made in (folder, self._heard, self._prompts):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._gathering = Gathering(min_calls)
        state = _state(folder / "state.json")
        self._next, self.calls_heard = int(state.get("next", 0)), int(state.get("calls_heard", 0))
        self._again = dict.fromkeys(state.get("hear_again", []))
        self._load()
        self._publish()

    @property
    def min_calls(self) -> int:
        """In how many calls the same audio is no conversation."""
        return self._gathering.min_calls

    @property
    def calls_kept(self) -> int:
        """Of how many calls fingerprints are kept: with others nothing can be compared any more."""
        return len(self._gathering.heard)

    @property
    def library(self) -> Path:
        """What workers cut out now."""
        return self._library

    def hear(self, call: HeardCall, hearing: Path) -> None:
        """Learns from a call; from one that was heard before, nothing."""
        channels = read_hearing(hearing)
        with self._lock:
            self._again.pop(call.call_id, None)
            if all(call.call_id != one.call_id for one in self._gathering.heard.values()):
                self._learn(call, channels)
            self._save_state()

    def listed(self) -> LearnedPrompts:
        """Lists the learned prompts."""
        with self._lock:
            prompts = [_as_prompt(entry) for entry in self._gathering.learned]
            return LearnedPrompts(
                version=self._version,
                calls_heard=self.calls_heard,
                prompts=prompts,
                hear_again=list(self._again),
            )

    def prompt(self, prompt_id: str) -> LearnedPrompt | None:
        """A learned prompt with its fingerprint; None when there is none."""
        with self._lock:
            for entry in self._gathering.learned:
                if entry.prompt_id == prompt_id:
                    fingerprint = b64encode(packed(entry.learned)).decode()
                    return _as_prompt(entry).model_copy(update={"fingerprint": fingerprint})
        return None

    def take(self, prompt: LearnedPrompt) -> PromptTaken:
        """Takes in what another host learned, or what people say of a prompt.

        Raises:
            InvalidInput: It is new here, and has no fingerprint that can be read.
        """
        with self._lock:
            known = any(entry.prompt_id == prompt.prompt_id for entry in self._gathering.learned)
            if not known and prompt.fingerprint is None:
                raise InvalidInput(
                    f"Learned prompt {prompt.prompt_id} is not known here: send its fingerprint."
                )
            replaced = self._gathering.take(_entry(prompt, known=known))
            if replaced:
                self._path(replaced).unlink(missing_ok=True)
            for entry in self._gathering.learned:
                if entry.prompt_id == prompt.prompt_id:
                    self._save(entry)
            self._publish()
        return PromptTaken(prompt_id=prompt.prompt_id, replaced=replaced)

    def forget_old(self) -> int:
        """Removes fingerprints of calls that are older than they may be; returns how many."""
        deadline, removed = time.time() - self._days * 86400, 0
        with self._lock:
            for path in self._heard.glob("*.npz"):
                if path.stat().st_mtime < deadline:
                    path.unlink(missing_ok=True)
                    self._gathering.heard.pop(int(path.stem), None)
                    removed += 1
            for path in sorted(self._folder.glob("library-*.npz")):
                if path != self._library and path.stat().st_mtime < time.time() - _LIBRARY_KEPT_S:
                    path.unlink(missing_ok=True)
        return removed

    def _learn(self, call: HeardCall, channels: Any) -> None:
        now, number = datetime.now(UTC), self._next
        self._next = (number + 1) % NUMBERS
        before = _extents(self._gathering)
        kept, learned = self._gathering.hear(number, call, channels, now)
        self.calls_heard += 1
        self._keep(number, call, kept)
        for entry in learned:
            log.info("learned %s prompt_id=%s calls=%d", entry.piece.kind, entry.prompt_id, entry.heard_in)
            self._again |= dict.fromkeys(entry.calls)
        while len(self._again) > _MOST_TO_HEAR_AGAIN:
            self._again.pop(next(iter(self._again)))
        after = _extents(self._gathering)
        for entry in self._gathering.learned:
            if after[entry.prompt_id] != before.get(entry.prompt_id):
                self._save(entry)
        if after != before:
            self._publish()

    def _keep(self, number: int, call: HeardCall, kept: list[Any]) -> None:
        """Writes a call's kept landmarks; as many calls stay on disk as the index holds."""
        path = self._heard / f"{number}.npz"
        began_at = call.began_at.isoformat() if call.began_at else ""
        about = {"call_id": np.array(call.call_id), "began_at": np.array(began_at)}
        written(path, about | {f"k{n}": keys for n, keys in enumerate(kept)})
        for forgotten in self._gathering.forgotten():
            (self._heard / f"{forgotten}.npz").unlink(missing_ok=True)

    def _load(self) -> None:
        """Reads what is there; a file that a power failure has cut is as good as none."""
        entries = []
        for path in self._prompts.glob("*.npz"):
            try:
                entries.append(read_entry(path))
            except _BROKEN:
                log.warning("%s cannot be read: that prompt is learned again", path)
                path.unlink(missing_ok=True)
        for entry in sorted(entries, key=lambda entry: str(entry.learned_at)):
            self._gathering.entries.append(entry)
        self._gathering.refresh()
        for path in sorted(self._heard.glob("*.npz"), key=lambda path: path.stat().st_mtime):
            try:
                self._gathering.keep(int(path.stem), *_read_kept(path))
            except _BROKEN:
                path.unlink(missing_ok=True)

    def _publish(self) -> None:
        self._version = uuid4().hex[:12]
        path = self._folder / f"library-{self._version}.npz"
        write_library(path, library_of(self._gathering.entries).pieces)
        self._library = path

    def _save(self, entry: Entry) -> None:
        write_entry(self._path(entry.prompt_id), entry)

    def _path(self, prompt_id: str) -> Path:
        return self._prompts / f"{prompt_id}.npz"

    def _save_state(self) -> None:
        state = {"next": self._next, "calls_heard": self.calls_heard, "hear_again": list(self._again)}
        draft = self._folder / "state.json.new"
        draft.write_text(json.dumps(state))
        draft.replace(self._folder / "state.json")


def _state(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _read_kept(path: Path) -> tuple[HeardCall, list[Any]]:
    """A call and its kept landmarks, by channel; a file of an older host does not say when it began."""
    with np.load(path, allow_pickle=False) as file:
        kept = [file[f"k{n}"] for n in range(sum(name.startswith("k") for name in file.files))]
        began_at = str(file["began_at"]) if "began_at" in file.files else ""
        return HeardCall(str(file["call_id"]), datetime.fromisoformat(began_at) if began_at else None), kept


def _entry(prompt: LearnedPrompt, *, known: bool) -> Entry:
    """A prompt as it comes from elsewhere; of one that is known, only the name and refusal are looked at."""
    content = b64decode(prompt.fingerprint or "")
    empty = LearnedAudio(
        prompt.prompt_id,
        prompt.name,
        prompt.kind,
        Landmarks(*2 * [np.zeros(0, np.int32)]),
        np.zeros((0, 0), np.uint8),
    )
    piece = empty if known else unpacked(prompt.prompt_id, prompt.name, prompt.kind, content)
    return Entry(
        piece=piece,
        support=np.full(len(piece.profile), min(max(2, prompt.calls), _MOST_SUPPORT), dtype=np.int32),
        call_id=prompt.call_id,
        channel=prompt.channel,
        start_frame=round(prompt.start_ms / HOP_MS),
        spoken=np.zeros(0, dtype=np.bool_),
        heard_at=prompt.heard_at,
        learned_at=prompt.learned_at,
        prompt_id=prompt.prompt_id,
        name=prompt.name,
        refused=prompt.refused,
        plays=max(2, prompt.calls),
        heard_in=prompt.calls,
    )


def _as_prompt(entry: Entry) -> LearnedPrompt:
    return LearnedPrompt(
        prompt_id=entry.prompt_id,
        name=entry.name,
        kind=entry.piece.kind,
        refused=entry.refused,
        duration_s=entry.learned.duration_s,
        calls=entry.heard_in,
        call_id=entry.call_id,
        channel=entry.channel,
        start_ms=entry.start_ms,
        learned_at=entry.learned_at or entry.heard_at,
        heard_at=entry.heard_at,
    )


def _extents(gathering: Gathering) -> dict[str, tuple[object, ...]]:
    """What decides what is cut, and what is reported often enough to be kept."""
    return {e.prompt_id: (*e.extent, e.plays, e.heard_in.bit_length()) for e in gathering.learned}
