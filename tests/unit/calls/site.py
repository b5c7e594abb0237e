"""A contact centre's store: a day's folder on any fsspec filesystem, and recordings to put there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import soundfile
from fsspec import AbstractFileSystem

from include.calls.call import Call, CallState, ChannelRole
from include.calls.day_folder import DayFolder, sha256_of_file
from include.calls.discovery import Discovery, find_recordings
from include.calls.discovery_rules import DiscoveryRules

DAY = date(2026, 11, 16)
RULES = DiscoveryRules(
    manifest_name="manifest.csv",
    timezone="Europe/Madrid",
    min_duration_s=2,
    max_duration_s=60,
    stereo_roles=(ChannelRole.AGENT, ChannelRole.CUSTOMER),
)


def recording(
    duration_s: float = 3,
    *,
    seed: int = 0,
    channels: int = 1,
    container: str = "WAV",
    subtype: str | None = None,
) -> bytes:
    """A file of noise at 8 kHz; another seed is another content of the same size."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (round(duration_s * 8000), channels))
    file = BytesIO()
    soundfile.write(file, noise, 8000, format=container, subtype=subtype)
    return file.getvalue()


@dataclass
class Site:
    """The folder of one day."""

    filesystem: AbstractFileSystem
    root: str
    scheme: str

    @property
    def folder(self) -> DayFolder:
        return DayFolder(DAY, self.filesystem, self.root, f"{self.scheme}://{self.root}")

    def put(self, path: str, content: bytes) -> None:
        """Writes a file below the day's folder."""
        where = f"{self.root}/{path}"
        self.filesystem.makedirs(where.rpartition("/")[0], exist_ok=True)
        self.filesystem.pipe_file(where, content)

    def find(self, known: list[Call] | None = None, **rules: object) -> dict[str, Call]:
        """Discovers the day; calls by path, in the order found."""
        before = {call.path: call for call in known or []}
        return {call.path: call for call in self.discover(before, **rules).recordings}

    def discover(self, known: dict[str, Call] | None = None, **rules: Any) -> Discovery:
        """All that discovery tells of the day."""
        now = rules.pop("now", None)
        return find_recordings(self.folder, replace(RULES, **rules), known or {}, now)

    def find_worked_on(self, path: str, state: CallState) -> Call:
        """A call as the database holds it when an earlier run has brought it to a state."""
        call = self.find()[path]
        return replace(call, state=state, state_reason="earlier", sha256=self.sha256(call))

    def sha256(self, call: Call) -> str:
        """Of a call's recording."""
        return sha256_of_file(self.filesystem, self.folder.path_of(call))


def sha256_of(content: bytes) -> str:
    """As the store's hash should be."""
    return sha256(content).hexdigest()


def refuse(monkeypatch: pytest.MonkeyPatch, filesystem: AbstractFileSystem, name: str) -> None:
    """Files whose name ends so may not be read, in one piece or as a whole."""
    kind = type(filesystem)
    for method in ("open", "cat_file"):
        monkeypatch.setattr(kind, method, _refusing(name, getattr(kind, method)))


def _refusing(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def refused(self, path, *arguments, **options):
        if str(path).endswith(name):
            raise PermissionError("denied")
        return method(self, path, *arguments, **options)

    return refused
