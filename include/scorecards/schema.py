"""A scorecard: what a call is judged by. A YAML file, versioned, immutable once used."""

import json
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StrictFloat,
    Tag,
    model_validator,
)

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.conditions import CriterionCondition, FieldCondition, Operator
from include.scorecards.weights import shares

ID_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
KEY_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
YES, NO = "yes", "no"


class AnsweredBy(StrEnum):
    """Who answers a criterion: the LLM only what a transcript can tell, code the rest."""

    LLM = "llm"
    RULE = "rule"
    METRIC = "metric"


class AutoFail(StrEnum):
    """How far an answer fails beyond its own criterion."""

    NONE = "none"
    SECTION = "section"
    FORM = "form"


class Severity(StrEnum):
    """The severity of a criterion that is not met."""

    INFO = "info"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Band(_Part):
    """A name for scores from `min_pct` upwards."""

    name: str
    min_pct: float = Field(ge=0, le=100)


class Section(_Part):
    """A group of criteria; sections share the score by weight."""

    id: str = Field(pattern=ID_PATTERN)
    title: str
    weight: float = Field(gt=0)


class Option(_Part):
    """A possible answer. The highest score among a criterion's options is its potential."""

    key: str = Field(pattern=KEY_PATTERN)
    label: str
    score: float = Field(ge=0)
    auto_fail: AutoFail = AutoFail.NONE


class Window(_Part):
    """The part of the call that evidence must lie in, counted from its first or back from its last turn."""

    first_s: float | None = Field(default=None, gt=0)
    last_s: float | None = Field(default=None, gt=0)


# Where `any` may be written for the whole call.
_AnyWindow = BeforeValidator(lambda value: {} if value == "any" else value)


class EvidenceRule(_Part):
    """Which answers need a quote, whose words it must be, and from which part of the call."""

    required_on: list[str] = []
    speaker: Literal["agent", "customer", "any"] = "any"
    window: Annotated[Window, _AnyWindow] = Window()


class MetricRule(_Part):
    """Answers `yes` when the figure compares as asked, else `no`; `between` includes its first number."""

    field: str
    op: Operator
    value: StrictFloat | list[StrictFloat]


