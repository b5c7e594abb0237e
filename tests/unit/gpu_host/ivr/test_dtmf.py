from collections.abc import Callable

import numpy as np
import pytest

from include.gpu_host.ivr.dtmf import Entry, entries
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, keyed, melody, recording, silence

Speech = Callable[[str], Sound]


def keys(sound: Sound) -> list[Entry]:
    return entries(recording(sound), 0)


def test_every_key_is_read_and_entries_are_parted() -> None:
    heard = np.concatenate([silence(1), keyed("0123456789"), silence(4), keyed("*#ABCD")])
    first, second = keys(as_on_the_phone(heard))
    assert (first.digits, second.digits) == ("0123456789", "*#ABCD")
    assert first.start_ms == pytest.approx(1000, abs=25)
    assert second.start_ms == pytest.approx(1000 + 1600 + 4000, abs=25)
    assert first.end_ms == pytest.approx(1000 + 1600 - 80, abs=25)
    assert 0.6 < first.confidence <= 1


def test_nothing_is_read_in_speech_music_silence_or_crosstalk(speech: Speech) -> None:
    quiet, short = keyed("123", level=0.001), keyed("5", tone_ms=25)
    for sound in (speech("john_dashwood"), melody(1), silence(2), silence(0), quiet, short):
        assert keys(sound) == []


def test_repeated_digits_are_counted() -> None:
    assert keys(keyed("1100"))[0].digits == "1100"


@pytest.mark.parametrize("late_ms", range(-120, 40, 20))
def test_a_key_at_the_seam_of_two_blocks_is_read_once(late_ms: int) -> None:
    found = keys(np.concatenate([silence(30 + late_ms / 1000), keyed("7"), silence(1)]))
    assert [entry.digits for entry in found] == ["7"]
    assert found[0].end_ms - found[0].start_ms == pytest.approx(80, abs=30)
