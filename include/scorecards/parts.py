"""The small parts of a scorecard: what is given for a section, a window, a proof, a condition."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StrictFloat, Tag

from include.scorecards.conditions import CriterionCondition, FieldCondition, Operator

ID_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"


class Part(BaseModel):
    """What is written into a scorecard: it never changes, and a field that there is not is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Band(Part):
    """A name for scores from `min_pct` upwards.

    Attributes:
        name: As reports and pages show it.
        min_pct: The lowest score that is in it, in per cent; one band begins at 0.
    """

    name: str
    min_pct: float = Field(ge=0, le=100)


class Section(Part):
    """A group of criteria; sections share the score by weight.

    Attributes:
        id: By which criteria name it.
        title: As reports and pages show it.
        weight: Its part of the score, beside the other sections' weights: 14 of 100 or 1 of 4.
    """

    id: str = Field(pattern=ID_PATTERN)
    title: str
    weight: float = Field(gt=0)


class Window(Part):
    """The part of the call that evidence must lie in; `any` for the whole call. At most one of the two.

    Attributes:
        first_s: What begins in so many seconds after the first turn begins.
        last_s: What ends in so many seconds before the last turn ends.
    """

    first_s: float | None = Field(default=None, gt=0)
    last_s: float | None = Field(default=None, gt=0)


# Where `any` may be written for the whole call.
_AnyWindow = BeforeValidator(lambda value: {} if value == "any" else value)


class EvidenceRule(Part):
    """Which answers need a quote, whose words it must be, and from which part of the call.

    Attributes:
        required_on: Keys of the answers that count only with a quote that is found in the transcript.
        speaker: Whose words are evidence.
        window: Where they must be said.
    """

    required_on: list[str] = []
    speaker: Literal["agent", "customer", "any"] = "any"
    window: Annotated[Window, _AnyWindow] = Window()


class MetricRule(Part):
    """Answers `yes` when the figure compares as asked, else `no`.

    Attributes:
        field: A figure of the call (below), without `metrics.`.
        op: How it is compared; figures are in no list, and contain nothing.
        value: With what; two numbers for `between`, which includes the first and not the second.
    """

    field: str
    op: Operator
    value: StrictFloat | list[StrictFloat]


class PromptRule(Part):
    """Announcements that settle a criterion: it is not asked where one of them was played.

    Attributes:
        prompts: Names in the GPU hosts' library of known audio, without folder and extension.
        answer: The key of the answer then.
        window: When they must be played; without it, where the criterion's evidence must lie.
    """

    prompts: list[str] = Field(min_length=1)
    answer: str
    window: Annotated[Window | None, _AnyWindow] = None


def _condition_kind(value: Any) -> str:
    is_criterion = "criterion" in value if isinstance(value, dict) else isinstance(value, CriterionCondition)
    return "criterion" if is_criterion else "field"


AnyCondition = Annotated[
    Annotated[FieldCondition, Tag("field")] | Annotated[CriterionCondition, Tag("criterion")],
    Discriminator(_condition_kind),
]
