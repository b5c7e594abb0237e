"""Which language each part of a channel was spoken in, told by what it sounded like while it was heard.

Identification listens to some windows of a call. A recogniser hears all of it: told the wrong language it
translates, or leaves words out, and nothing in its words shows that. So what it hears is weighed over the
whole channel, and what was heard in another language than it sounds like is heard again.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.gpu.wire import LanguageSpan, LidResult, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Samples
from include.gpu_host.engines.protocol import Sound
from include.gpu_host.stages.ear import Ear
from include.gpu_host.stages.listening import stretch
from include.gpu_host.stages.switching import listened_share, nearest_pause_ms

# A change of language has to be worth this much (natural logarithm) in what is heard beside it: there and
# back again takes 5 s of which all is sure, for good takes half of it.
_SWITCH_COST = 1.6
# No part says more against a language than this probability of it.
_LEAST_PROBABILITY = 0.02
# Parts of this length count once, shorter ones less.
_PART_MS = 5_000
# What is listened to at once where the recogniser cannot tell.
_LISTENED_MS = 8_000
# A language is one of the call when some part of it is as likely as this.
_HEARD_ABOVE = 0.8
# The pause nearest to a change is looked for within so many ms.
_PAUSE_WITHIN_MS = 6_000


def sounds(ear: Ear, piece: Samples) -> list[Sound]:
    """What the parts of a piece sound like, for recognisers that cannot tell."""
    count = max(1, round(len(piece) / SAMPLE_RATE_HZ * 1000 / _LISTENED_MS))
    edges = [len(piece) * n // count for n in range(count + 1)]
    found = ear.each([piece[start:end] for start, end in pairwise(edges)])
    return [
        Sound(Span(start_ms=_ms(start), end_ms=_ms(end)), probabilities)
        for (start, end), probabilities in zip(pairwise(edges), found, strict=True)
    ]


def _ms(sample: int) -> int:
    return sample * 1000 // SAMPLE_RATE_HZ


class _Likely(NamedTuple):
    """What part of a channel, in the time of its concatenated pieces, sounds like."""

    start_ms: int
    end_ms: int
    probabilities: Mapping[str, float]


class Run(NamedTuple):
    """Parts side by side in one language."""

    start_ms: float
    end_ms: float
    language: str
    confidence: float


def corrected(
    lid: LidResult,
    channel: int,
    heard: Sequence[tuple[Sequence[Span], Sequence[Sound]]],
    allowed: Sequence[str],
) -> list[LanguageSpan]:
    """The languages of a channel by what it sounded like; empty where it is unknown.

    Args:
        lid: What identification said, which holds where the sound does not say otherwise. It counts for as
            much as it has listened to, so that of a few seconds, which it has heard whole, it decides.
        channel: Which channel.
        heard: Spans of each piece of the channel, in order, and what their parts sound like.
        allowed: ISO 639-1 codes that may be answered; empty for any.
    """
    spans = [span for piece, _ in heard for span in piece]
    runs = _runs(_in_a_row(heard, allowed), lid)
    return [
        LanguageSpan(
            start_ms=inside[0].start_ms,
            end_ms=inside[-1].end_ms,
            channel=channel,
            language=run.language,
            confidence=round(run.confidence, 4),
        )
        for run in (_at_pauses(spans, runs) if runs else [])
        if (inside := stretch(spans, run.start_ms, run.end_ms))
    ]


def _in_a_row(
    heard: Sequence[tuple[Sequence[Span], Sequence[Sound]]], allowed: Sequence[str]
) -> Sequence[_Likely]:
    sequence, begin_ms = [], 0
    for spans, sounds in heard:
        for sound in sounds:
            likely = {c: p for c, p in sound.probabilities.items() if not allowed or c in allowed}
            total = sum(likely.values())
            if total:
                likely = {code: p / total for code, p in likely.items()}
                sequence.append(_Likely(begin_ms + sound.span.start_ms, begin_ms + sound.span.end_ms, likely))
        begin_ms += timeline.total_ms(spans)
    return sequence


def _runs(sequence: Sequence[_Likely], lid: LidResult) -> list[Run]:
    """The likeliest sequence of languages (Viterbi), where each change has its cost."""
    main = lid.language
    languages = sorted(
        {code for one in sequence for code, p in one.probabilities.items() if p >= _HEARD_ABOVE}
        | ({main} if main else set())
    )
    if not languages or not sequence:
        return []
    heard = np.array([[_says(one, code) for code in languages] for one in sequence])
    path = _likeliest(heard + _identified(sequence, languages, lid))
    runs = []
    for number, group in groupby(zip(path, sequence, strict=True), key=lambda pair: pair[0]):
        parts = [one for _, one in group]
        mean = sum(one.probabilities.get(languages[number], 0.0) for one in parts) / len(parts)
        runs.append(Run(parts[0].start_ms, parts[-1].end_ms, languages[number], min(mean, 1.0)))
    return runs


def _says(one: _Likely, language: str) -> float:
    weight = min(1.0, (one.end_ms - one.start_ms) / _PART_MS)
    return weight * _log(one.probabilities.get(language, 0.0))


def _identified(sequence: Sequence[_Likely], languages: Sequence[str], lid: LidResult) -> NDArray[np.float64]:
    """What identification says of each part, shape (parts, languages): one answer, spread over all of them.

    Nothing, where it told no language, or several.
    """
    lengths_ms = np.array([[one.end_ms - one.start_ms] for one in sequence], dtype=np.float64)
    total_ms = lengths_ms.sum()
    if lid.language is None or lid.switches or not lid.probabilities or not total_ms:
        return np.zeros((len(sequence), len(languages)))
    answer = np.array([[_log(lid.probabilities.get(code, 0.0)) for code in languages]])
    return np.asarray(lengths_ms / total_ms * listened_share(round(total_ms)) * answer)


def _log(probability: float) -> float:
    return float(np.log(max(probability, _LEAST_PROBABILITY)))


def _likeliest(says: NDArray[np.float64]) -> list[int]:
    """The number of the language of each part; `says` has shape (parts, languages)."""
    best, came_from = says[0], []
    for said in says[1:]:
        changed = best.max() - _SWITCH_COST
        came_from.append(np.where(best >= changed, np.arange(len(best)), best.argmax()))
        best = np.maximum(best, changed) + said
    path = [int(best.argmax())]
    for before in reversed(came_from):
        path.append(int(before[path[-1]]))
    return path[::-1]


def _at_pauses(spans: Sequence[Span], runs: Sequence[Run]) -> list[Run]:
    """The same runs, each change moved to the pause next to it; where one would be lost, to none."""
    changes_ms = [after.start_ms for after in runs[1:]]
    moved_ms = [nearest_pause_ms(spans, change_ms, _PAUSE_WITHIN_MS) for change_ms in changes_ms]
    end_ms = float(timeline.total_ms(spans))
    edges_ms = [0.0, *moved_ms, end_ms]
    if any(before_ms >= after_ms for before_ms, after_ms in pairwise(edges_ms)):
        edges_ms = [0.0, *changes_ms, end_ms]
    return [
        run._replace(start_ms=start_ms, end_ms=end_ms)
        for run, (start_ms, end_ms) in zip(runs, pairwise(edges_ms), strict=True)
    ]
