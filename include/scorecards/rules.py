"""Criteria that code answers from the transcript alone."""

from collections.abc import Callable
from dataclasses import dataclass

from include.calls.transcript import CardMark, Transcript, Turn
from include.card_data.masking import card_marks, masked
from include.scorecards.evidence import CheckedEvidence, EvidenceStatus, evidence_of, whole_turn
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
    found = card_marks(masked(transcript))
    if not found:
        return RuleAnswer(YES, (), "No card number and no security code of a card is said.")
    certain = [(turn, mark) for turn, mark in found if mark.certain]
    marks = certain or found
    named = " and ".join(dict.fromkeys(_NAMES[mark.kind] for _, mark in marks))
    reasons = "; ".join(dict.fromkeys(mark.reason for _, mark in marks if mark.reason))
    reasoning = f"A {named} is said aloud: {reasons}." if reasons else f"A {named} is said aloud."
    evidence = tuple(_evidence(turn, mark) for turn, mark in marks)
    return RuleAnswer(NO, evidence, reasoning, certain=bool(certain))


_NAMES = {"CARD": "card number", "CVV": "card security code"}


def _evidence(turn: Turn, mark: CardMark) -> CheckedEvidence:
    """The moment, to be listened to; what was said there is kept nowhere."""
    whole = whole_turn(turn, f"[{_NAMES[mark.kind]}]").spans[0]
    span = whole.model_copy(update={"start_ms": mark.start_ms, "end_ms": mark.end_ms})
    return evidence_of(f"[{_NAMES[mark.kind]}]", EvidenceStatus.VERIFIED, [span])


RULES: dict[str, Callable[[Transcript], RuleAnswer]] = {"no_card_data_spoken": no_card_data_spoken}
