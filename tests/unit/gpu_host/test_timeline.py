from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import ChannelRole
from include.calls.transcript import Word
from include.gpu.wire import Span
from include.gpu_host import timeline, turns

AGENT, CUSTOMER = ChannelRole.AGENT, ChannelRole.CUSTOMER


def span(start_ms: int, end_ms: int) -> Span:
    return Span(start_ms=start_ms, end_ms=end_ms)


spans = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 100)).map(lambda t: span(t[0], t[0] + t[1])), max_size=8
)


def covered(of: list[Span]) -> set[int]:
    return {ms for s in of for ms in range(s.start_ms, s.end_ms)}


@given(spans, spans)
def test_span_arithmetic_is_set_arithmetic(some: list[Span], others: list[Span]) -> None:
    assert covered(timeline.joined(some)) == covered(some)
    left = timeline.without(some, others)
    assert covered(left) == covered(some) - covered(others)
    for result in (timeline.joined(some), left):
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(result))


@given(spans.map(timeline.joined).filter(bool))
def test_every_kept_sample_maps_back_to_where_it_was(kept: list[Span]) -> None:
    original = np.arange(0, 700, 1 / 16, dtype=np.float64).astype(np.float32)  # its own time in ms
    heard = timeline.cut_out(original, kept)
    assert len(heard) == timeline.total_ms(kept) * 16
    for start_ms in range(timeline.total_ms(kept)):
        assert timeline.original_span(kept, start_ms, start_ms + 1).start_ms == heard[start_ms * 16]


def test_a_word_across_a_cut_is_not_stretched_over_it() -> None:
    kept = [span(0, 1000), span(9000, 10_000)]
    assert timeline.original_span(kept, 700, 1100) == span(700, 1000)
    assert timeline.original_span(kept, 900, 1300) == span(9000, 9300)
    assert timeline.original_span(kept, 1900, 2500) == span(9900, 10_000)
    assert timeline.original_span(kept, 2400, 2500) == span(10_000, 10_000)


def test_silenced_leaves_the_original_alone() -> None:
    samples = np.ones(160, dtype=np.float32)
    quiet = timeline.silenced(samples, [span(2, 4)])
    assert quiet.sum() == 160 - 32 and samples.sum() == 160


def test_runs_and_gaps() -> None:
    flags = np.array([1, 0, 1, 1, 0, 0, 0, 1], dtype=bool)
    found = timeline.runs(flags, 10)
    assert found == [span(0, 10), span(20, 40), span(70, 80)]
    assert timeline.joined(found, gap_ms=10) == [span(0, 40), span(70, 80)]
    assert timeline.widened(found, 10, 85) == [span(0, 50), span(60, 85)]


def word(text: str, start_ms: int, end_ms: int, confidence: float = 1.0) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)


def test_channels_become_one_conversation() -> None:
    agent = [word(" Good", 0, 300), word(" morn", 400, 600), word("-ing.", 600, 700, 0.4)]
    agent += [word(" Yes?", 5000, 5300)]
    customer = [word(" Hello,", 800, 1000), word(" hello", 1999, 2500)]
    spoken = turns.conversation([agent, customer], [AGENT, CUSTOMER])
    assert [(t.id, t.speaker, t.text, t.start_ms, t.end_ms) for t in spoken] == [
        ("t1", AGENT, "Good morn-ing.", 0, 700),
        ("t2", CUSTOMER, "Hello, hello", 800, 2500),
        ("t3", AGENT, "Yes?", 5000, 5300),
    ]
    assert spoken[0].confidence == 0.8
    assert [w.text for w in spoken[0].words] == ["Good", "morn", "-ing."]


def test_speakers_on_one_channel_are_parted_by_sentences() -> None:
    heard = [word(" Your name?", 0, 500), word(" Janet", 1000, 1200), word(" Doyle.", 1700, 2000)]
    heard += [word(" Thanks, Mrs.", 2400, 3000), word(" Doyle.", 3200, 3500), word(" It", 4500, 5000)]
    assert [turn.text for turn in turns.conversation([heard], [])] == [
        "Your name?",
        "Janet Doyle. Thanks, Mrs. Doyle.",
        "It",
    ]
    assert [turn.text for turn in turns.conversation([heard, []], [AGENT, CUSTOMER])] == [
        "Your name? Janet Doyle. Thanks, Mrs. Doyle.",
        "It",
    ]


def test_words_of_languages_without_spaces_are_joined_without() -> None:
    heard = [word(" こん", 0, 300), word("にちは", 300, 700)]
    assert turns.conversation([heard], [])[0].text == "こんにちは"
