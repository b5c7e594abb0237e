"""Which calls are canaries, whose night it is, and that a night's requests are its own."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from include.errors import InvalidInput
from include.judge.canaries import canary_identity, night_of, read_canaries

DAY = date(2026, 11, 16)
GOLD = {(DAY, "a.wav"): {"closing": "yes"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    head = "day,file,criterion,answer"
    (tmp_path / "one.csv").write_text(
        f"{head}\n2026-11-16,a.wav,no_abuse,no\n2026-11-17,sub/b.wav,closing,no\n"
    )
    (tmp_path / "two.csv").write_text(f"{head}\n2026-11-18,c.wav,closing,yes\n")
    (tmp_path / "notes.txt").write_text("no labels")
    return tmp_path


def test_none_by_default() -> None:
    read = read_canaries("  ", GOLD)
    assert (read.calls, read.labels) == ((), GOLD)


def test_calls_are_named_by_day_and_path() -> None:
    read = read_canaries("2026-11-17/sub/b.wav, 2026-11-16/a.wav\n2026-11-16/a.wav,", GOLD)
    assert read.calls == ((DAY, "a.wav"), (date(2026, 11, 17), "sub/b.wav"))
    assert read.labels == GOLD


def test_a_file_names_calls_and_brings_their_labels(folder: Path) -> None:
    read = read_canaries(str(folder / "one.csv"), GOLD)
    assert read.calls == ((DAY, "a.wav"), (date(2026, 11, 17), "sub/b.wav"))
    assert read.labels[DAY, "a.wav"] == {"closing": "yes", "no_abuse": "no"}
    assert read.labels[date(2026, 11, 17), "sub/b.wav"] == {"closing": "no"}


def test_a_folder_is_all_its_files(folder: Path) -> None:
    read = read_canaries(f"{folder}, 2026-11-20/d.wav", {})
    assert [path for _, path in read.calls] == ["a.wav", "sub/b.wav", "c.wav", "d.wav"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a.wav", "a.wav: there is no such file or folder, nor does it begin with a day"),
        ("2026-02-30/a.wav", "2026-02-30 is no day"),
        ("/nowhere", "/nowhere: there is no such file"),
    ],
)
def test_what_is_neither_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_canaries(text, {})


def test_a_folder_without_labels_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the folder holds no"):
        read_canaries(str(tmp_path), {})
    (tmp_path / "x.csv").write_text("nothing\n")
    with pytest.raises(InvalidInput, match="have no column day"):
        read_canaries(str(tmp_path), {})


@pytest.mark.parametrize(
    ("hour", "zone", "night"),
    [(23, "UTC", 16), (23, "Europe/Madrid", 17), (2, "America/New_York", 15)],
)
def test_the_night_is_the_sites_date_at_the_opening(hour: int, zone: str, night: int) -> None:
    assert night_of(datetime(2026, 11, 16, hour, 30, tzinfo=UTC), zone) == date(2026, 11, night)


def test_a_nights_request_is_its_own_and_the_same_all_night() -> None:
    one = canary_identity("a" * 64, DAY)
    assert one == canary_identity("a" * 64, DAY) and len(one) == 64
    assert (
        len({one, "a" * 64, canary_identity("b" * 64, DAY), canary_identity("a" * 64, date(2026, 11, 17))})
        == 4
    )
