"""A scorecard: what a call is judged by. A YAML file, versioned, immutable once used."""

import json
from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter
from hashlib import sha256
from typing import Any, Self

from pydantic import Field, PrivateAttr, model_validator

from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.conditions import CriterionCondition, FieldCondition
from include.scorecards.parts import (
    ID_PATTERN,
    AnyCondition,
    Band,
    EvidenceRule,
    MetricRule,
    Part,
    PromptRule,
    Section,
)
from include.scorecards.weights import shares

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


class Option(Part):
    """A possible answer. The highest score among a criterion's options is its potential.

    Attributes:
        key: What the LLM answers, and what conditions, gold labels and reports name: yes, no, partial.
        label: What it means, in a few words; the LLM reads it.
        score: What it earns; the criterion earns this share of the highest score of its options.
        auto_fail: `section`: where this answer counts, the section earns nothing. `form`: the whole call
            has 0 and has not passed.
    """

    key: str = Field(pattern=KEY_PATTERN)
    label: str
    score: float = Field(ge=0)
    auto_fail: AutoFail = AutoFail.NONE


class Criterion(Part):
    """One criterion: a question about the call with its options.

    Attributes:
        id: By which reports, conditions, gold labels and people's answers name it.
        section: The id of its section.
        text: The question, as people read it; it goes to the LLM as well.
        instructions: How to decide, with examples; needed where the LLM answers. Goes to it, with what is
            quoted marked as an example.
        options: The possible answers; exactly yes and no, where a rule or metric answers.
        weight: Its part of the section, beside the other criteria's weights. 0 adds nothing to the score; an
            `auto_fail` holds all the same.
        na_allowed: Whether NA (it does not apply to this call, and leaves the score) may be answered.
        na_rule: When the answer is NA. Where it is given, and `na_allowed` is not, NA is allowed.
        severity: Shown with the criterion; orders what people listen to (they count 1, 2, 4, 8).
        legal_basis: The law or rule that asks for it.
        answered_by: The LLM; a rule or a metric, which code computes from transcript and recording.
        evidence: What an answer has to be proven by.
        rule: For `answered_by: rule`, one of the rules below.
        metric: For `answered_by: metric`: which figure, compared with what.
        applies_if: When it does not hold, the answer is NA; the LLM is not asked if that is known before.
        settled_by_prompt: Announcements that answer it where they were played. They are cut out before the
            transcript: what they say, the LLM cannot see.
        second_opinion: Whether one may be asked for; without it, where an option has an `auto_fail`.
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


class Scorecard(Part):
    """A whole scorecard.

    Attributes:
        id: Of all its versions.
        version: An edited file gets another: what a version asked is never changed.
        title: As reports and pages show it.
        language: ISO 639-1 code that it is written in; calls may be in any.
        pass_threshold_pct: Scores from here upwards pass, in per cent.
        bands: Names for scores.
        sections: Groups of criteria.
        criteria: In the order in which they are asked and shown.
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
