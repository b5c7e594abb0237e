"""Word errors: how they are counted, shared out over pieces, and compared."""

import math

import pytest

from tests.benchmarks.speech.scoring import (
    Counted,
    difference,
    errors_by_unit,
    plain_words_of,
    same_words,
    total,
    words_of,
)


def test_a_number_in_words_is_the_number_in_digits() -> None:
    assert words_of("Press two, por favor.", "en") == words_of("press 2 por favor", "en")
    assert plain_words_of("Press two") != plain_words_of("Press 2")


def test_what_is_in_brackets_is_not_spoken() -> None:
    assert words_of("Hang up. (simple tone sound plays)", "en") == ["hang", "up"]


def test_errors_fall_on_the_piece_in_which_they_are() -> None:
    pieces = [["a", "b", "c"], ["d", "e"], ["f"]]
    counted = errors_by_unit(pieces, ["a", "x", "c", "d", "f"])
    assert counted == [Counted(3, 1), Counted(2, 1), Counted(1, 0)]


def test_words_too_many_fall_on_the_piece_before_them() -> None:
    pieces = [["a", "b"], ["c"]]
    assert errors_by_unit(pieces, ["a", "b", "x", "y", "c"]) == [Counted(2, 2), Counted(1, 0)]
    assert errors_by_unit(pieces, ["x", "a", "b", "c"]) == [Counted(2, 1), Counted(1, 0)]


def test_nothing_heard_is_every_word_wrong() -> None:
    assert errors_by_unit([["a", "b"]], []) == [Counted(2, 2)]
    with pytest.raises(ValueError, match="No piece"):
        errors_by_unit([[]], ["a"])


def test_a_long_recording_counts_for_more() -> None:
    assert total([Counted(9, 0), Counted(1, 1)]).wer == pytest.approx(0.1)
    assert math.isnan(total([]).wer)


def test_words_heard_right_are_paired_by_position() -> None:
    assert same_words(["a", "b", "c"], ["x", "a", "c"])[-1] == (2, 2)
    assert same_words(["a", "b"], ["a", "b"]) == [(0, 0), (1, 1)]


def test_the_interval_is_around_the_difference() -> None:
    alone = [Counted(10, 2)] * 40
    worse = [Counted(10, 3 if n % 2 else 5) for n in range(40)]
    interval = difference(alone, worse)
    assert 0.1 < interval.low < 0.2 < interval.high < 0.3
    better = difference(worse, alone)
    assert better.high < 0 < interval.low


def test_the_same_is_no_difference() -> None:
    alone = [Counted(10, n % 3) for n in range(20)]
    assert difference(alone, alone).low == difference(alone, alone).high == 0
