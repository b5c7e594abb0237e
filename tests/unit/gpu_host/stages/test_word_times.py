"""Words are put where they are spoken: a model hears speech without its pauses, and times words over them.

Mapped back span by span, "Right" of the second test began at 10,000 ms, and not at 30,300 or later.
"""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from include.calls.transcript import Word
from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.stages.word_times import in_original_time, longest_ms


def words(*timed: tuple[str, int, int]) -> list[Word]:
    return [Word(text=f" {text}", start_ms=start, end_ms=end, confidence=1) for text, start, end in timed]


def spans(*edges: tuple[int, int]) -> list[Span]:
    return [Span(start_ms=start, end_ms=end) for start, end in edges]


# Two sentences with a pause of 19 s between them, and 400 ms of silence around each.
HEARD, SPEECH = spans((1000, 11_000), (30_000, 40_000)), spans((1400, 10_600), (30_400, 39_600))


def placed(*timed: tuple[str, int, int]) -> list[tuple[int, int]]:
    return [(word.start_ms, word.end_ms) for word in in_original_time(words(*timed), HEARD, SPEECH)]


def test_words_move_to_the_time_of_the_recording() -> None:
    assert placed(("one", 500, 900), ("two", 9200, 9500), ("three", 10_500, 10_900)) == [
        (1500, 1900),
        (10_200, 10_500),
        (30_500, 30_900),
    ]


def test_the_first_word_after_a_pause_is_not_in_front_of_it() -> None:
    for start_ms, end_ms in ((9000, 10_700), (7000, 11_000), (9000, 11_500), (9600, 10_800)):
        [_, (begins_ms, ends_ms)] = placed(("tomorrow.", 8000, 9000), ("Right", start_ms, end_ms))
        assert 30_300 <= begins_ms < ends_ms == 30_000 + end_ms - 10_000, (start_ms, end_ms)


def test_a_first_word_that_lies_in_the_silence_goes_to_the_speech_that_goes_on_with_it() -> None:
    # The first sentence ends at 9600 of what is heard, the second begins at 10,400.
    assert placed(("tomorrow.", 9000, 9600), ("Right", 9700, 9900), ("so", 10_500, 10_700)) == [
        (10_000, 10_600),
        (30_400, 30_500),
        (30_500, 30_700),
    ]


def test_the_last_word_before_a_pause_is_not_behind_it() -> None:
    for end_ms in (9700, 10_200, 12_000):
        [_, (begins_ms, ends_ms), _] = placed(
            ("see", 8500, 9000), ("tomorrow.", 9000, end_ms), ("Right", 12_000, 12_300)
        )
        assert (begins_ms, 10_000 < ends_ms <= 10_700) == (10_000, True), end_ms


def test_what_is_invented_in_silence_is_not_moved_to_speech() -> None:
    assert placed(("tomorrow.", 9000, 9500), ("Bye.", 9750, 9950)) == [(10_000, 10_500), (10_750, 10_950)]


def test_a_word_that_lasts_seconds_is_its_end() -> None:
    # What it lies over was not understood: it can be heard again.
    [(begins_ms, ends_ms)] = placed(("okay", 1000, 7000))
    assert (begins_ms, ends_ms) == (8000 - longest_ms("okay"), 8000)


def test_figures_take_longer_than_letters() -> None:
    assert longest_ms("1985") >= 2000 > longest_ms("year")


pause_ms, speech_ms = st.integers(800, 60_000), st.integers(200, 15_000)
some_speech = st.lists(st.tuples(pause_ms, speech_ms), min_size=1, max_size=6)
some_words = st.lists(
    st.tuples(st.sampled_from(["a", "Hello", "bye.", "1299", "unfortunately"]), st.integers(0, 9000)),
    max_size=20,
)


@given(some_speech, some_words, st.integers(0, 400))
def test_words_are_in_order_within_one_span_and_touch_its_speech(
    pauses: list[tuple[int, int]], said: list[tuple[str, int]], margin_ms: int
) -> None:
    speech, at_ms = [], 0
    for pause, length in pauses:
        speech.append(Span(start_ms=at_ms + pause, end_ms=at_ms + pause + length))
        at_ms = speech[-1].end_ms
    heard = [Span(start_ms=s.start_ms - margin_ms, end_ms=s.end_ms + margin_ms) for s in speech]
    heard = timeline.joined(heard)
    timed, begin_ms = [], 0
    for text, length in said:
        end_ms = min(begin_ms + length, timeline.total_ms(heard))
        timed.append((text, begin_ms, end_ms))
        begin_ms = end_ms
    found = in_original_time(words(*timed), heard, speech)
    assert [word.text for word in found] == [f" {text}" for text, *_ in timed]
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(found))
    for word, (text, start_ms, end_ms) in zip(found, timed, strict=True):
        assert any(span.start_ms <= word.start_ms <= word.end_ms <= span.end_ms for span in heard), word
        assert word.end_ms - word.start_ms <= min(longest_ms(text), end_ms - start_ms)
