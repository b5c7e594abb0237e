"""When words were spoken: pieces are speech with its pauses cut out, and models time words across the cuts.

A model that hears two sentences without the pause between them begins the first word of the second where the
first sentence ends. Put back into the recording as it is, that word stands before the pause, up to minutes
early. So each word is put where somebody speaks, on the side of the pause that it belongs to.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from include.calls.transcript import Word
from include.gpu.wire import Span
from include.gpu_host.audio import timeline
from include.gpu_host.stages.listening import MARGIN_MS

# How long a word may last: slow speakers take some 100 ms for a letter, and half a second for a figure.
_LONGEST_MS, _LONGEST_LETTER_MS, _LONGEST_FIGURE_MS = 300, 100, 500
# What begins or ends this far beside its speech is timed well enough.
_BESIDE_MS = 100
# The first word after a pause may be timed into the silence before it, of which so much is heard at a cut.
_AHEAD_MS = 2 * MARGIN_MS
_SENTENCE_ENDS = tuple(".?!…。？！")


class _Lane(NamedTuple):
    """Speech within one of the spans that were heard, in the time of what was heard.

    Attributes:
        number: Of its span.
    """

    start_ms: int
    end_ms: int
    number: int


def in_original_time(words: Sequence[Word], heard: Sequence[Span], speech: Sequence[Span]) -> list[Word]:
    """Moves words from the time of what was heard to that of the recording, each to where it is spoken.

    Args:
        words: In order.
        heard: Spans of the recording that were heard one after the other.
        speech: Where its channel holds speech, without margins, in order, disjoint.

    Returns:
        The same words in order of time, none over another, each within one of the spans. One that lies over a
        cut is on the side where more of it is spoken; what lies in no speech at all stays there.
    """
    starts_ms = list(accumulate(map(timeline.length_ms, heard), initial=0))
    lanes = list(_lanes(heard, speech))
    placed = []
    for number, word in enumerate(words):
        begins = number == 0 or words[number - 1].text.endswith(_SENTENCE_ENDS)
        core = _core(word, from_its_end=begins or not word.text.endswith(_SENTENCE_ENDS))
        if begins and number + 1 < len(words):
            core = _ahead(core, words[number + 1], lanes)
        which = _span_of(core, starts_ms, lanes, later=begins)
        start_ms, end_ms = _within(
            core, starts_ms[which : which + 2], [one for one in lanes if one.number == which]
        )
        shift_ms = heard[which].start_ms - starts_ms[which]
        placed.append(word.model_copy(update={"start_ms": start_ms + shift_ms, "end_ms": end_ms + shift_ms}))
    return _in_order(placed)


def longest_ms(text: str) -> int:
    """How long a word may last."""
    figures = sum(character.isdigit() for character in text)
    letters = sum(character.isalpha() for character in text)
    return _LONGEST_MS + _LONGEST_LETTER_MS * letters + _LONGEST_FIGURE_MS * figures


def _lanes(heard: Sequence[Span], speech: Sequence[Span]) -> Iterator[_Lane]:
    begin_ms = 0
    for number, span in enumerate(heard):
        for spoken in timeline.within(speech, [span]):
            shift_ms = begin_ms - span.start_ms
            yield _Lane(spoken.start_ms + shift_ms, spoken.end_ms + shift_ms, number)
        begin_ms += timeline.length_ms(span)


def _core(word: Word, *, from_its_end: bool) -> Span:
    """The part of what a model gives a word that it can last: pauses go to the first word after them."""
    length_ms = min(word.end_ms - word.start_ms, longest_ms(word.text))
    if from_its_end:
        return Span(start_ms=word.end_ms - length_ms, end_ms=word.end_ms)
    return Span(start_ms=word.start_ms, end_ms=word.start_ms + length_ms)


def _ahead(core: Span, after: Word, lanes: Sequence[_Lane]) -> Span:
    """The first word of a sentence that lies in silence, moved to the speech that goes on with it."""
    if any(_overlap_ms(core, lane) > 0 for lane in lanes):
        return core
    lane = next((one for one in lanes if one.start_ms >= core.end_ms), None)
    if lane is None or lane.start_ms - core.end_ms > _AHEAD_MS or after.end_ms <= lane.start_ms:
        return core
    end_ms = min(lane.start_ms + timeline.length_ms(core), max(after.start_ms, lane.start_ms + _BESIDE_MS))
    return Span(start_ms=lane.start_ms, end_ms=end_ms)


def _span_of(core: Span, starts_ms: Sequence[int], lanes: Sequence[_Lane], *, later: bool) -> int:
    """The number of the span that a word lies in: where most of it is spoken, else where most of it lies."""
    last = len(starts_ms) - 2
    first = min(bisect_right(starts_ms, core.start_ms) - 1, last)
    touched = range(first, min(bisect_left(starts_ms, core.end_ms) - 1, last) + 1) or [first]
    spoken = {n: sum(_overlap_ms(core, lane) for lane in lanes if lane.number == n) for n in touched}
    lies = {n: min(core.end_ms, starts_ms[n + 1]) - max(core.start_ms, starts_ms[n]) for n in touched}
    return max(touched, key=lambda n: (spoken[n], lies[n], n if later else -n))


def _within(core: Span, edges_ms: Sequence[int], lanes: Sequence[_Lane]) -> tuple[int, int]:
    """The part of a word that lies in its span, and in its speech where it touches any."""
    start_ms, end_ms = max(core.start_ms, edges_ms[0]), min(core.end_ms, edges_ms[1])
    touched = [lane for lane in lanes if _overlap_ms(core, lane) > 0]
    if touched:
        start_ms = max(start_ms, touched[0].start_ms - _BESIDE_MS)
        end_ms = min(end_ms, touched[-1].end_ms + _BESIDE_MS)
    return start_ms, max(start_ms, end_ms)


def _overlap_ms(core: Span, lane: _Lane) -> int:
    return max(0, min(core.end_ms, lane.end_ms) - max(core.start_ms, lane.start_ms))


def _in_order(words: Sequence[Word]) -> list[Word]:
    """Each word begins no earlier than the one before it, which ends there at the latest."""
    ordered: list[Word] = []
    for word in words:
        start_ms = max(word.start_ms, ordered[-1].start_ms if ordered else 0)
        if ordered and ordered[-1].end_ms > start_ms:
            ordered[-1] = ordered[-1].model_copy(update={"end_ms": start_ms})
        end_ms = max(start_ms, word.end_ms)
        ordered.append(word.model_copy(update={"start_ms": start_ms, "end_ms": end_ms}))
    return ordered
