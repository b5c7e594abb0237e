"""What LLM1 finds out about a call: facts, no judgement of the agent. Every string and list is bounded.

`FactsReply` is what the model writes, `Understanding` what of it holds for the call: `checked_facts` makes
the one of the other. How an agent feels is neither asked nor kept: only the customer has a sentiment here.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypeAliasType

from include.calls.references import TurnReferences
from include.calls.vocabulary import CallType, Resolution, SignalKind, reason_code
from include.scorecards.answers import Given, Id, Probability, Role, Short, clipped

Headline = Annotated[str, clipped(280), Field(max_length=280)]
Text = Annotated[str, clipped(400), Field(max_length=400)]


def _mood(said: object) -> object:
    """Within −5..5: a mood between two steps, or beyond the scale, is no reason to pay for a repair."""
    return round(max(-5, min(5, said))) if isinstance(said, int | float) else said


Mood = Annotated[int, BeforeValidator(_mood)]
_MOST_TURNS = 6
# Models copy the whole line of a turn, or write its number alone: it is looked up, whatever it is.
_Reference = Annotated[Id, BeforeValidator(lambda said: str(said) if isinstance(said, int) else said)]
_ASKED_ID = {"type": "string", "maxLength": 16}
TurnIds = TypeAliasType(
    "TurnIds",
    Annotated[
        list[_Reference],
        clipped(_MOST_TURNS),
        Field(max_length=_MOST_TURNS),
        WithJsonSchema({"type": "array", "items": _ASKED_ID, "maxItems": _MOST_TURNS}),
    ],
)
# None when it is not in the call; the model is asked for one.
TurnId = Annotated[_Reference | None, WithJsonSchema(_ASKED_ID)]
# None where the model writes nothing: "or null" would cost a schema twice as much.
OrNone = Annotated[
    Short | None,
    BeforeValidator(lambda said: said or None),
    WithJsonSchema({"type": "string", "maxLength": 200}),
]


# Below it nobody knows who somebody is.
_LEAST_ROLE_CONFIDENCE = 0.5
# Labels go into the next prompt: nothing else that a model was made to write may.
_LABEL = re.compile(r"speaker_\d{1,3}")


class Promiser(StrEnum):
    """Who promises something; whatever else a model calls them is `OTHER`."""

    AGENT = "agent"
    CUSTOMER = "customer"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "Promiser":
        return cls.OTHER


class Participant(Given):
    """Who stands behind a speaker label of the transcript that does not say it; `other` when that is unsure.

    Attributes:
        confidence: Not asked for; heeded where a model tells it all the same.
    """

    speaker: Id
    role: Role
    confidence: SkipJsonSchema[Probability] = 1.0


class GivenReason(Given):
    """Why the customer called, by a title of the taxonomy; the main reason is asked for first.

    Attributes:
        primary: Not asked for; heeded where a model tells it all the same.
    """

    reason: Short
    turns: TurnIds
    primary: SkipJsonSchema[bool] = False


class ContactReason(Given):
    """Why the customer called; `code` is one of the taxonomy's."""

    code: Short
    primary: bool
    turns: TurnIds


class Commitment(Given):
    """What somebody promised; `due` as it was said."""

    by: Promiser
    text: Short
    due: OrNone
    turn: TurnId


class Entity(Given):
    """Something named in the call."""

    type: Id
    text: Short
    turn: TurnId
    pii: bool


class Signal(Given):
    """A signal and where it shows."""

    kind: SignalKind
    turns: TurnIds


Reason = TypeVar("Reason", bound=BaseModel)


class Facts(Given, Generic[Reason]):
    """The facts of a call, in the order in which they are thought of; few objects make a short schema.

    Attributes:
        sentiment_start: The customer's mood by their words when the call begins, −5..5.
        sentiment_end: When it ends.
    """

    call_type: CallType
    analysable: bool
    participants: Annotated[list[Participant], clipped(6), Field(max_length=6)]
    summary: Headline
    issue: Text
    actions_taken: Text
    outcome: Text
    next_steps: Text
    contact_reasons: Annotated[list[Reason], clipped(4), Field(max_length=4)]
    resolution: Resolution
    commitments: Annotated[list[Commitment], clipped(8), Field(max_length=8)]
    sentiment_start: Mood
    sentiment_end: Mood
    entities: Annotated[list[Entity], clipped(20), Field(max_length=20)]
    signals: Annotated[list[Signal], clipped(9), Field(max_length=9)]
    quality_issues: Annotated[list[Short], clipped(5), Field(max_length=5)]


