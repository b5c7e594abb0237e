"""What an emulated host finds in a recording: the least that is valid, and different for every call."""

from collections.abc import Callable
from hashlib import sha256

from include.calls.call import ChannelRole
from include.calls.stage import Stage
from include.calls.transcript import Turn
from include.gpu.wire import (
    DenoiseResult,
    Engine,
    IvrResult,
    LidResult,
    PromptLibrary,
    Span,
    StageResult,
    SttResult,
)

ENGINE = Engine(name="emulated", version="1", device="none")
_UNKNOWN_AUDIO_S = 60.0
_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")


def audio_seconds(head: bytes, size_bytes: int) -> float:
    """Length of a WAV file by its first 44 bytes; of anything else, a minute.

    Args:
        head: The file's beginning.
        size_bytes: The whole file's.
    """
    bytes_per_s = int.from_bytes(head[28:32], "little")
    if head[:4] != b"RIFF" or not bytes_per_s:
        return _UNKNOWN_AUDIO_S
    return max(0.0, (size_bytes - len(head)) / bytes_per_s)


def result_of(call_id: str, stage: Stage, seconds: float, audio_s: float) -> StageResult:
    """The result of a stage that took so long."""
    common = {"call_id": call_id, "engine": ENGINE, "seconds": seconds, "audio_s": audio_s}
    made: dict[Stage, Callable[[], StageResult]] = {
        Stage.DENOISE: lambda: DenoiseResult.model_validate(
            {**common, "applied": False, "reason": "emulated", "snr_db": None}
        ),
        Stage.IVR: lambda: IvrResult.model_validate(
            {
                **common,
                "segments": [],
                "kept": [Span(start_ms=0, end_ms=round(audio_s * 1000))],
                "library": PromptLibrary(given=1),
            }
        ),
        Stage.LID: lambda: LidResult.model_validate(
            {**common, "language": "en", "confidence": 1, "probabilities": {"en": 1}, "speech_s": audio_s}
        ),
        Stage.STT: lambda: SttResult.model_validate({**common, "language": "en", "turns": _turns(call_id)}),
    }
    return made[stage]()


def _turns(call_id: str) -> list[Turn]:
    # Letters without vowels: no redaction takes them for a name or a number, so every prompt is another.
    matter = sha256(call_id.encode()).hexdigest()[:20].translate(_LETTERS)
    said = [
        (ChannelRole.AGENT, "good morning, what can i do for you"),
        (ChannelRole.CUSTOMER, f"it is about the matter {matter}"),
        (ChannelRole.AGENT, "that is settled now, goodbye"),
    ]
    return [
        Turn(
            id=f"t{number}",
            speaker=speaker,
            channel=0 if speaker is ChannelRole.AGENT else 1,
            start_ms=(number - 1) * 600,
            end_ms=number * 600 - 100,
            text=text,
            confidence=0.9,
        )
        for number, (speaker, text) in enumerate(said, 1)
    ]
