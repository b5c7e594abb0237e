"""What is no recording is called by its name, and no sound is taken for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.audio_files.kinds import kind_of, unreadable_kind
from tests.unit.calls.odd_files import AUDITED, random_bytes, raw


@pytest.mark.long
@pytest.mark.parametrize("name", AUDITED)
def test_no_recording_is_taken_for_something_else(name: str) -> None:
    assert kind_of(AUDITED[name]()[: 64 * 1024]) is None


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_16", "PCM_U8"])
def test_samples_alone_are_neither_text_nor_encrypted(subtype: str) -> None:
    begin = raw(subtype)[: 64 * 1024]
    assert kind_of(begin) is None
    assert unreadable_kind(begin).what.startswith("in no format that is known")


def test_loud_noise_is_not_taken_for_encrypted() -> None:
    noise = np.clip(np.random.default_rng(1).normal(0, 8000, 32_768), -32_768, 32_767).astype("<i2").tobytes()
    assert "encrypted" not in unreadable_kind(noise).what
    assert "encrypted" in unreadable_kind(random_bytes(65_536)).what


@pytest.mark.long
@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=200))
def test_any_text_is_a_text(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        kind = kind_of(text.encode(encoding))
        assert kind is not None, encoding


@given(st.binary(max_size=200))
def test_no_bytes_bring_it_down(begin: bytes) -> None:
    kind_of(begin)
    assert unreadable_kind(begin).mend
