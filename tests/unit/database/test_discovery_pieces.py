"""A day is found, compared and recorded some calls at a time: how many at a time makes no difference."""

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from include.calls import discovery, on_disk
from include.calls.day_folder import DayFolder, sha256_of_files
from include.calls.discovery import find_recordings
from include.calls.discovery_rules import Redo
from include.calls.duplicates import mark_duplicates
from include.calls.on_disk import DiskDict, DiskList, at_once
from include.calls.recorders.loading import load_recorder
from include.database import calls
from include.database.batches import Batch, open_batch
from tests.unit.calls.site import RULES, recording
from tests.unit.database.seeding import DAY, Day

pytestmark = pytest.mark.long

CONTENTS = [
    *(recording(seed=seed) for seed in range(6)),
    *(recording(0.5), recording(channels=2), b"", b"RIFF broken"),
]
NOW = datetime(2026, 11, 17, tzinfo=UTC)
TOMORROW = date(2026, 11, 17)


def files(dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """Recordings, sides, copies, sidecars, and what else lies in folders."""
    for number in range(dice.randrange(3, 25)):
        stem = dice.choice(["", "sub/"]) + dice.choice("abé") + str(dice.randrange(4))
        kind = dice.randrange(8)
        if kind < 3:
            yield stem + dice.choice([".wav", ".mp3"]), dice.choice(CONTENTS)
        elif kind < 5:
            for side in dice.sample(["_in.wav", "_out.wav", ".wav"], dice.randrange(1, 4)):
                yield stem + side, dice.choice(CONTENTS)
        elif kind == 5:
            yield f"{stem}.wav.part", b"RIFF"
        elif kind == 6:
            yield stem + dice.choice([".json", "_in.json"]), f'{{"agent": "Ann {number}"}}'.encode()
        else:
            yield dice.choice(["notes.txt", ".hidden.wav", f"{stem}.pdf"]), b"x"


def rearrange(folder: Path, dice: random.Random) -> None:
    """Files come, go, and are named in the manifest."""
    for name, content in files(dice):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        written_s = NOW.timestamp() - 3600 * dice.randrange(1, 100)
        os.utime(folder / name, (written_s, written_s))
    there = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    for name in dice.sample(there, dice.randrange(min(3, len(there)))):
        (folder / name).unlink()
    named = dice.sample([*there, "gone.wav", "A0.WAV"], 3)
    (folder / "manifest.csv").write_text("file,agent\n" + "".join(f"{name},Bob\n" for name in named))


def looked(day: Day, which: date, root: Path, **rules: Any) -> list[Any]:
    """What comes of a look at a day."""
    database, batch = day.database, Batch(f"run-{which}", which, "file:///calls", {})
    database.write(lambda c: open_batch(c, batch))
    folder = DayFolder(which, LocalFileSystem(), f"{root}/{which}", f"file:///calls/{which}")
    known = database.read(lambda c: DiskDict((call.path, call) for call in calls.calls_of_day(c, which)))
    wanted = replace(RULES, recorder=load_recorder("plain"), **rules)
    found = find_recordings(folder, wanted, known, NOW)
    others = database.read(lambda c: calls.originals_of_other_days(c, which, list(found.recordings)))

    def sha256(call: Any) -> str | None:
        paths = [part.path for part in call.parts] or [call.path]
        try:
            return sha256_of_files(folder.filesystem, [f"{root}/{call.day}/{path}" for path in paths])
        except OSError:
            return None

    marked = DiskList((call.call_id, call) for call in mark_duplicates(found.recordings, others, sha256))
    with database.writing() as connection:
        for some in at_once(marked, on_disk._ROWS_AT_ONCE):
            calls.record_discovery(connection, batch.batch_id, some, known)
    rows = database.read(lambda c: sorted(map(str, map(asdict, calls.calls_of_day(c, which)))))
    told = [found.being_written, found.ignored, found.problems]
    return [rows, found.files, *map(list, told)]


def nights(day: Day, root: Path, seed: int) -> list[list[Any]]:
    """Two days, looked at three times each, while their files change."""
    dice, seen = random.Random(seed), []
    day.clear()
    for which in (DAY, TOMORROW):
        for _ in range(3):
            rearrange(root / str(which), dice)
            redo, limit = dice.choice([Redo.SKIP, Redo.SKIP, Redo.ALL]), dice.choice([None, None, 4])
            seen.append(looked(day, which, root, redo=redo, limit=limit))
    shutil.rmtree(root)
    return seen


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_any_size_come_to_the_same(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    whole = nights(day, tmp_path / "calls", seed)
    assert any(rows for rows, *_ in whole)
    for module, name in (
        (discovery, "_WAITING"),
        (calls, "_ROWS_AT_ONCE"),
        (on_disk, "_ROWS_AT_ONCE"),
        (on_disk, "_IN_MEMORY"),
    ):
        monkeypatch.setattr(module, name, 1 + seed)
    assert nights(day, tmp_path / "calls", seed) == whole
