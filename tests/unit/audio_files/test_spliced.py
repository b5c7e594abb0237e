"""Parts of a file read as a file of their own does."""

import io

from hypothesis import given
from hypothesis import strategies as st

from include.audio_files.spliced import SplicedFile

CONTENT = bytes(range(200))
SPANS = st.lists(st.tuples(st.integers(0, 150), st.integers(0, 50)), max_size=4)
MOVES = st.lists(st.tuples(st.integers(0, 220), st.integers(-1, 60)), max_size=8)


@given(head=st.binary(max_size=10), spans=SPANS, moves=MOVES)
def test_it_reads_as_their_sum(
    head: bytes, spans: list[tuple[int, int]], moves: list[tuple[int, int]]
) -> None:
    whole = head + b"".join(CONTENT[start : start + length] for start, length in spans)
    spliced, plain = SplicedFile(head, io.BytesIO(CONTENT), spans), io.BytesIO(whole)

    assert spliced.size_bytes == len(whole)
    for at, size in moves:
        assert spliced.seek(at) == plain.seek(at)
        assert spliced.read(size) == plain.read(size)
        assert spliced.tell() == plain.tell()
    assert spliced.seek(0, io.SEEK_END) == len(whole)
    spliced.seek(0)
    buffer = bytearray(len(whole))
    assert spliced.readinto(buffer) == len(whole)
    assert buffer == whole


def test_a_place_before_the_beginning_is_none() -> None:
    spliced = SplicedFile(b"abc", io.BytesIO(CONTENT), [(0, 9)])
    assert spliced.seek(-1) == -1
    assert spliced.tell() == 0
