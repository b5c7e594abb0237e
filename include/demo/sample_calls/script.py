"""The script of a sample call: what is heard when, what the manifest says, and the right answers about it."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.errors import InvalidInput
from include.plain_yaml import read_yaml

Speaker = Literal["agent", "customer"]
GOLD_COLUMNS = ("day", "file", "criterion", "answer")
MANIFEST_COLUMNS = ("file", "agent", "queue", "direction", "customer_ref", "started_at", "channel_roles")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Strict):
    """Somebody speaks."""

    speaker: Speaker
    text: str


class Prompt(_Strict):
    """A recorded announcement plays; named in `prompts.yaml`."""

    prompt: str


class MusicPiece(_Strict):
    """Which stretch of a hold music track plays."""

    track: str
    from_s: float = 0.0
    length_s: float


class Music(_Strict):
    """Hold music plays."""

    music: MusicPiece


class Keys(_Strict):
    """The caller presses keys."""

    keys: str = Field(pattern=r"^[0-9*#]+$")


class Pause(_Strict):
    """Nobody makes a sound."""

    pause_s: float


class Beep(_Strict):
    """The tone of an answering machine."""

    beep_s: float


Event = Turn | Prompt | Music | Keys | Pause | Beep


class Noise(_Strict):
    """What is heard behind the voices: a hissing line, mains hum, or many people talking."""

    kind: Literal["line", "hum", "babble"]
    snr_db: float
    behind: Speaker | None = None


class CallScript(_Strict):
    """One file of `scripts/`.

    Attributes:
        file: Name of the recording; its suffix says the format.
        channels: Who is on each channel; `mixed` for a mono recording of both.
        voices: The voice (`voices.VOICES`) of each speaker.
        language: ISO 639-1 code; None when nobody speaks.
        metadata: The call's row in the manifest.
        in_manifest: False for a recording that came without metadata.
        gold: The right answer to each criterion of the scorecard; empty for a call without conversation.
    """

    day: date
    file: str
    channels: list[Literal["agent", "customer", "mixed"]]
    voices: dict[Speaker, str]
    language: str | None
    metadata: dict[str, str]
    in_manifest: bool = True
    noise: Noise | None = None
    events: list[Event]
    gold: dict[str, str]

    @field_validator("events", mode="before")
    @classmethod
    def _named_speakers(cls, events: Any) -> Any:
        """Reads the short form `agent: text` as a turn."""
        return [_spelled_out(event) for event in events]

    @property
    def turns(self) -> list[Turn]:
        """What is said, in order: the transcript that a perfect recogniser would write."""
        return [event for event in self.events if isinstance(event, Turn)]

    def manifest_row(self) -> dict[str, str]:
        """The call's row in its day's manifest."""
        roles = "" if self.channels == ["mixed"] else "|".join(self.channels)
        return {"file": self.file, **self.metadata, "channel_roles": roles}


def load_scripts(folder: Path) -> list[CallScript]:
    """Reads every script of a folder, in order of file name.

    Raises:
        InvalidInput: A script is wrong, or there is none; the message names the file.
    """
    scripts = [_load(path) for path in sorted(folder.glob("*.yaml"))]
    if not scripts:
        raise InvalidInput(f"{folder} holds no scripts: name the folder with the calls' YAML files.")
    return scripts


def _load(path: Path) -> CallScript:
    try:
        return CallScript.model_validate(read_yaml(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise InvalidInput(f"{path} is no call script: {error}") from error


def _spelled_out(event: Any) -> Any:
    match event:
        case {"agent": text} if len(event) == 1:
            return {"speaker": "agent", "text": text}
        case {"customer": text} if len(event) == 1:
            return {"speaker": "customer", "text": text}
        case _:
            return event
