"""What the worker processes of the tests do; they import it by name."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from include.errors import InvalidInput, RecordingUnusable


class Handler:
    """A job is a word and what belongs to it."""

    def __init__(self) -> None:
        self.about = {"pid": os.getpid()}
        self._together = threading.Barrier(2)

    def __call__(self, job: tuple[str, Any]) -> Any:
        word, value = job
        match word:
            case "echo":
                return value
            case "meet":
                return self._together.wait(10)
            case "unusable":
                raise RecordingUnusable(value)
            case "bug":
                raise RuntimeError(value)
            case "memory":
                raise MemoryError
            case "crash":
                crash()
            case "crash once":
                if not Path(value).exists():
                    Path(value).touch()
                    crash()
            case "append":
                with Path(value).open("a") as file:
                    file.write("x")
            case "until there is":
                while not Path(value).exists():
                    time.sleep(0.01)
            case "sleep":
                time.sleep(value)
        return "done"


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)  # another thread may be the one that takes the signal


def cannot_load() -> Handler:
    raise InvalidInput("There are no weights.")


def exits() -> Handler:
    os._exit(3)
