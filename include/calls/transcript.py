"""A transcript: who said what when, in the ORIGINAL recording's time.

pydantic models, because transcripts travel as JSON between GPU host, database and prompt.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole

# What somebody said does not belong into the text of an error.
_PRIVATE = ConfigDict(frozen=True, hide_input_in_errors=True)

# In a recording: at most 24 days, so that columns of databases and arithmetic of times can hold it.
Milliseconds = Annotated[int, Field(ge=0, lt=2**31)]
# 0-based.
ChannelNumber = Annotated[int, Field(ge=0, lt=2**16)]


class Word(BaseModel):
    """One word, times in ms of the original recording, confidence in 0..1."""

    model_config = _PRIVATE

    text: str
    start_ms: Milliseconds
    end_ms: Milliseconds
    confidence: float = Field(ge=0, le=1)


class TurnFlag(StrEnum):
    """Why a turn may never have been said, or not in these words: recognisers invent text, and translate."""

    REPETITION = "repetition"
    ON_SILENCE = "on_silence"
    KNOWN_PHRASE = "known_phrase"
    BADLY_HEARD = "badly_heard"
    OTHER_LANGUAGE = "other_language"


class CardMark(BaseModel):
    """Where payment card data was said that is masked in the text, so that a player can silence it.

    Attributes:
        kind: A card number or a card security code.
        certain: Whether it is surely one; what may be one is masked too.
        reason: Why it is not certain.
        start_ms: In the original recording.
        end_ms: Likewise.
    """

    model_config = _PRIVATE

    kind: Literal["CARD", "CVV"]
    certain: bool = True
    reason: str = ""
    start_ms: Milliseconds
    end_ms: Milliseconds


class Turn(BaseModel):
    """What one speaker says in one go.

    Attributes:
        id: `t1`, `t2`, … in order of `start_ms`; evidence refers to it.
        channel: 0-based channel of the recording.
        confidence: Mean word confidence, 0..1.
        voice: Which of several voices on its channel, from 1; None where they are not distinguished.
        voice_confidence: How sure that is, 0..1; None likewise.
        language: ISO 639-1 code that it was heard in; None in a transcript that does not say.
        flags: Signs that it is an invention of the recogniser.
        card_data: Where `text` has a mask instead of payment card data.
    """

    model_config = _PRIVATE

    id: str
    speaker: ChannelRole
    channel: ChannelNumber
    start_ms: Milliseconds
    end_ms: Milliseconds
    text: str
    confidence: float = Field(ge=0, le=1)
    words: list[Word] = []
    voice: int | None = Field(default=None, ge=1)
    voice_confidence: float | None = Field(default=None, ge=0, le=1)
    language: str | None = None
    flags: list[TurnFlag] = []
    card_data: list[CardMark] = []

    @property
    def label(self) -> str:
        """What a transcript calls whoever speaks: the role where it is known, else the voice or the channel.

        `speaker_0` of a call with voices is everybody who was not distinguished.
        """
        if self.speaker is not ChannelRole.UNKNOWN:
            return self.speaker.value
        return f"speaker_{self.channel if self.voice is None else self.voice}"

    @property
    def is_told_apart(self) -> bool:
        """Whether it is one person's: of a known role, or one of several voices."""
        return self.speaker is not ChannelRole.UNKNOWN or self.voice is not None

    @property
    def whose(self) -> tuple[int, str]:
        """Channel and label: turns that share both are one person's, as far as is known."""
        return self.channel, self.label


class Gap(BaseModel):
    """Where somebody speaks on a channel and no word was understood; ms of the original recording."""

    model_config = _PRIVATE

    channel: ChannelNumber
    start_ms: Milliseconds
    end_ms: Milliseconds


class Transcript(BaseModel):
    """The turns of a call in order of start.

    Attributes:
        language: ISO 639-1 code; None when nothing was spoken or LID is unsure.
        gaps: What was said and not understood, in order of start.
    """

    model_config = _PRIVATE

    call_id: str
    language: str | None
    turns: list[Turn]
    gaps: list[Gap] = []

    @property
    def text(self) -> str:
        """All turns' text, one turn a line."""
        return "\n".join(turn.text for turn in self.turns)

    @property
    def sha256(self) -> str:
        """Identity of the content that the LLM stages see; word times and confidences do not change it."""
        lines = [f"{turn.id}|{_named(turn)}|{turn.start_ms}|{turn.text}" for turn in self.turns]
        missing = [f"{gap.channel}|{gap.start_ms}|{gap.end_ms}" for gap in self.gaps]
        return sha256("\n".join([self.language or "", *lines, *missing]).encode()).hexdigest()


def _named(turn: Turn) -> str:
    return turn.speaker.value if turn.voice is None else turn.label
