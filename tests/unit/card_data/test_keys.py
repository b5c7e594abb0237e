"""What is keyed: long entries become counts, choices in a menu stay."""

import pytest

from include.card_data.keys import masked_keys
from include.gpu.wire import Segment, SegmentKind


def keyed(label: str, at_s: float, channel: int = 1) -> Segment:
    start_ms = round(at_s * 1000)
    return Segment(
        start_ms=start_ms,
        end_ms=start_ms + 2000,
        kind=SegmentKind.DTMF,
        confidence=0.9,
        label=label,
        channel=channel,
    )


def labels(*segments: Segment) -> list[str]:
    masked = masked_keys(segments)
    assert masked_keys(masked) == masked
    blank = [segment.model_copy(update={"label": ""}) for segment in segments]
    assert [segment.model_copy(update={"label": ""}) for segment in masked] == blank
    return [segment.label for segment in masked]


def test_a_card_number_and_the_code_after_it_are_counts() -> None:
    assert labels(keyed("1", 0), keyed("5105105105105100#", 30), keyed("123", 60), keyed("2", 90)) == [
        "1",
        "16 digits keyed",
        "3 digits keyed",
        "2",
    ]
    assert labels(keyed("378282246310005", 30), keyed("1234#", 60)) == ["15 digits keyed", "4 digits keyed"]


@pytest.mark.parametrize("length", range(6, 25))
def test_every_long_entry_is_a_count(length: int) -> None:
    assert labels(keyed("1" * length, 10)) == [f"{length} digits keyed"]


def test_short_entries_stay_where_no_card_number_is_keyed() -> None:
    assert labels(keyed("1", 0), keyed("42#", 30), keyed("1234", 60), keyed("45201", 90)) == [
        "1",
        "42#",
        "1234",
        "45201",
    ]
    assert labels(keyed("123456", 0), keyed("1234", 60)) == ["6 digits keyed", "1234"]


def test_what_looks_like_a_code_before_the_number_stays() -> None:
    assert labels(keyed("1234", 0), keyed("4111111111111111", 60)) == ["1234", "16 digits keyed"]


def test_a_number_keyed_group_by_group_or_slowly_is_one() -> None:
    groups = [keyed("5105", 10), keyed("1051", 16), keyed("0510", 22), keyed("5100", 28), keyed("123", 60)]
    assert labels(*groups) == [*["4 digits keyed"] * 4, "3 digits keyed"]
    slowly = [keyed(digit, 10 + 6 * n) for n, digit in enumerate("4111111111111111")]
    assert labels(*slowly) == ["1 digit keyed"] * 16


def test_the_order_of_segments_does_not_matter() -> None:
    assert labels(keyed("123", 60), keyed("4111111111111111", 10)) == ["3 digits keyed", "16 digits keyed"]


def test_other_segments_stay() -> None:
    prompt = Segment(
        start_ms=0, end_ms=9, kind=SegmentKind.PROMPT, confidence=1, label="menu-2026-11-16-version-12"
    )
    assert masked_keys([prompt]) == [prompt]
