"""Speech to text: what is said on each channel, when, in which language, and what may be invented."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from include.calls.call import ChannelRole
from include.calls.transcript import Turn
from include.errors import RecordingUnusable
from include.gpu.wire import IvrResult, LanguageSpan, LidResult, Span, StageOptions, SttResult
from include.gpu_host.audio import timeline
from include.gpu_host.audio.crosstalk import without_leaks
from include.gpu_host.audio.levelling import Levelled
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.engines.protocol import Heard, LanguageIdentifier, Recogniser
from include.gpu_host.speakers.voices import Voices
from include.gpu_host.stages import by_ear, turns
from include.gpu_host.stages.ear import Ear
from include.gpu_host.stages.inventions import flags
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.listening import MARGIN_MS, conversation, with_margin
from include.gpu_host.stages.missing import gaps_in, missed_spans, with_missed
from include.gpu_host.stages.pieces import LONGEST_MS, Piece, language_of, pieces
from include.gpu_host.stages.seams import at_music
from include.gpu_host.stages.word_times import in_original_time

log = logging.getLogger(__name__)

# Pieces of up to 30 s that are in memory at once: 31 MB.
_AT_ONCE = 16
# A shorter sound that only levelling makes loud is no word.
_SHORTEST_NEW_MS = 250


class _Said(NamedTuple):
    """What recognition made of a piece."""

    piece: Piece
    heard: Heard


class Recognition:
    """The STT stage.

    Only speech is heard: a recogniser would invent words for silence and music.

    Args:
        recogniser: The model behind it.
        identifier: Tells what a piece sounds like where the recogniser cannot; None: nothing does then.
        voices: Tells people on a recording's only channel apart; None leaves them together.
        tuning: Settings of the model that change what it hears.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        voices: Voices | None = None,
        tuning: Sequence[float | str] = (),
        identifier: LanguageIdentifier | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._ear = Ear(identifier, ()) if identifier else None
        self._voices = voices
        self.engine = recogniser.engine
        self.hears_vocabulary = recogniser.hears_vocabulary
        self.tuning: list[float | str] = [MARGIN_MS, LONGEST_MS, turns.TURN_PAUSE_MS, *tuning]
        if voices:
            self.tuning += [voices.engine.name, voices.engine.weights_sha256 or ""]

    def run(
        self,
        head: Head,
        recording: Recording,
        ivr: IvrResult,
        lid: LidResult,
        options: StageOptions,
    ) -> SttResult:
        """Transcribes a call.

        Args:
            head: Of the result.
            recording: What is heard.
            ivr: What of it is conversation.
            lid: The language of each stretch; where it is unsure the likeliest is heard, and the result says
                None.
            options: Who is on each channel, which languages may be spoken, and which names and terms.
        """
        within = [conversation(recording, ivr, channel) for channel in recording.channels]
        speech = [
            _speech(recording, channel, spans)
            for channel, spans in zip(recording.channels, within, strict=True)
        ]
        speech = without_leaks(recording, speech)
        vocabulary = options.vocabulary if self.hears_vocabulary else []
        said = list(self._hear(recording, _all_pieces(recording, speech, within, lid), vocabulary))
        lid = _by_ear(lid, said, options.languages)
        heard = _words(recording, self._in_their_languages(recording, said, lid, vocabulary), speech, lid)
        missed = _missed(recording, speech, heard)
        more = self._hear(recording, _all_pieces(recording, missed, within, lid), vocabulary)
        again = _words(recording, more, missed, lid)
        heard = [with_missed(*three) for three in zip(heard, again, missed, strict=True)]
        gaps = gaps_in(_missed(recording, speech, heard))
        heard = [at_music(words, channel, ivr.segments) for channel, words in enumerate(heard)]
        heard, roles = self._by_voice(recording, speech, heard, options.channel_roles)
        found = [_flagged(turn, speech[turn.channel]) for turn in turns.conversation(heard, roles)]
        return SttResult(
            **head,
            language=lid.language if found else None,
            turns=found,
            gaps=gaps,
            times_spread=any(one.heard.times_spread for one in said),
        )

    def _in_their_languages(
        self, recording: Recording, said: Sequence[_Said], lid: LidResult, vocabulary: Sequence[str]
    ) -> Iterator[_Said]:
        """What was heard, with the pieces that were heard in another language than theirs heard again.

        A recogniser may not know that language: what it heard first stays, and is marked.
        """
        for one in said:
            if _is_in_its_language(one.piece, lid):
                yield one
                continue
            cut = pieces(recording, one.piece.channel, one.piece.spans, lid)
            try:
                yield from list(self._hear(recording, cut, vocabulary))
            except RecordingUnusable as error:
                log.info("call_id=%s is heard in %s only: %s", lid.call_id, one.piece.language, error)
                yield one

    def _by_voice(
        self,
        recording: Recording,
        speech: Sequence[Sequence[Span]],
        heard: list[list[turns.HeardWord]],
        roles: Sequence[ChannelRole],
    ) -> tuple[list[list[turns.HeardWord]], Sequence[ChannelRole]]:
        """Where all is said on one channel: whose each word is. With several voices it has no one role."""
        spoken_on = [channel for channel in recording.channels if heard[channel]]
        if self._voices is None or len(spoken_on) != 1:
            return heard, roles
        [channel] = spoken_on
        words = [word for word, *_ in heard[channel]]
        found = self._voices.of_words(recording, channel, speech[channel], words)
        if not found:
            return heard, roles
        attributed = [
            word._replace(spoken_by=whose) for word, whose in zip(heard[channel], found, strict=True)
        ]
        return [attributed if n == channel else [] for n in recording.channels], []

    def _hear(
        self, recording: Recording, waiting: Iterable[Piece], vocabulary: Sequence[str]
    ) -> Iterator[_Said]:
        """Reads and hears a few pieces at a time."""
        for group in _groups(waiting):
            samples = [recording.heard(piece.channel, piece.spans) for piece in group]
            heard = self._recogniser.hear(samples, group[0].language, vocabulary)
            if self._ear and not any(one.sounds for one in heard):
                heard = [
                    one._replace(sounds=by_ear.sounds(self._ear, piece))
                    for one, piece in zip(heard, samples, strict=True)
                ]
            yield from map(_Said, group, heard)


