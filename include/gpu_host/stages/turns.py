"""From the words of each channel to the turns of a conversation."""

from collections.abc import Sequence
from typing import NamedTuple

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, TurnFlag, Word
from include.gpu_host.speakers.voices import SpokenBy

# A pause this long inside one channel's words ends the turn.
TURN_PAUSE_MS = 1000
# Where both speakers are on one channel, a shorter one does after a sentence: the other may answer.
SENTENCE_PAUSE_MS = 500
# Below it a turn is nobody's: of two voices that are this little apart, one in seven words was the other's.
LEAST_VOICE_CONFIDENCE = 0.75
SENTENCE_ENDS = tuple(".?!…。？！")


class HeardWord(NamedTuple):
    """A word of a channel.

    Attributes:
        language: ISO 639-1 code that it was heard in.
        spoken_by: Whose it is of several voices.
        sounds_otherwise: What was heard sounds like another language, in which it could not be heard.
        is_at_music: It may be the first sound of music: see `seams`.
    """

    word: Word
    language: str
    spoken_by: SpokenBy | None = None
    sounds_otherwise: bool = False
    is_at_music: bool = False


def conversation(channels: Sequence[Sequence[HeardWord]], roles: Sequence[ChannelRole]) -> list[Turn]:
    """Builds turns from each channel's words and merges the channels in order of start.

    Args:
        channels: Words of each channel, in order of time; each text with the space that it begins with.
        roles: Who is on each channel; a recording of another number of channels tells nobody apart.
    """
    known = list(roles) if len(roles) == len(channels) else [ChannelRole.UNKNOWN] * len(channels)
    is_shared = len(channels) == 1
    spoken = [
        (channel, words) for channel, heard in enumerate(channels) for words in _split(heard, is_shared)
    ]
    spoken.sort(key=lambda turn: (turn[1][0].word.start_ms, turn[0]))
    numbered = enumerate(spoken, start=1)
    return [_turn(f"t{n}", known[channel], channel, words) for n, (channel, words) in numbered]


def _split(heard: Sequence[HeardWord], is_shared: bool) -> list[list[HeardWord]]:
    """Splits one channel's words at its pauses, and where the language or the voice changes."""
    runs: list[list[HeardWord]] = []
    for word in heard:
        if runs and _goes_on(runs[-1][-1], word, is_shared):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _goes_on(before: HeardWord, after: HeardWord, is_shared: bool) -> bool:
    ends_sentence = before.word.text.endswith(SENTENCE_ENDS)
    longest_ms = SENTENCE_PAUSE_MS if is_shared and ends_sentence else TURN_PAUSE_MS
    is_one = _kind(before) == _kind(after)
    return is_one and after.word.start_ms - before.word.end_ms < longest_ms


def _kind(heard: HeardWord) -> tuple[int | None, str, bool, bool]:
    """What all words of a turn have in common."""
    voice = heard.spoken_by.voice if heard.spoken_by else None
    return voice, heard.language, heard.sounds_otherwise, heard.is_at_music


def _turn(turn_id: str, speaker: ChannelRole, channel: int, heard: list[HeardWord]) -> Turn:
    words = [one.word for one in heard]
    voice, sure = _whose(heard)
    return Turn(
        id=turn_id,
        speaker=speaker,
        channel=channel,
        start_ms=words[0].start_ms,
        end_ms=max(word.end_ms for word in words),
        text="".join(word.text for word in words).strip(),
        confidence=round(sum(word.confidence for word in words) / len(words), 3),
        words=[word.model_copy(update={"text": word.text.strip()}) for word in words],
        voice=voice,
        voice_confidence=sure,
        language=heard[0].language,
        flags=_flags(heard[0]),
    )


def _flags(heard: HeardWord) -> list[TurnFlag]:
    known = {
        TurnFlag.BADLY_HEARD: heard.is_at_music,
        TurnFlag.OTHER_LANGUAGE: heard.sounds_otherwise,
    }
    return [flag for flag, holds in known.items() if holds]


def _whose(heard: list[HeardWord]) -> tuple[int | None, float | None]:
    """A turn's voice, where its words are sure enough of it, and how sure they are."""
    attributed = [one.spoken_by for one in heard if one.spoken_by]
    if not attributed:
        return None, None
    sure = round(sum(one.confidence for one in attributed) / len(attributed), 3)
    return (attributed[0].voice if sure >= LEAST_VOICE_CONFIDENCE else None), sure
