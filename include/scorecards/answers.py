"""Answers to a scorecard as they are given: by a language model, before code checks and scores them."""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from include.calls.transcript import Turn
from include.spoken.folding import plain

NOT_APPLICABLE = "NA"
CANNOT_DETERMINE = "CANNOT_DETERMINE"
# How models write these two besides; folded, letters and digits only.
_OTHER_WRITINGS = {
    "notapplicable": NOT_APPLICABLE,
    "noaplica": NOT_APPLICABLE,
    "cannotbedetermined": CANNOT_DETERMINE,
    "cantdetermine": CANNOT_DETERMINE,
    "cantbedetermined": CANNOT_DETERMINE,
    "undetermined": CANNOT_DETERMINE,
}


def as_key(said: str, keys: Collection[str]) -> str:
    """The one of the keys that an answer means: "Yes", " YES ", "yes." are `yes`, "n/a" is `NA`.

    Args:
        said: As the model wrote it.
        keys: What it may answer.

    Returns:
        `said` as it is when it means none of them, or several.
    """
    if said in keys:
        return said
    bare = _bare(said)
    meant = {key for key in keys if _bare(key) == bare or key == _OTHER_WRITINGS.get(bare)}
    return meant.pop() if len(meant) == 1 else said


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", plain(text))


def clipped(limit: int) -> BeforeValidator:
    """Cuts a string or list that is too long, instead of refusing it.

    Not every API enforces length bounds, and a justification of 410 characters is no reason to pay for a
    repair.
    """
    return BeforeValidator(lambda value: value[:limit] if isinstance(value, (str, list)) else value)


def _share(value: object) -> object:
    """A number within 0..1: few servers enforce a range of numbers, and some models say 85 for 0.85."""
    if isinstance(value, int | float) and value > 1:
        return min(1.0, value / 100)
    return max(0.0, value) if isinstance(value, int | float) else value


Id = Annotated[str, clipped(64), Field(max_length=64)]
Short = Annotated[str, clipped(200), Field(max_length=200)]
Quote = Annotated[str, clipped(300), Field(max_length=300)]
Justification = Annotated[str, clipped(400), Field(max_length=400)]
Comment = Annotated[str, clipped(500), Field(max_length=500)]
# The constraint stands before the validator; behind it, pydantic writes its own name into the schema: `ge`.
Probability = Annotated[float, Field(ge=0, le=1), BeforeValidator(_share)]


class Given(BaseModel):
    """What a model writes. Fields that nobody asked for are passed over; a misspelt one is missing."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Evidence(Given):
    """A verbatim quote, with the turn that the model says it is from; who says it, the transcript tells."""

    turn_id: Id
    quote: Quote


class Absence(Given):
    """Why something is taken as not said: what was looked for, and what was found instead."""

    searched: Short
    statement: Short


class GivenAnswer(Given):
    """One criterion's answer. The order of fields is the order of thought: evidence, reason, verdict.

    Attributes:
        answer: An option's key, `NA` or `CANNOT_DETERMINE`.
    """

    evidence: Annotated[list[Evidence], clipped(4), Field(max_length=4)]
    absence: Absence | None
    justification: Justification
    answer: Id
    confidence: Probability


class Coaching(Given):
    """One thing that the agent could do better."""

    skill: Short
    observation: Short
    suggestion: Short
    turn_id: Id


class AuditReply(Given):
    """The whole of what LLM2 writes."""

    answers: dict[str, GivenAnswer]
    strengths: Annotated[list[Short], clipped(5), Field(max_length=5)]
    coaching: Annotated[list[Coaching], clipped(3), Field(max_length=3)]
    overall_comment: Comment


class Role(StrEnum):
    """Who somebody in the call is."""

    AGENT = "agent"
    CUSTOMER = "customer"
    IVR = "ivr"
    OTHER = "other"
    MIXED = "mixed"


class AuditAnswers(BaseModel):
    """What LLM2 says about a call, and what was not asked because it does not apply.

    Attributes:
        reply: None when no criterion had to be asked.
        not_applicable: Criterion id to the condition that does not hold.
        roles: Speaker label of the transcript (`speaker_label`) to role, where channels do not tell it.
        out_of_scope: Why the scorecard does not fit this call at all; None when it does.
    """

    model_config = ConfigDict(frozen=True)

    reply: AuditReply | None
    not_applicable: dict[str, str] = {}
    roles: dict[str, Role] = {}
    out_of_scope: str | None = None

    @property
    def answers(self) -> dict[str, GivenAnswer]:
        """Criterion id to what the model answered."""
        return self.reply.answers if self.reply else {}


def speaker_label(turn: Turn) -> str:
    """What the transcript calls a speaker; see `Turn.label`."""
    return turn.label
