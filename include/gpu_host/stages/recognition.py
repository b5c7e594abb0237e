"""Speech to text: what is said on each channel, when, in which language, and what may be invented."""

from collections.abc import Iterable, Iterator, Sequence

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, Word
from include.gpu.wire import IvrResult, LidResult, Span, SttResult
from include.gpu_host.audio import timeline
from include.gpu_host.audio.crosstalk import without_leaks
from include.gpu_host.audio.levelling import Levelled
from include.gpu_host.audio.recording import Recording
from include.gpu_host.audio.speech import speech_spans
from include.gpu_host.engines.protocol import Recogniser
from include.gpu_host.speakers.voices import Voices
from include.gpu_host.stages import turns
from include.gpu_host.stages.inventions import flags
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.listening import MARGIN_MS, conversation, with_margin
from include.gpu_host.stages.missing import gaps_in, missed_spans, with_missed
from include.gpu_host.stages.pieces import LONGEST_MS, Piece, pieces

# Pieces of up to 30 s that are in memory at once: 31 MB.
_AT_ONCE = 16
# A shorter sound that only levelling makes loud is no word.
_SHORTEST_NEW_MS = 250


class Recognition:
    """The STT stage.

    Only speech is heard: a recogniser would invent words for silence and music.

    Args:
        recogniser: The model behind it.
        voices: Tells people on a recording's only channel apart; None leaves them together.
        tuning: Settings of the model that change what it hears.
    """

    def __init__(
        self, recogniser: Recogniser, voices: Voices | None = None, tuning: Sequence[float | str] = ()
    ) -> None:
        self._recogniser = recogniser
        self._voices = voices
        self.engine = recogniser.engine
        self.tuning: list[float | str] = [MARGIN_MS, LONGEST_MS, turns.TURN_PAUSE_MS, *tuning]
        if voices:
            self.tuning += [voices.engine.name, voices.engine.weights_sha256 or ""]

    def run(
        self,
        head: Head,
        recording: Recording,
        ivr: IvrResult,
        lid: LidResult,
        roles: Sequence[ChannelRole],
    ) -> SttResult:
        """Transcribes a call.

        Args:
            head: Of the result.
            recording: What is heard.
            ivr: What of it is conversation.
            lid: The language of each stretch; where it is unsure the likeliest is heard, and the result says
                None.
            roles: Who is on each channel.
        """
        within = [conversation(recording, ivr, channel) for channel in recording.channels]
        speech = [
            _speech(recording, channel, spans)
            for channel, spans in zip(recording.channels, within, strict=True)
        ]
        speech = without_leaks(recording, speech)
        heard = self._words(recording, speech, within, lid)
        missed = _missed(recording, speech, heard)
        again = self._words(recording, missed, within, lid)
        heard = [with_missed(*three) for three in zip(heard, again, missed, strict=True)]
        gaps = gaps_in(_missed(recording, speech, heard))
        heard, roles = self._told_apart(recording, speech, heard, roles)
        said = [_flagged(turn, speech[turn.channel]) for turn in turns.conversation(heard, roles)]
        return SttResult(**head, language=lid.language if said else None, turns=said, gaps=gaps)

    def _words(
        self,
        recording: Recording,
        speech: Sequence[Sequence[Span]],
        within: Sequence[Sequence[Span]],
        lid: LidResult,
    ) -> list[list[turns.HeardWord]]:
        """The words of each channel's speech, in original time."""
        heard: list[list[turns.HeardWord]] = [[] for _ in recording.channels]
        for piece, words in self._hear(recording, _all_pieces(recording, speech, within, lid)):
            placed = turns.in_original_time(words, piece.spans)
            heard[piece.channel] += [turns.HeardWord(word, piece.language) for word in placed]
        return heard

    def _told_apart(
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
        told = [word._replace(spoken_by=whose) for word, whose in zip(heard[channel], found, strict=True)]
        return [told if n == channel else [] for n in recording.channels], []

    def _hear(self, recording: Recording, waiting: Iterable[Piece]) -> Iterator[tuple[Piece, list[Word]]]:
        """Reads and hears a few pieces at a time."""
        for group in _groups(waiting):
            samples = [recording.heard(piece.channel, piece.spans) for piece in group]
            yield from zip(group, self._recogniser.hear(samples, group[0].language), strict=True)


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
