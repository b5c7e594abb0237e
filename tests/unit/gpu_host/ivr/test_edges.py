"""What is left of a learned piece beside its cut goes with it; what somebody says there does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.gpu.wire import SegmentKind, Span
from include.gpu_host.audio.recording import Recording
from include.gpu_host.ivr.alignment import Play
from include.gpu_host.ivr.edges import to_pauses
from include.gpu_host.ivr.fingerprints import KnownAudio
from include.gpu_host.ivr.known import Heard

MUSIC = KnownAudio("music", SegmentKind.HOLD_MUSIC, np.zeros(0, dtype=np.int16))
LOUD_DB, SOFT_DB = -20.0, -60.0
FRAME_MS = 16


def recording(*loud: tuple[int, int], length_ms: int = 6000) -> Recording:
    """One channel of noise: loud from when to when in ms, soft elsewhere."""
    noise = np.random.default_rng(0).normal(0, 1, length_ms * 16)
    gain = np.full(length_ms * 16, 10 ** (SOFT_DB / 20))
    for start_ms, end_ms in loud:
        gain[start_ms * 16 : end_ms * 16] = 10 ** (LOUD_DB / 20)
    return Recording.of((noise * gain).astype(np.float32)[None])


def piece(start_ms: int, end_ms: int, *spoken_over: tuple[int, int]) -> Heard:
    over = [Span(start_ms=a, end_ms=b) for a, b in spoken_over]
    return Heard(0, MUSIC, 3.0, Play(start_ms, end_ms, 1.0, over))


def moved(heard: Recording, *pieces: Heard) -> list[tuple[int, int]]:
    return [(one.play.start_ms, one.play.end_ms) for one in to_pauses(heard, pieces)]


def near(start_ms: int, end_ms: int) -> list[tuple[object, object]]:
    return [(pytest.approx(start_ms, abs=FRAME_MS), pytest.approx(end_ms, abs=FRAME_MS))]


def test_a_piece_ends_where_its_sound_does() -> None:
    """Hold music went on for 207 ms after what was learned of it, and was heard with the first words."""
    heard = recording((1000, 3207), (3420, 5000))
    assert moved(heard, piece(1000, 3000)) == near(1000, 3207)


def test_a_piece_begins_where_its_sound_does() -> None:
    assert moved(recording((800, 3000)), piece(1000, 3000)) == near(800, 3000)


def test_what_follows_without_a_pause_is_not_cut() -> None:
    """Longer than the rest of a piece: an agent who speaks as the music stops."""
    assert moved(recording((1000, 4500)), piece(1000, 3000)) == [(1000, 3000)]


def test_a_word_after_a_pause_is_not_cut() -> None:
    assert moved(recording((1000, 3000), (3050, 3250)), piece(1000, 3000)) == [(1000, 3000)]


def test_what_is_spoken_over_keeps_its_edges() -> None:
    heard = recording((1000, 3200))
    assert moved(heard, piece(1000, 3000, (2800, 3000))) == [(1000, 3000)]


def test_a_piece_does_not_grow_into_the_next() -> None:
    found = moved(recording((1000, 3200)), piece(1000, 3000), piece(3100, 3200))
    assert found[0][1] <= 3100 and found[1][0] >= 3000


@pytest.mark.long
@given(
    edges=st.lists(st.integers(0, 374), min_size=4, max_size=8, unique=True),
    loud=st.lists(st.tuples(st.integers(0, 374), st.integers(0, 60)), max_size=4),
)
def test_pieces_grow_by_little_and_keep_their_order(edges: list[int], loud: list[tuple[int, int]]) -> None:
    heard = recording(*((a * 16, (a + length) * 16) for a, length in loud))
    at = sorted(edge * 16 for edge in edges)
    given_pieces = [piece(a, b) for a, b in zip(at[::2], at[1::2], strict=False)]
    found = moved(heard, *given_pieces)
    for (start, end), one in zip(found, given_pieces, strict=True):
        assert 0 <= one.play.start_ms - start <= 320 and 0 <= end - one.play.end_ms <= 320
        assert start >= 0 and end <= 6000
    assert sorted(found) == found
