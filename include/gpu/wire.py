"""What travels between cofi and a GPU host: the JSON bodies of the contract, version 1.

    PUT    /v1/calls/{call_id}/audio    streamed body  -> AudioStored (201; 200 when it was there)
    GET    /v1/calls/{call_id}/audio    ?version=      -> the recording, original or enhanced, to listen to
    POST   /v1/calls/{call_id}/{stage}  StageRequest   -> DenoiseResult | IvrResult | LidResult | SttResult
    DELETE /v1/calls/{call_id}                         -> 204
    *      /v1/prompts/learned                         see `include.gpu.learned`
    GET    /health                                     -> HostHealth (no token)
    GET    /ready                                      -> HostStatus
    GET    /metrics                                    -> Prometheus text

Errors are RFC 9457 `application/problem+json` (`Problem`). Both sides import this file, so they cannot drift.

Payment card data is kept nowhere. A host masks it before it stores, answers or logs anything:
`[card number ending 1111]` or `[card security code]` in the text of a turn, with a `CardMark` that tells when
it was said; of its words the first has the mask as its text and each further one "•". A `dtmf` segment of six
digits or more, and what is keyed after a card number, has a count as its label: `16 digits keyed`.
`include.card_data.results.without_card_data` does all of it; cofi does it again to whatever a host answers.
No text of an error says what is said in a call.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from include.calls.call import ChannelRole
from include.calls.transcript import ChannelNumber, Gap, Milliseconds, Turn

# A call id is a file name on the host: no separators, no dots, so no path can leave the data folder.
CALL_ID_PATTERN = r"^[A-Za-z0-9_-]{1,80}$"
SHA256_HEADER = "X-Content-SHA256"

# From this confidence on, what was learned counts like a library that was given.
SURE_OF_LIBRARY = 0.8

Probability = Annotated[float, Field(ge=0, le=1)]
# Of larger ones a database cannot make a sum, or has no column for them.
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class WireModel(BaseModel):
    """Unknown fields are ignored, so that a newer host can serve an older cofi."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Engine(WireModel):
    """Which engine made a result, named in every one of them."""

    name: str
    version: str
    device: str
    weights_sha256: str | None = None


class Span(WireModel):
    """A piece of the original recording, in ms; end exclusive."""

    start_ms: Milliseconds
    end_ms: Milliseconds


class SegmentKind(StrEnum):
    """What the IVR stage finds that is not conversation."""

    PROMPT = "prompt"
    HOLD_MUSIC = "hold_music"
    DTMF = "dtmf"
    DEAD_AIR = "dead_air"
    UNKNOWN_AUDIO = "unknown_audio"


class Segment(Span):
    """Something that is not conversation; `label` names the prompt, or the digits or their count."""

    kind: SegmentKind
    confidence: Probability
    label: str = ""
    channel: ChannelNumber | None = None


class AudioStored(WireModel):
    """The host holds the whole file; `sha256` is what it computed over the bytes that arrived."""

    call_id: str
    size_bytes: int
    sha256: str


class StageOptions(WireModel):
    """The options of a stage. Each stage reads those that it knows and ignores the others."""

    channel_roles: list[ChannelRole] = []
    languages: list[str] = Field(default=[], description="allow-list of ISO 639-1 codes for LID; empty: any")
    vocabulary: list[str] = Field(
        default=[],
        description="STT: names and terms that may be said, the most important ones first; an engine that "
        "can hears them more easily, as far as they fit it",
    )
    heard_with: str = Field(
        default="", description="IVR: `version` of what was learned; another one has the call heard again"
    )
    began_at: AwareDatetime | None = Field(
        default=None,
        description="IVR: when the recording began, if known: what calls of different times have in common "
        "is learned sooner",
    )


class StageRequest(WireModel):
    """Body of `POST /v1/calls/{call_id}/{stage}`."""

    options: StageOptions = StageOptions()


class _StageResult(WireModel):
    """What every stage's result says.

    Attributes:
        seconds: Processing time on the host, without waiting.
        audio_s: Length of the recording.
    """

    call_id: str
    engine: Engine
    seconds: Seconds
    audio_s: Seconds


class ChannelQuality(WireModel):
    """How one channel was measured, and whether recognition hears it enhanced."""

    channel: ChannelNumber
    snr_db: float | None
    applied: bool