class FactsReply(Facts[GivenReason]):
    """The whole of what LLM1 writes."""


class Understanding(Facts[ContactReason]):
    """The facts of LLM1's reply that hold for the call.

    Attributes:
        dropped: How many turns it named that are not in the call, and reasons that are not in the taxonomy.
    """

    dropped: int = 0

    @property
    def roles(self) -> dict[str, Role]:
        """Speaker label to role, for labels that do not say it themselves; an unsure role is nobody's."""
        return {
            p.speaker: p.role if p.confidence >= _LEAST_ROLE_CONFIDENCE else Role.MIXED
            for p in self.participants
            if _LABEL.fullmatch(p.speaker)
        }


def checked_facts(reply: FactsReply, turn_ids: Iterable[str]) -> Understanding:
    """Looks up what a reply refers to; no slip of it is worth the price of a repair.

    Turns that are not in the call are dropped, and so are reasons that are not in the taxonomy. What is said
    twice is one, and exactly one reason is the primary one: the first that is called so, or else the first.

    Args:
        reply: As the model wrote it.
        turn_ids: Of the call's turns.
    """
    check = _Check(turn_ids)
    facts = dict(reply)  # the fields as they are, not their JSON
    facts["contact_reasons"] = check.reasons(reply.contact_reasons)
    facts["signals"] = check.signals(reply.signals)
    facts["commitments"] = [check.placed(one) for one in reply.commitments]
    facts["entities"] = [check.placed(one) for one in reply.entities]
    return Understanding(**facts, dropped=check.dropped)


Placed = TypeVar("Placed", Commitment, Entity)


class _Check:
    """Looks up turns and codes, and counts those that it drops."""

    def __init__(self, turn_ids: Iterable[str]) -> None:
        self._references = TurnReferences(turn_ids)
        self.dropped = 0

    def reasons(self, given: Sequence[GivenReason]) -> list[ContactReason]:
        turns: dict[str, list[str]] = {}
        primary: str | None = None
        for reason in given:
            code = reason_code(reason.reason)
            if code is None:
                self.dropped += 1
                continue
            turns.setdefault(code, []).extend(reason.turns)
            primary = code if reason.primary and primary is None else primary
        primary = primary or next(iter(turns), None)
        return [
            ContactReason(code=code, primary=code == primary, turns=self._turns(named))
            for code, named in turns.items()
        ]

    def signals(self, given: Sequence[Signal]) -> list[Signal]:
        turns: dict[SignalKind, list[str]] = {}
        for signal in given:
            turns.setdefault(signal.kind, []).extend(signal.turns)
        return [Signal(kind=kind, turns=self._turns(named)) for kind, named in turns.items()]

    def placed(self, given: Placed) -> Placed:
        """With the first turn that it names."""
        found = self._turns([given.turn] if given.turn else [])
        return given.model_copy(update={"turn": found[0] if found else None})

    def _turns(self, named: Sequence[str]) -> list[str]:
        found, dropped = self._references.looked_up(named)
        self.dropped += dropped
        return found[:_MOST_TURNS]


def nothing_said() -> Understanding:
    """The facts of a recording without a word; no model is asked about it."""
    return Understanding(
        call_type=CallType.SILENT,
        analysable=False,
        participants=[],
        summary="Nothing is said in the recording.",
        issue="",
        actions_taken="",
        outcome="",
        next_steps="",
        contact_reasons=[],
        resolution=Resolution.UNKNOWN,
        commitments=[],
        sentiment_start=0,
        sentiment_end=0,
        entities=[],
        signals=[],
        quality_issues=["no speech"],
    )
