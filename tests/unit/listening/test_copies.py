"""Listening copies: silent where they must be, whole, few, and of nothing else's content."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import RecordingUnusable, StoreFault
from include.listening.copies import Copies
from include.listening.encoding import encode

RATE_HZ = 8000
Fetch = Callable[[Path], None]


def _tone(path: Path, seconds: float = 3.0, channels: int = 2, **how: str) -> Path:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = 0.5 * np.sin(2 * np.pi * 440 * times)[:, None].repeat(channels, axis=1)
    soundfile.write(path, samples, RATE_HZ, **how)
    return path


def _fetch(path: Path) -> Fetch:
    return lambda to: shutil.copy(path, to)


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 800)), max_size=4))
def test_what_must_not_be_heard_is_silent_and_all_else_is_there(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    spans = sorted((start, start + length) for start, length in drawn)
    encode(_tone(folder / "a.wav"), folder / "made.wav", spans)
    made, rate_hz = soundfile.read(folder / "made.wav")
    hidden = np.zeros(len(made), dtype=bool)
    for start, end in spans:
        hidden[start * rate_hz // 1000 : -(-end * rate_hz // 1000)] = True
    assert not made[hidden].any()
    # Each half wave of the tone is heard.
    heard = np.abs(made[~hidden]).max(initial=0.0)
    assert heard > 0.4 or hidden.mean() > 0.99


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.wav", {"subtype": "ULAW"}),
        ("a.wav", {"subtype": "ALAW"}),
        ("a.wav", {"subtype": "IMA_ADPCM"}),
        ("a.flac", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
    ],
)
def test_whatever_was_recorded_becomes_pcm_of_the_same_length(
    tmp_path: Path, name: str, how: dict[str, str]
) -> None:
    lanes, duration_ms = encode(_tone(tmp_path / name, **how), tmp_path / "made.wav", [])
    info = soundfile.info(tmp_path / "made.wav")
    assert (info.subtype, info.channels, len(lanes)) == ("PCM_16", 2, 2)
    assert abs(duration_ms - 3000) < 100
    assert abs(info.duration - duration_ms / 1000) < 0.01


def test_gsm_as_asterisk_writes_it_becomes_pcm(tmp_path: Path) -> None:
    path = _tone(tmp_path / "a.wav", channels=1, subtype="GSM610")
    assert abs(encode(path, tmp_path / "made.wav", [])[1] - 3000) < 100


def test_peaks_are_where_the_sound_is(tmp_path: Path) -> None:
    samples = np.zeros((RATE_HZ * 4, 2))
    samples[RATE_HZ : 2 * RATE_HZ, 0] = 0.9
    samples[3 * RATE_HZ :, 1] = 0.25
    soundfile.write(tmp_path / "a.wav", samples, RATE_HZ)
    (left, right), _ = encode(tmp_path / "a.wav", tmp_path / "made.wav", [])
    quarter = len(left) // 4
    loud = [[max(lane[n * quarter + 2 : (n + 1) * quarter - 2]) for n in range(4)] for lane in (left, right)]
    assert loud == [[0, 242, 0, 0], [0, 0, 0, 128]]


def test_of_several_who_want_a_copy_at_once_one_makes_it(tmp_path: Path) -> None:
    copies, fetched = Copies(tmp_path / "kept", 100), []
    source = _tone(tmp_path / "a.wav")

    def fetch(to: Path) -> None:
        fetched.append(to)
        shutil.copy(source, to)

    wanted = [threading.Thread(target=lambda: copies.get("call-1", "content", [], fetch)) for _ in range(6)]
    for one in wanted:
        one.start()
    for one in wanted:
        one.join()
    assert len(fetched) == 1
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_another_content_or_silence_is_another_copy(tmp_path: Path) -> None:
    copies, fetch = Copies(tmp_path / "kept", 100), _fetch(_tone(tmp_path / "a.wav"))
    made = {
        copies.get("call-1", identity, spans, fetch).sound
        for identity in ("one", "two")
        for spans in ([], [(0, 100)], [(0, 200)])
    }
    assert len(made) == 6
    assert copies.forget("call-1") == 6
    assert not list((tmp_path / "kept").iterdir())


def test_what_was_not_heard_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    copies, fetch = Copies(tmp_path / "kept", 0.2), _fetch(_tone(tmp_path / "a.wav"))  # 94 KiB each
    first, second = (copies.get(name, "content", [], fetch).sound for name in ("call-1", "call-2"))
    assert copies.get("call-1", "content", [], fetch).sound == first
    third = copies.get("call-3", "content", [], fetch).sound
    assert [path.is_file() for path in (first, second, third)] == [True, False, True]


def test_one_that_is_larger_than_all_room_is_still_heard(tmp_path: Path) -> None:
    made = Copies(tmp_path / "kept", 0.01).get("call-1", "content", [], _fetch(_tone(tmp_path / "a.wav")))
    assert made.sound.is_file()


@pytest.mark.parametrize("error", [StoreFault("away"), RecordingUnusable("broken")])
def test_nothing_is_left_of_what_could_not_be_made(tmp_path: Path, error: Exception) -> None:
    def fetch(to: Path) -> None:
        to.write_bytes(b"half of a recording")
        raise error

    with pytest.raises(type(error)):
        Copies(tmp_path / "kept", 100).get("call-1", "content", [], fetch)
    assert not list((tmp_path / "kept").iterdir())


def test_the_original_is_not_kept_and_nobody_else_reads_the_copy(tmp_path: Path) -> None:
    made = Copies(tmp_path / "kept", 100).get("call-1", "content", [], _fetch(_tone(tmp_path / "a.wav")))
    assert sorted(path.suffix for path in (tmp_path / "kept").iterdir()) == [".json", ".wav"]
    assert made.sound.stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


def test_what_is_no_sound_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound at all")
    with pytest.raises(RecordingUnusable):
        Copies(tmp_path / "kept", 100).get("call-1", "content", [], _fetch(tmp_path / "a.wav"))
