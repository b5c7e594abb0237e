"""What running writes is for its owner alone."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from include.database.engine import Database
from include.demo.privacy import make_private, written_privately
from include.demo.processes import Processes

ROOT = Path(__file__).parents[3]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask() -> None:
    """As most machines have it."""
    os.umask(0o022)


def test_what_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    (folder / "logs").mkdir(parents=True, mode=0o755)
    (folder / "logs" / "log").touch(mode=0o644)
    (folder / "run.sh").touch(mode=0o755)
    (tmp_path / "others").touch(mode=0o644)
    (folder / "elsewhere").symlink_to(tmp_path / "others")
    assert make_private(folder) == 4
    assert [mode(folder / name) for name in (".", "logs", "logs/log", "run.sh")] == [
        0o700,
        0o700,
        0o600,
        0o700,
    ]
    assert mode(tmp_path / "others") == 0o644, "what a link leads to is not part of it"
    assert make_private(folder) == 0


def test_what_is_written_meanwhile_is_private_and_afterwards_as_before(tmp_path: Path) -> None:
    with written_privately():
        (tmp_path / "one").touch()
    (tmp_path / "two").touch()
    assert (mode(tmp_path / "one"), mode(tmp_path / "two")) == (0o600, 0o644)


def test_what_a_started_process_writes_is_private(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "stack")
    written = tmp_path / "written"
    program = f"open({str(written)!r}, 'w').close(); print('done', flush=True)"
    processes.start("one", [sys.executable, "-c", program], os.environ, tmp_path)
    deadline_s = time.monotonic() + 60
    while not written.exists() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    processes.end()
    assert mode(written) == 0o600


def test_a_new_database_is_for_its_owner_and_so_are_its_other_files(tmp_path: Path) -> None:
    file = tmp_path / "cofi.db"
    database = Database(f"sqlite:///{file}")
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE some (thing INTEGER)"))
        files = sorted(tmp_path.iterdir())
        assert len(files) == 3
        assert {mode(one) for one in files} == {0o600}
    database.close()


@pytest.mark.parametrize("variables", [{}, {"CLEAN": "no"}])
def test_make_clean_deletes_nothing_that_nobody_said(tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "var").mkdir()
    words = [f"{name}={value}" for name, value in variables.items()]
    command = [
        "make",
        "-o",
        ".venv/installed",
        "-f",
        ROOT / "Makefile",
        "--no-print-directory",
        "clean",
        *words,
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "say so with CLEAN=yes" in done.stderr
    assert (tmp_path / "var").exists()
