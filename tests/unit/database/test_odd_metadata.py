"""What a manifest or sidecar says of a call costs at most itself: the day is recorded all the same."""

import json
import random
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from include.calls.duplicates import mark_duplicates
from include.database.models import CallRow
from tests.unit.calls.site import Site, recording
from tests.unit.database.seeding import Day

FIELDS = ("agent", "agent_id", "team", "queue", "interaction_id")
# Letters of three bytes that no index can compress.
LONG = "".join(random.Random(1).choices([chr(code) for code in range(0x4E00, 0x9F00)], k=1000))
TOLD: dict[str, dict[str, object]] = {
    **{f"a long {field}": {field: LONG} for field in FIELDS},
    "a long list of agents": {"agent": [LONG] * 9},
    "a long list of tags": {"tags": [LONG] * 99},
    "no day at all": {"started_at": "0001-01-01T00:00:00+14:00"},
    "no end": {"ended_at": "9999-12-31T23:59:59-05:00"},
    "a hold without an end": {"hold_s": "9" * 400 + ":00:00"},
    "a number that no column holds": {"hold_s": 10**250, "campaign": 10**250},
    "a NUL and half a character": {"agent": "a\0b", "c\0d": "\ud800", "e": {"f\0": "\udc00"}},
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(LocalFileSystem(), str(tmp_path / "2026-11-16"), "file")
    for name in ("a.wav", "b.wav"):
        made.put(name, recording(seed=ord(name[0])))
    return made


def recorded(day: Day, site: Site) -> dict[str, dict[str, object]]:
    day.discover(*mark_duplicates(site.discover().recordings, [], lambda _: None))
    return {row["path"]: row for row in day.rows(CallRow)}


@pytest.mark.parametrize("odd", TOLD)
def test_what_a_sidecar_says_is_stored(day: Day, site: Site, odd: str) -> None:
    site.put("a.json", json.dumps(TOLD[odd]).encode())
    assert {path: row["state"] for path, row in recorded(day, site).items()} == {
        "a.wav": "pending",
        "b.wav": "pending",
    }


@pytest.mark.parametrize(
    "cells",
    [
        *(f"file,agent\na.wav,{LONG}\n", f"file,interaction_id\na.wav,{LONG}\n"),
        *("file,started_at\na.wav,0001-01-01 00:00:00\n", "file,ended_at\na.wav,9999-12-31T23:59:59-05:00\n"),
        f"file,hold_s\na.wav,{'9' * 400}:00:00\n",
        f"file,agent\n{LONG}.wav,Dana\n",
    ],
)
def test_what_a_manifest_says_is_stored(day: Day, site: Site, cells: str) -> None:
    site.put("manifest.csv", cells.encode())
    assert {path: row["state"] for path, row in recorded(day, site).items()} == {
        "a.wav": "pending",
        "b.wav": "pending",
    }


def test_a_file_that_no_database_could_look_for_is_told_and_stops_no_other(day: Day, site: Site) -> None:
    path = "/".join([LONG[at : at + 80] for at in range(0, 1000, 80)]) + ".wav"
    site.put(path, recording(seed=3))
    assert list(recorded(day, site)) == ["a.wav", "b.wav"]
    (ignored,) = site.discover().ignored
    assert (ignored.path, ignored.reason) == (path, "its path has more than 2,500 bytes: shorten it")
