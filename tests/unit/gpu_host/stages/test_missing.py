"""What was said and has no word is heard again alone; what stays without one is a gap."""

from collections.abc import Sequence

import numpy as np

from include.calls.transcript import Word
from include.gpu.wire import Span
from include.gpu_host.audio.recording import Recording
from include.gpu_host.engines.protocol import Heard
from include.gpu_host.stages import missing
from include.gpu_host.stages.missing import gaps_in, with_missed
from include.gpu_host.stages.turns import HeardWord
from tests.unit.gpu_host.stages.test_recognition import Ears, clip, said, silence, transcribed


def words(*starts_ms: int) -> list[HeardWord]:
    return [HeardWord(Word(text=" so", start_ms=at, end_ms=at + 200, confidence=1), "en") for at in starts_ms]


def spans(*edges: tuple[int, int]) -> list[Span]:
    return [Span(start_ms=start, end_ms=end) for start, end in edges]


def missed_spans(speech: list[Span], heard: list[HeardWord], soft: list[Span] | None = None) -> list[Span]:
    """Of a channel that is as loud everywhere, but for what is 12 dB below."""
    samples = np.random.default_rng(1).normal(0, 0.1, 16 * 20_000).astype(np.float32)
    for span in soft or []:
        samples[16 * span.start_ms : 16 * span.end_ms] *= 0.25
    return missing.missed_spans(Recording.of(samples[None]), 0, speech, heard)


def test_speech_without_a_word_near_was_missed() -> None:
    speech = spans((0, 3000), (5000, 13_000))
    assert missed_spans(speech, words(*range(0, 3000, 300), 5000, 12_800)) == spans((5700, 12_300))
    assert missed_spans(speech, []) == speech
    assert missed_spans([], words(100)) == []


def test_a_breath_or_a_word_that_is_timed_beside_its_sound_was_not_missed() -> None:
    assert missed_spans(spans((0, 900), (2000, 3500)), words(1400, 3300)) == []


def test_babble_behind_the_line_was_not_missed() -> None:
    babble, sentence = spans((4000, 9000), (12_000, 14_000))
    heard = words(*range(0, 3000, 300))
    assert missed_spans([babble, sentence], heard, soft=[babble]) == [sentence]
    assert missed_spans([babble], [], soft=[babble]) == [babble], (
        "where nothing was understood, all of it was"
    )


def test_words_of_the_second_hearing_fill_the_gap_and_double_nothing() -> None:
    missed = spans((5000, 8000))
    heard = with_missed(words(1000, 9000), words(4700, 5100, 6000, 7900, 8100), missed)
    assert [one.word.start_ms for one in heard] == [1000, 5100, 6000, 9000]


def test_gaps_are_in_order_of_time_over_the_channels() -> None:
    gaps = gaps_in([spans((9000, 12_000)), spans((1000, 3000))])
    assert [(gap.channel, gap.start_ms, gap.end_ms) for gap in gaps] == [(1, 1000, 3000), (0, 9000, 12_000)]


class DropsSentences(Ears):
    """Hears nothing of the first pieces, however many: what is asked again alone, it hears or not."""

    def __init__(self, deaf_for: int) -> None:
        super().__init__()
        self._deaf_for = deaf_for

    def hear(
        self, pieces: Sequence[np.ndarray], language: str, vocabulary: Sequence[str] = ()
    ) -> list[Heard]:
        heard = super().hear(pieces, language)
        deaf = self._deaf_for
        self._deaf_for = max(0, deaf - len(pieces))
        return [Heard([]) if n < deaf else words for n, words in enumerate(heard)]


def test_a_sentence_that_was_dropped_is_heard_again() -> None:
    talk = np.concatenate([clip("john_dashwood"), silence(2), clip("cold_hearted")])
    ears = DropsSentences(deaf_for=1)
    got = transcribed(ears, said("en"), talk)
    assert len(ears.heard) == 2 and got.turns and got.gaps == []


def test_what_nobody_understands_is_a_gap() -> None:
    talk = clip("john_dashwood")
    got = transcribed(DropsSentences(deaf_for=99), said("en"), talk)
    assert got.turns == [] and [gap.channel for gap in got.gaps] == [0]
    assert sum(gap.end_ms - gap.start_ms for gap in got.gaps) > 0.7 * len(talk) / 16
