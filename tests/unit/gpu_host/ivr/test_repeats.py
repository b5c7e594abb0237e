import numpy as np
import pytest

from include.gpu_host.ivr.landmarks import HOP_MS, Landmarks, landmarks_of, peaks_of, together
from include.gpu_host.ivr.repeats import RepeatIndex
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody, recording, silence

pytestmark = pytest.mark.long


def landmarks(sound: Sound) -> Landmarks:
    return together(landmarks_of(peaks_of(recording(sound), 0)))


def test_what_was_heard_before_is_found_with_its_offset() -> None:
    index = RepeatIndex()
    index.add(7, landmarks(as_on_the_phone(np.concatenate([melody(5), melody(1), melody(6)]))))
    index.add(9, landmarks(melody(8)))
    heard = as_on_the_phone(np.concatenate([silence(2), melody(1), melody(9)]), seed=1)
    [repeat] = index.repeats(landmarks(heard))
    assert repeat.other == 7
    assert repeat.offset * HOP_MS == pytest.approx(-4000, abs=20)
    assert repeat.first * HOP_MS == pytest.approx(2000, abs=500)
    assert repeat.last * HOP_MS == pytest.approx(8000, abs=1000)


def test_new_audio_repeats_nothing() -> None:
    index = RepeatIndex()
    assert index.repeats(landmarks(melody(1))) == []
    index.add(1, landmarks(melody(1, 20)))
    assert index.repeats(landmarks(melody(2, 20))) == []
    assert index.repeats(landmarks(silence(5))) == []


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    of = [landmarks(melody(n, 2)) for n in range(40)]
    index = RepeatIndex(capacity=10 * len(of[0]))
    for n, some in enumerate(of):
        index.add(n, some)
    found = [bool(index.repeats(some)) for some in of]
    assert not any(found[:20])
    assert all(found[-5:])
