"""Makes listening copies and keeps those that were heard last."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from uuid import uuid4

from include.errors import RecordingUnusable
from include.listening.encoding import encode

Span = tuple[int, int]
# A number in the name of every copy: raise it when they are made in another way.
_FORM = 1
_MIB = 2**20


@dataclass(frozen=True)
class Peaks:
    """The loudness of a recording, drawn: the largest sample of each stretch, 0..255, channel by channel."""

    duration_ms: int
    lanes: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Copy:
    """A listening copy on disk."""

    sound: Path
    peaks: Peaks


class Copies:
    """The folder of copies.

    Args:
        folder: Only this user may read it.
        most_mib: Beyond this, the copies that nobody has listened to for the longest time are deleted.
    """

    def __init__(self, folder: Path, most_mib: float) -> None:
        self._folder = folder
        self._most_bytes = round(most_mib * _MIB)
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()

    def get(
        self, call_id: str, identity: str, silenced: Sequence[Span], fetch: Callable[[Path], None]
    ) -> Copy:
        """The copy of a recording, made if there is none.

        Args:
            call_id: Of the call.
            identity: Of the recording's content: another content is another copy.
            silenced: Stretches without sound, in ms.
            fetch: Writes the recording as it is stored into a file.

        Raises:
            RecordingUnusable: It cannot be decoded.
            CofiError: `fetch` has failed.
        """
        name = f"{call_id}-{_key(identity, silenced)}"
        sound, peaks = self._folder / f"{name}.wav", self._folder / f"{name}.json"
        with self._making(name):
            if not (sound.is_file() and peaks.is_file()):
                self._make(sound, peaks, silenced, fetch)
                self._make_room(sound)
            now_ns = time.time_ns()  # finer than the file system's own clock
            for path in (sound, peaks):
                os.utime(path, ns=(now_ns, now_ns))
            return Copy(sound, Peaks(**json.loads(peaks.read_text())))

    def forget(self, call_id: str) -> int:
        """Deletes all copies of a call; how many there were."""
        found = list(self._folder.glob(f"{call_id}-*.wav"))
        for path in self._folder.glob(f"{call_id}-*"):
            path.unlink(missing_ok=True)
        return len(found)

    def _make(
        self, sound: Path, peaks: Path, silenced: Sequence[Span], fetch: Callable[[Path], None]
    ) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        draft = self._folder / f".{uuid4().hex}"
        original, made = draft.with_suffix(".original"), draft.with_suffix(".wav")
        try:
            fetch(original)
            lanes, duration_ms = encode(original, made, silenced)
            peaks.write_text(json.dumps(asdict(Peaks(duration_ms, lanes))))
            made.replace(sound)  # a reader sees a whole file or none
        except OSError as error:
            raise RecordingUnusable(f"The recording cannot be made audible here: {error}") from error
        finally:
            # It may hold what nobody may hear.
            for path in (original, made):
                path.unlink(missing_ok=True)

    def _make_room(self, newest: Path) -> None:
        """Deletes the oldest until the rest fits; never the newest, which somebody waits for."""
        with self._lock:
            found = [(path.stat().st_atime, path.stat().st_size, path) for path in self._sounds()]
            total = sum(size for _, size, _ in found)
            for _, size, path in sorted(found):
                if total <= self._most_bytes:
                    break
                if path != newest:
                    path.unlink(missing_ok=True)
                    path.with_suffix(".json").unlink(missing_ok=True)
                    total -= size

    def _sounds(self) -> Iterator[Path]:
        for path in self._folder.glob("[!.]*.wav"):
            with suppress(FileNotFoundError):
                path.stat()
                yield path

    @contextmanager
    def _making(self, name: str) -> Iterator[None]:
        """Lets one of several that want the same copy at once make it."""
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            yield
        with self._lock:
            if not lock.locked():
                self._locks.pop(name, None)


def _key(identity: str, silenced: Sequence[Span]) -> str:
    text = json.dumps([_FORM, identity, list(silenced)])
    return sha256(text.encode()).hexdigest()[:16]
