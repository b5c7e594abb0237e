"""What travels of learned prompts between cofi and a GPU host: a part of the contract of `include.gpu.wire`.

    GET /v1/prompts/learned                            -> LearnedPrompts
    GET /v1/prompts/learned/{prompt_id}                -> LearnedPrompt, with its fingerprint
    PUT /v1/prompts/learned/{prompt_id}  LearnedPrompt -> PromptTaken

Hosts learn what calls repeat, to the sample, and cut it out of the calls after that. They keep fingerprints
of what they heard, and no sound. The run carries what one host learned to the others; people name and refuse
it in cofi's database. A host that learns nothing answers 404 to all of it.
"""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from include.calls.moments import possible
from include.calls.transcript import ChannelNumber, Milliseconds
from include.gpu.wire import Count, Seconds, SegmentKind, WireModel

PROMPT_ID_PATTERN = r"^[0-9a-f]{16}$"
PROMPT_NAME_PATTERN = r"^\w[\w.-]*(/\w[\w.-]*)*$"


def _a_moment(said: datetime) -> datetime:
    if possible(said) is None:
        raise ValueError("no prompt can be of that time")
    return said


def _base64(said: str) -> str:
    b64decode(said, validate=True)
    return said


_PromptId = Annotated[str, Field(pattern=PROMPT_ID_PATTERN)]
_Moment = Annotated[AwareDatetime, AfterValidator(_a_moment)]
_InBase64 = Annotated[str, AfterValidator(_base64)]


class LearnedPrompt(WireModel):
    """Audio that calls repeat, as a fingerprint.

    Attributes:
        name: How results call it: made up until somebody names it.
        refused: Somebody says that it is none: it is neither cut nor learned again.
        duration_s: Its length.
        calls: In how many calls it was heard, at least.
        call_id: A call in which it can be listened to, as long as that is kept: no sound of it is.
        channel: There.
        start_ms: There.
        fingerprint: Landmarks and profile, an `.npz` file in base64; None where they are not asked for.
    """

    prompt_id: _PromptId
    name: str = Field(pattern=PROMPT_NAME_PATTERN, max_length=80)
    kind: Literal[SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC]
    refused: bool = False
    duration_s: Seconds
    calls: Count
    call_id: str = Field(max_length=80)
    channel: ChannelNumber
    start_ms: Milliseconds
    learned_at: _Moment
    heard_at: _Moment
    fingerprint: _InBase64 | None = None


class LearnedPrompts(WireModel):
    """What a host has learned.

    Attributes:
        version: Changes with what is cut out.
        calls_heard: From how many calls was learned.
        prompts: Without fingerprints.
        hear_again: Calls that were heard before something in them was learned.
    """

    version: str
    calls_heard: Count
    prompts: list[LearnedPrompt]
    hear_again: list[str] = Field(default=[])


class PromptTaken(WireModel):
    """A learned prompt was taken in; `replaced` is the host's own of the same audio that went for it."""

    prompt_id: _PromptId
    replaced: _PromptId | None = None
