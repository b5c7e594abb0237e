"""A transcript: who said what when, in the ORIGINAL recording's time.

pydantic models, because transcripts travel as JSON between GPU host, database and prompt.
"""

from enum import StrEnum
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole


class Word(BaseModel):
    """One word, times in ms of the original recording, confidence in 0..1."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)
    confidence: float = Field(ge=0, le=1)


class TurnFlag(StrEnum):
    """Why a turn may never have been said: recognisers invent text."""

    REPETITION = "repetition"
    ON_SILENCE = "on_silence"
    KNOWN_PHRASE = "known_phrase"


class Turn(BaseModel):
    """What one speaker says in one go.

    Attributes:
        id: `t1`, `t2`, … in order of `start_ms`; evidence refers to it.
        channel: 0-based channel of the recording.
        confidence: Mean word confidence, 0..1.
        language: ISO 639-1 code that it was heard in; None in a transcript that does not say.
        flags: Signs that it is an invention of the recogniser.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    speaker: ChannelRole
    channel: int = Field(ge=0)
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)
    text: str
    confidence: float = Field(ge=0, le=1)
    words: list[Word] = []
    language: str | None = None
    flags: list[TurnFlag] = []


class Transcript(BaseModel):
    """The turns of a call in order of start.

    Attributes:
        language: ISO 639-1 code; None when nothing was spoken or LID is unsure.
    """

    model_config = ConfigDict(frozen=True)

    call_id: str
    language: str | None
    turns: list[Turn]

    @property
    def text(self) -> str:
        """All turns' text, one turn a line."""
        return "\n".join(turn.text for turn in self.turns)

    @property
    def sha256(self) -> str:
        """Identity of the content that the LLM stages see; word times and confidences do not change it."""
        lines = (f"{turn.id}|{turn.speaker}|{turn.start_ms}|{turn.text}" for turn in self.turns)
        return sha256("\n".join([self.language or "", *lines]).encode()).hexdigest()