def _speech(recording: Recording, channel: int, within: Sequence[Span]) -> list[Span]:
    """Where a channel holds speech. On the only channel one side may be far below the other."""
    found = speech_spans(recording, channel, within, margin_ms=0)
    if len(recording.channels) > 1:
        return found
    quiet = speech_spans(Levelled(recording, channel), channel, within, margin_ms=0)
    # What is found already stays as it is: other borders are other pieces, and other words.
    near = timeline.widened(found, MARGIN_MS, recording.whole.end_ms)
    new = [span for span in timeline.without(quiet, near) if timeline.length_ms(span) >= _SHORTEST_NEW_MS]
    return timeline.joined(sorted([*found, *new], key=lambda span: span.start_ms))


def _by_ear(lid: LidResult, said: Sequence[_Said], languages: Sequence[str]) -> LidResult:
    """What LID said, with what each channel sounded like when all of it was heard.

    Where that leaves the language open it stays open.
    """
    spans = list(lid.spans)
    for channel in sorted({one.piece.channel for one in said}):
        own = [(one.piece.spans, one.heard.sounds) for one in said if one.piece.channel == channel]
        corrected = by_ear.corrected(lid, channel, own, languages)
        if corrected:
            spans = [span for span in spans if span.channel != channel] + corrected
    language = _most_spoken(spans, lid.language) if lid.language else None
    return lid.model_copy(update={"spans": spans, "language": language})


def _most_spoken(spans: Sequence[LanguageSpan], otherwise: str) -> str:
    spoken_ms: Counter[str] = Counter()
    for span in spans:
        spoken_ms[span.language] += timeline.length_ms(span)
    return max(spoken_ms, key=lambda code: spoken_ms[code], default=otherwise)


def _is_in_its_language(piece: Piece, lid: LidResult) -> bool:
    return all(language_of(lid, piece.channel, span) == piece.language for span in piece.spans)


def _words(
    recording: Recording, said: Iterable[_Said], speech: Sequence[Sequence[Span]], lid: LidResult
) -> list[list[turns.HeardWord]]:
    """The words of each channel, in original time and in order."""
    heard: list[list[turns.HeardWord]] = [[] for _ in recording.channels]
    for piece, found in said:
        placed = in_original_time(found.words, piece.spans, speech[piece.channel])
        otherwise = not _is_in_its_language(piece, lid)
        heard[piece.channel] += [
            turns.HeardWord(word, piece.language, sounds_otherwise=otherwise) for word in placed
        ]
    return [sorted(words, key=lambda one: one.word.start_ms) for words in heard]


def _missed(
    recording: Recording, speech: Sequence[Sequence[Span]], heard: Sequence[Sequence[turns.HeardWord]]
) -> list[list[Span]]:
    return [missed_spans(recording, n, speech[n], heard[n]) for n in recording.channels]


def _all_pieces(
    recording: Recording, speech: Sequence[Sequence[Span]], within: Sequence[Sequence[Span]], lid: LidResult
) -> Iterator[Piece]:
    for channel in recording.channels:
        wide = with_margin(speech[channel], within[channel])
        yield from pieces(recording, channel, wide, lid)


def _groups(waiting: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that follow one another in the same language, a few at a time."""
    group: list[Piece] = []
    for piece in waiting:
        if group and (len(group) == _AT_ONCE or piece.language != group[0].language):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def _flagged(turn: Turn, speech: Sequence[Span]) -> Turn:
    return turn.model_copy(update={"flags": flags(turn, speech)})
