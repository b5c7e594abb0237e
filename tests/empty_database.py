"""SQLite databases with all tables and no rows: a process migrates one, and copies it from then on."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from include.database.migrations import upgrade


def empty_database(file: Path) -> str:
    """Makes a database; its URL."""
    return f"sqlite:///{shutil.copy(_migrated(), file)}"


@cache
def _migrated() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cofi-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "cofi.db"
    upgrade(f"sqlite:///{file}", say=lambda _: None)
    return file
