"""What LLM1 finds out about a call: facts, no judgement of the agent. Every string and list is bounded."""

import re
from typing import Annotated

from pydantic import Field

from include.calls.vocabulary import CallType, Resolution, SignalKind
from include.scorecards.answers import Given, Id, Probability, Role, Short, clipped

Headline = Annotated[str, clipped(280), Field(max_length=280)]
Text = Annotated[str, clipped(400), Field(max_length=400)]
Mood = Annotated[int, Field(ge=-5, le=5)]
TurnIds = Annotated[list[Id], clipped(6), Field(max_length=6)]


# Below it nobody knows who somebody is.
_LEAST_ROLE_CONFIDENCE = 0.5
# Labels go into the next prompt: nothing else that a model was told to write may.
_LABEL = re.compile(r"speaker_\d{1,3}")


class Participant(Given):
    """Who stands behind a speaker label of the transcript."""

    speaker: Id
    role: Role
    confidence: Probability


class Summary(Given):
    """The call in short."""

    short: Headline
    issue: Text
    actions_taken: Text
    outcome: Text
    next_steps: Text


class ContactReason(Given):
    """Why the customer called; `code` is one of the taxonomy's."""

    code: Id
    primary: bool
    turns: TurnIds


class Commitment(Given):
    """What somebody promised; `due` as it was said."""

    by: Role
    text: Short
    due: Short | None
    turn: Id


class Feeling(Given):
    """One side's mood, −5..5."""

    start: Mood
    end: Mood
    overall: Mood


class TurningPoint(Given):
    """Where a mood changes, and why."""

    turn: Id
    who: Role
    cause: Short


class Sentiment(Given):
    """Moods of both sides."""

    customer: Feeling
    agent: Feeling
    turning_points: Annotated[list[TurningPoint], clipped(5), Field(max_length=5)]


class Entity(Given):
    """Something named in the call."""

    type: Id
    text: Short
    normalized: Short
    turn: Id
    pii: bool


class Signal(Given):
    """A signal and where it shows."""

    kind: SignalKind
    turns: TurnIds
    confidence: Probability


class DataQuality(Given):
    """How far the transcript can be trusted."""

    issues: Annotated[list[Short], clipped(5), Field(max_length=5)]
    usable_share: Probability


class Understanding(Given):
    """The whole of what LLM1 says."""

    call_type: CallType
    analysable: bool
    unanalysable_reason: Short | None
    participants: Annotated[list[Participant], clipped(6), Field(max_length=6)]
    summary: Summary
    contact_reasons: Annotated[list[ContactReason], clipped(4), Field(max_length=4)]
    resolution: Resolution
    commitments: Annotated[list[Commitment], clipped(8), Field(max_length=8)]
    sentiment: Sentiment
    entities: Annotated[list[Entity], clipped(20), Field(max_length=20)]
    signals: Annotated[list[Signal], clipped(9), Field(max_length=9)]
    data_quality: DataQuality
    unknowns: Annotated[list[Short], clipped(6), Field(max_length=6)]

    @property
    def roles(self) -> dict[str, Role]:
        """Speaker label to role, for labels that do not say it themselves; an unsure role is nobody's."""
        return {
            p.speaker: p.role if p.confidence >= _LEAST_ROLE_CONFIDENCE else Role.MIXED
            for p in self.participants
            if _LABEL.fullmatch(p.speaker)
        }


def nothing_said() -> Understanding:
    """The facts of a recording without a word; no model is asked about it."""
    silence = Feeling(start=0, end=0, overall=0)
    return Understanding(
        call_type=CallType.SILENT,
        analysable=False,
        unanalysable_reason="nothing is said in the recording",
        participants=[],
        summary=Summary(
            short="Nothing is said in the recording.", issue="", actions_taken="", outcome="", next_steps=""
        ),
        contact_reasons=[],
        resolution=Resolution.UNKNOWN,
        commitments=[],
        sentiment=Sentiment(customer=silence, agent=silence, turning_points=[]),
        entities=[],
        signals=[],
        data_quality=DataQuality(issues=["no speech"], usable_share=0.0),
        unknowns=[],
    )
