"""Criteria that code answers from the transcript alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.calls.transcript import Transcript
from include.card_data.finding import CardDatum, card_data
from include.card_data.masks import SECURITY_CODE, card_number
from include.scorecards.evidence import CheckedEvidence, whole_turn
from include.scorecards.schema import NO, YES


@dataclass(frozen=True)
class RuleAnswer:
    """What a rule says.

    Attributes:
        answer: An option's key.
        evidence: The places that it rests on.
        certain: Whether the answer stands by itself; one that is only suspected goes to a person.
        justification: Why.
    """

    answer: str
    evidence: tuple[CheckedEvidence, ...]
    justification: str
    certain: bool = True


def no_card_data_spoken(transcript: Transcript) -> RuleAnswer:
    """`no` when a card number or a security code is said, by anybody: it should not be in the recording.

    Grounds: PCI DSS 4.0.1, requirement 3.3.1 (security codes are not kept after authorisation, recordings
    included) and 3.5.1 (card numbers are unreadable wherever they are kept). Quotes are masked for that
    reason.
    """
    found = card_data(transcript.turns)
    if not found:
        return RuleAnswer(YES, (), "No card number and no security code of a card is said.")
    certain = [datum for datum in found if datum.certain]
    telling = certain or found
    evidence = tuple(place for datum in telling for place in _places(datum, transcript))
    named = " and ".join(dict.fromkeys(_NAMES[datum.kind] for datum in telling))
    reasons = "; ".join(dict.fromkeys(datum.reason for datum in telling))
    return RuleAnswer(NO, evidence, f"A {named} is said aloud: {reasons}.", certain=bool(certain))


_NAMES = {"CARD": "card number", "CVV": "card security code"}


def _places(datum: CardDatum, transcript: Transcript) -> Sequence[CheckedEvidence]:
    mask = card_number(datum.digits) if datum.kind == "CARD" else SECURITY_CODE
    turns = dict.fromkeys(piece.turn for piece in datum.pieces)
    return [whole_turn(transcript.turns[turn], mask) for turn in turns]


RULES: dict[str, Callable[[Transcript], RuleAnswer]] = {"no_card_data_spoken": no_card_data_spoken}
