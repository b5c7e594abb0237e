"""What running writes is for its owner alone: keys, transcripts, logs, databases."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Of every process that is started, too.
UMASK = 0o077


@contextmanager
def written_privately() -> Iterator[None]:
    """What this process writes meanwhile, nobody else can read."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> int:
    """Takes everybody else's rights from a folder and all that is in it; how many entries had given some.

    What belongs to another user stays as it is.
    """
    mended = 0
    for entry in (folder, *folder.rglob("*")):
        if entry.is_symlink() or not entry.exists():
            continue
        found = entry.stat()
        if found.st_mode & UMASK and found.st_uid == os.getuid():
            entry.chmod(found.st_mode & 0o700)
            mended += 1
    return mended
