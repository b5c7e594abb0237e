"""Which language is spoken when, on which channel: heard on speech only, in windows over the call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.gpu.wire import ChannelLanguage, IvrResult, LanguageSpan, LidResult, Span
from include.gpu_host.audio import timeline
from include.gpu_host.audio.recording import Recording, Samples
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.engines.protocol import LanguageIdentifier
from include.gpu_host.stages.ear import AGREED_FROM, DOUBTFUL_BELOW, Ear
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.listening import MARGIN_MS, conversation, stretch, with_margin
from include.gpu_host.stages.switching import (
    MAX_WINDOWS,
    SWITCH_CONFIDENCE,
    WINDOW_MS,
    Probabilities,
    Stretch,
    stretches,
    windows,
)

# Below this the answer is no better than a guess between two languages.
MIN_CONFIDENCE = 0.5
# Less speech than this is a breath or a click.
MIN_SPEECH_S = 0.3
# "Yes" and "okay" alone do not tell that a channel speaks another language than the call.
_OWN_LANGUAGE_S = 5.0
_REPORTED_ABOVE = 0.001


@dataclass(frozen=True)
class _Channel:
    """What was heard on one channel.

    Attributes:
        speech_s: Of the speech without margins.
        speech: Spans of the recording, with margins.
        probabilities: Of its windows, averaged; empty without enough speech.
        stretches: By language, in the time of its concatenated speech.
    """

    number: int
    speech_s: float
    speech: list[Span]
    probabilities: Probabilities
    stretches: list[Stretch]

    def language(self, of_call: str) -> tuple[str | None, float]:
        """Its language with the confidence in it; None when unsure."""
        best, confidence = _best(self.probabilities)
        switched = len({part.language for part in self.stretches}) > 1
        is_sure = confidence >= MIN_CONFIDENCE or switched
        is_known = is_sure and (best == of_call or self.speech_s >= _OWN_LANGUAGE_S)
        return best if is_known else None, confidence


class Languages:
    """The LID stage.

    Args:
        identifier: The model behind it.
    """

    def __init__(self, identifier: LanguageIdentifier) -> None:
        self._identifier = identifier
        self.engine = identifier.engine
        self.known = identifier.languages
        self.tuning: list[float | str] = [
            MARGIN_MS,
            MIN_CONFIDENCE,
            MIN_SPEECH_S,
            SWITCH_CONFIDENCE,
            MAX_WINDOWS,
            WINDOW_MS,
            DOUBTFUL_BELOW,
            AGREED_FROM,
        ]

    def run(self, head: Head, recording: Recording, ivr: IvrResult, allowed: Sequence[str]) -> LidResult:
        """Identifies the languages of a call.

        Args:
            head: Of the result.
            recording: What is listened to.
            ivr: What of it is conversation.
            allowed: ISO 639-1 codes that may be answered; empty for any.
        """
        channels = [
            self._channel(recording, number, conversation(recording, ivr, number), allowed)
            for number in recording.channels
        ]
        probabilities = _mean((channel.probabilities, channel.speech_s) for channel in channels)
        best, confidence = _best(probabilities)
        spans = [span for channel in channels for span in _spans(channel, best)]
        switches = len({span.language for span in spans}) > 1
        is_sure = confidence >= MIN_CONFIDENCE or switches
        return LidResult(
            **head,
            language=best if best and is_sure else None,
            confidence=_rounded(confidence),
            probabilities={code: p for code, p in _ranked(probabilities) if p >= _REPORTED_ABOVE},
            speech_s=round(sum(channel.speech_s for channel in channels), 3),
            channels=[_channel_language(channel, best) for channel in channels],
            spans=spans if is_sure else [],
            switches=switches,
        )

    def _channel(
        self, recording: Recording, number: int, within: Sequence[Span], allowed: Sequence[str]
    ) -> _Channel:
        ear = Ear(self._identifier, allowed)

        def samples(heard: Sequence[list[Span]]) -> list[Samples]:
            return [recording.heard(number, spans) for spans in heard]

        bare = speech_spans(recording, number, within, margin_ms=0)
        speech_s = timeline.total_ms(bare) / 1000
        if speech_s < MIN_SPEECH_S:
            return _Channel(number, speech_s, [], {}, [])
        speech = with_margin(bare, within)
        heard = windows(speech, lambda spans: ear.together(samples(spans)))
        probabilities = _mean((window.probabilities, 1.0) for window in heard)
        main, _ = _best(probabilities)
        parts = stretches(speech, heard, main, lambda spans: ear.each(samples(spans)))
        return _Channel(number, speech_s, speech, probabilities, parts)


def _spans(channel: _Channel, of_call: str) -> list[LanguageSpan]:
    """Its stretches in the time of the recording; one in the call's language where it has none for sure."""
    parts = channel.stretches
    if parts and channel.language(of_call)[0] is None:
        confidence = channel.probabilities.get(of_call, 0.0)
        parts = [Stretch(parts[0].start_ms, parts[-1].end_ms, of_call, confidence)]
    return [
        LanguageSpan(
            start_ms=heard[0].start_ms,
            end_ms=heard[-1].end_ms,
            channel=channel.number,
            language=part.language,
            confidence=_rounded(part.confidence),
        )
        for part in parts
        if part.language and (heard := stretch(channel.speech, part.start_ms, part.end_ms))
    ]


def _channel_language(channel: _Channel, of_call: str) -> ChannelLanguage:
    language, confidence = channel.language(of_call)
    return ChannelLanguage(
        channel=channel.number,
        language=language or None,
        confidence=_rounded(confidence),
        speech_s=round(channel.speech_s, 3),
    )


def _mean(weighted: Iterable[tuple[Probabilities, float]]) -> dict[str, float]:
    """The weighted mean of what was heard at all."""
    heard = [(probabilities, weight) for probabilities, weight in weighted if probabilities]
    total = sum(weight for _, weight in heard)
    codes = dict.fromkeys(code for probabilities, _ in heard for code in probabilities)
    return {
        code: sum(weight * probabilities.get(code, 0.0) for probabilities, weight in heard) / total
        for code in codes
    }


def _best(probabilities: Mapping[str, float]) -> tuple[str, float]:
    return max(probabilities.items(), key=lambda item: item[1], default=("", 0.0))


def _ranked(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(code, _rounded(p)) for code, p in sorted(probabilities.items(), key=lambda item: -item[1])]


def _rounded(probability: float) -> float:
    return round(min(max(probability, 0.0), 1.0), 4)