class DenoiseResult(_StageResult):
    """Whether recognition hears the enhanced audio, and why.

    Attributes:
        snr_db: Of the noisiest channel that holds speech; None when nobody speaks, or without a pause.
        channels: The same, channel by channel.
    """

    stage: Literal["denoise"] = "denoise"
    applied: bool
    reason: str
    snr_db: float | None
    channels: list[ChannelQuality] = []


class PromptLibrary(WireModel):
    """What machine voices were recognised by.

    Attributes:
        given: Prompts and hold music that the site gave the host.
        learned: Those that hosts learned because they repeat over calls.
        calls_heard: From how many calls was learned: those whose fingerprints were kept then.
        confidence: How likely a prompt that every fifth call plays would have been learned by now.
    """

    given: Count
    learned: Count = 0
    calls_heard: Count = 0
    confidence: Probability = 0.0

    @property
    def tells_machines(self) -> bool:
        """Whether a voice that is left is surely a person's: prompts were given, or would be known by now."""
        return self.given > 0 or self.confidence >= SURE_OF_LIBRARY


class IvrResult(_StageResult):
    """What is not conversation, and what remains.

    Attributes:
        kept: The conversation: spans of the original recording, in order, disjoint. Their concatenation is
            what later stages hear, and the map back to original time.
        library: By what prompts were found; None from a host that does not tell.
    """

    stage: Literal["ivr"] = "ivr"
    segments: list[Segment]
    kept: list[Span]
    library: PromptLibrary | None = None


class ChannelLanguage(WireModel):
    """The language of one channel; None when nobody speaks on it or it is unsure."""

    channel: ChannelNumber
    language: str | None
    confidence: Probability
    speech_s: Seconds


class LanguageSpan(Span):
    """A stretch of one channel in one language."""

    channel: ChannelNumber
    language: str
    confidence: Probability


class LidResult(_StageResult):
    """Spoken language of the conversation; `language` is None when nothing is spoken or it is unsure.

    Attributes:
        probabilities: Over the whole conversation, summing to 1; those below 0.1 % are left out.
        channels: The same, channel by channel.
        spans: Which language is spoken when; one span a channel unless the call switches.
        switches: Whether more than one language is spoken.
    """

    stage: Literal["lid"] = "lid"
    language: str | None
    confidence: Probability
    probabilities: dict[str, Probability]
    speech_s: Seconds
    channels: list[ChannelLanguage] = []
    spans: list[LanguageSpan] = []
    switches: bool = False


class SttResult(_StageResult):
    """The transcript, times in ms of the ORIGINAL recording.

    Attributes:
        times_spread: The recogniser timed no words: within what it heard in one go they may be seconds off.
    """

    stage: Literal["stt"] = "stt"
    language: str | None
    turns: list[Turn]
    gaps: list[Gap] = []
    times_spread: bool = False


StageResult = Annotated[DenoiseResult | IvrResult | LidResult | SttResult, Field(discriminator="stage")]


class HostHealth(WireModel):
    """Answer of `/health`, also while the host is busy or not ready: one that is silent is taken for lost.

    Attributes:
        instance: Another one after every start of the host's process, so that a client learns of a restart
            that it did not see; None when the host does not tell.
    """

    status: str = "ok"
    instance: str | None = None


class HostStatus(WireModel):
    """Answer of `/ready`.

    Attributes:
        ready: Engines are loaded and warm.
        engines: Stage name to engine.
        capacity: Requests that the host works on at once; some more may wait, and what is beyond gets 429.
        speed: Measured audio seconds per second over the chain; None before the first call.
        version: Of cofi there; empty from a host that is another's.
        hears_vocabulary: Whether STT makes use of a vocabulary; None from a host that does not tell.
    """

    ready: bool
    engines: dict[str, Engine]
    capacity: int = Field(ge=1, le=10_000)
    in_flight: Count
    free_disk_bytes: int = Field(ge=0)
    speed: float | None = None
    version: str = ""
    hears_vocabulary: bool | None = None


class Problem(WireModel):
    """RFC 9457 problem details.

    Attributes:
        retryable: Whether the same request may succeed later.
        missing: For 409: the stages to run first, in order.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    retryable: bool = False
    missing: list[str] = []
