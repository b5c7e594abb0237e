from collections.abc import Callable

import numpy as np
import pytest

from include.gpu.wire import SegmentKind
from include.gpu_host.ivr.fingerprints import FingerprintLibrary, Match
from include.gpu_host.ivr.landmarks import HOP_MS, landmarks_of, peaks_of, together
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, known, melody, recording, silence

# The first and last landmark that survive lie this near the ends.
EDGE_MS = 1000


def library(*seeds: int) -> FingerprintLibrary:
    return FingerprintLibrary([known(f"m{n}", SegmentKind.HOLD_MUSIC, melody(n)) for n in seeds])


def heard(library: FingerprintLibrary, sound: Sound) -> list[Match]:
    matches = library.matches(peaks_of(recording(sound), 0))
    return sorted(matches, key=lambda match: match.offset + match.first)


@pytest.mark.long
def test_known_audio_is_found_through_the_phone_in_part_and_twice() -> None:
    known_pieces = library(*range(5))
    played = [silence(2), melody(3), silence(3), melody(1)[: 3 * 16_000], silence(3), melody(3)]
    found = heard(known_pieces, as_on_the_phone(np.concatenate(played)))
    assert [known_pieces.pieces[match.piece].name for match in found] == ["m3", "m1", "m3"]
    for match, (start_ms, end_ms) in zip(
        found, [(2000, 8000), (11_000, 14_000), (17_000, 23_000)], strict=True
    ):
        assert match.offset * HOP_MS == pytest.approx(start_ms, abs=20)
        assert (match.offset + match.first) * HOP_MS == pytest.approx(start_ms, abs=EDGE_MS)
        assert (match.offset + match.last) * HOP_MS == pytest.approx(end_ms, abs=EDGE_MS)


@pytest.mark.long
def test_unknown_audio_matches_nothing(speech: Callable[[str], Sound]) -> None:
    for sound in (melody(2), speech("john_dashwood"), silence(3), silence(0), melody(1)[:800]):
        assert heard(library(1), sound) == []
    assert heard(library(), melody(1)) == []


@pytest.mark.long
def test_a_play_across_the_seam_of_two_blocks_is_one() -> None:
    # A block of peaks is 4096 frames of 16 ms.
    [match] = heard(library(1), np.concatenate([silence(62), melody(1), silence(2)]))
    assert (match.first * HOP_MS, match.last * HOP_MS) == (
        pytest.approx(0, abs=300),
        pytest.approx(6000, abs=600),
    )


def test_blocks_of_landmarks_are_those_of_the_whole() -> None:
    peaks = peaks_of(recording(melody(1, 20)), 0)
    [whole], parts = landmarks_of(peaks), together(landmarks_of(peaks, block_peaks=50))
    assert len(whole) > 1000
    assert sorted(zip(whole.hashes, whole.frames, strict=True)) == sorted(
        zip(parts.hashes, parts.frames, strict=True)
    )


@pytest.mark.long
def test_a_librarys_identity_is_its_content() -> None:
    def identity(seed: int, name: str = "a") -> str:
        return FingerprintLibrary([known(name, SegmentKind.PROMPT, melody(seed))]).sha256

    assert identity(1) == identity(1)
    assert len({identity(1), identity(2), identity(1, "b")}) == 3
