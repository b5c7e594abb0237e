"""Speech without words: a recogniser drops whole sentences without a sign. They are heard again, alone."""

from collections.abc import Sequence

import numpy as np

from include.calls.transcript import Gap
from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording, level_db
from include.gpu_host.stages.turns import HeardWord

# Words are timed this far beside their sound, and a breath is taken for speech.
_AROUND_WORD_MS = 500
# Babble behind a line is taken for speech too, but it is softer than what was understood on that line.
_SOFT_PERCENTILE = 10
_SOFTER_DB = 3.0
# What is left uncovered and is shorter is no sentence.
_SHORTEST_MISSED_MS = 1000


def missed_spans(
    recording: Recording, channel: int, speech: Sequence[Span], heard: Sequence[HeardWord]
) -> list[Span]:
    """Where a channel holds speech about as loud as what was understood, and no word is near.

    Args:
        recording: What was heard.
        channel: Which channel of it.
        speech: Of the channel, in order, disjoint.
        heard: Its words.
    """
    covered = [
        Span(start_ms=max(0, one.word.start_ms - _AROUND_WORD_MS), end_ms=one.word.end_ms + _AROUND_WORD_MS)
        for one in heard
    ]
    long = [s for s in timeline.without(speech, covered) if timeline.length_ms(s) >= _SHORTEST_MISSED_MS]
    spoken = [Span(start_ms=one.word.start_ms, end_ms=one.word.end_ms) for one in heard]
    if not long or not spoken:
        return long
    levels = [level_db(recording.heard(channel, [span])) for span in spoken]
    softest_db = np.percentile(levels, _SOFT_PERCENTILE) - _SOFTER_DB
    return [span for span in long if level_db(recording.heard(channel, [span])) >= softest_db]


def with_missed(
    heard: Sequence[HeardWord], again: Sequence[HeardWord], missed: Sequence[Span]
) -> list[HeardWord]:
    """The words of a channel and those found when what was missed was heard again, in order of time.

    A second hearing begins and ends with some of what was understood already: those words are left out.
    """
    new = [one for one in again if any(_is_within(one, span) for span in missed)]
    return sorted([*heard, *new], key=lambda one: one.word.start_ms)


def gaps_in(missed: Sequence[Sequence[Span]]) -> list[Gap]:
    """What was not understood at last, of all channels, in order of start."""
    found = [
        Gap(channel=channel, start_ms=span.start_ms, end_ms=span.end_ms)
        for channel, spans in enumerate(missed)
        for span in spans
    ]
    return sorted(found, key=lambda gap: (gap.start_ms, gap.channel))


def _is_within(heard: HeardWord, span: Span) -> bool:
    return span.start_ms <= (heard.word.start_ms + heard.word.end_ms) / 2 < span.end_ms