class PromptRule(_Part):
    """Announcements that settle a criterion: prompts that the IVR stage may find, and the answer then.

    Attributes:
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


class Criterion(_Part):
    """One criterion: a question about the call with its options.

    Attributes:
        instructions: How to decide, with examples; goes to the LLM, with what is quoted marked as an example.
        na_rule: When the answer is NA. Where it is given, and `na_allowed` is not, NA is allowed.
        legal_basis: The law or rule that asks for it.
        rule: For `answered_by: rule`, one of `include.scorecards.rules.RULES`.
        applies_if: When it does not hold, the answer is NA; the LLM is not asked if that is known before.
        settled_by_prompt: Announcements are cut out before the transcript: what they say, the LLM cannot see.
        second_opinion: Whether one may be asked for; None where that hangs on an option that fails more.
    """

    id: str = Field(pattern=ID_PATTERN)
    section: str
    text: str
    instructions: str = ""
    options: list[Option] = Field(min_length=2)
    weight: float = Field(ge=0)
    na_allowed: bool = False
    na_rule: str = ""
    severity: Severity = Severity.MINOR
    legal_basis: str = ""
    answered_by: AnsweredBy = AnsweredBy.LLM
    evidence: EvidenceRule = EvidenceRule()
    applies_if: AnyCondition | None = None
    rule: str | None = None
    metric: MetricRule | None = None
    settled_by_prompt: PromptRule | None = None
    second_opinion: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _allow_na_by_its_rule(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("na_rule"):
            return {"na_allowed": True, **content}
        return content

    @property
    def potential(self) -> float:
        """The highest score that the criterion can earn."""
        return max(option.score for option in self.options)

    @property
    def possible_answers(self) -> list[str]:
        """Every answer that it can end with; NA also where it may not apply to a call."""
        keys = [option.key for option in self.options]
        may_be_na = self.na_allowed or self.applies_if is not None
        return [*keys, *([NOT_APPLICABLE] if may_be_na else []), CANNOT_DETERMINE]

    @property
    def may_be_asked_again(self) -> bool:
        """Whether a second opinion may be asked for: as it says, else where an option fails more than it."""
        fails_more = any(option.auto_fail is not AutoFail.NONE for option in self.options)
        return self.answered_by is AnsweredBy.LLM and (
            fails_more if self.second_opinion is None else self.second_opinion
        )

    def option(self, key: str) -> Option | None:
        """The option of this key; None for NA, CANNOT_DETERMINE and unknown keys."""
        return next((option for option in self.options if option.key == key), None)


class Scorecard(_Part):
    """A whole scorecard.

    Attributes:
        language: ISO 639-1 code that it is written in; calls may be in any.
        applies_if: Which calls it can judge at all; others become not auditable, without asking the LLM.
        min_evidence_confidence: Words that were heard with less confidence (0..1) are no evidence.
        max_undetermined_share: Above this share of answers that cannot be determined or have no sound
            evidence, among the criteria asked, not auditable.
    """

    id: str = Field(pattern=ID_PATTERN)
    version: str = Field(min_length=1, max_length=40)
    title: str
    language: str
    pass_threshold_pct: float = Field(ge=0, le=100)
    bands: list[Band] = Field(min_length=1)
    applies_if: FieldCondition | None = None
    min_evidence_confidence: float = Field(default=0.5, ge=0, le=1)
    max_undetermined_share: float = Field(default=0.25, ge=0, le=1)
    sections: list[Section] = Field(min_length=1)
    criteria: list[Criterion] = Field(min_length=1)

    # Under what hash a version was recorded by an older cofi, whose schema had other fields.
    _recorded_sha256: str = PrivateAttr("")

    @property
    def sha256(self) -> str:
        """Identity: the hash that it was recorded under, else that of its content."""
        return self._recorded_sha256 or self.content_sha256

    @cached_property
    def content_sha256(self) -> str:
        """Hash of the content; comments and layout of the file do not change it.

        A field that came later is left out where it is not used: what was recorded before keeps its hash.
        """
        content = self.model_dump(mode="json")
        for criterion in content["criteria"]:
            if criterion["second_opinion"] is None:
                del criterion["second_opinion"]
        return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def recorded_as(self, sha256: str) -> Self:
        """The same, under the hash that it was recorded by: what refers to it goes on referring to it."""
        recorded = self.model_copy()
        recorded._recorded_sha256 = sha256
        return recorded

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __copy__(self) -> Self:
        """A copy that may get other content: it keeps no hash, and nothing else that follows from content."""
        copied = super().__copy__()
        for name in list(copied.__dict__):
            if isinstance(getattr(type(self), name, None), cached_property):
                del copied.__dict__[name]
        copied._recorded_sha256 = ""
        return copied

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of this id.

        Raises:
            KeyError: There is none.
        """
        return self._by_id[criterion_id]

    def share(self, criterion_id: str) -> float:
        """A criterion's share of the whole, 0..1, before anything is left out."""
        return self._shares[criterion_id]

    def answered_by(self, who: AnsweredBy) -> Sequence[Criterion]:
        """The criteria that somebody answers, in the file's order."""
        return [criterion for criterion in self.criteria if criterion.answered_by is who]

    def band(self, pct: float) -> str:
        """The name of the highest band that this score reaches."""
        reached = [band for band in self.bands if pct >= band.min_pct]
        return max(reached, key=lambda band: band.min_pct).name

    def in_order(self) -> Sequence[Criterion]:
        """Criteria such that each comes after the one that its condition asks about.

        Raises:
            graphlib.CycleError: Conditions go in a circle; a loaded scorecard has none.
        """
        asks = {
            c.id: [c.applies_if.criterion] if isinstance(c.applies_if, CriterionCondition) else []
            for c in self.criteria
        }
        return [self._by_id[criterion_id] for criterion_id in TopologicalSorter(asks).static_order()]

    @cached_property
    def _shares(self) -> dict[str, float]:
        return shares(
            {s.id: s.weight for s in self.sections}, ((c.id, c.section, c.weight) for c in self.criteria)
        )

    @cached_property
    def _by_id(self) -> dict[str, Criterion]:
        return {criterion.id: criterion for criterion in self.criteria}
