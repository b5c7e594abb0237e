"""Criteria that code answers from the transcript alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from include.calls.transcript import Transcript, Turn
from include.card_data.finding import CardDatum, card_data
from include.scorecards.answers import speaker_label
from include.scorecards.evidence import CheckedEvidence, EvidenceChecker, EvidenceStatus
from include.scorecards.schema import NO, YES


@dataclass(frozen=True)
class RuleAnswer:
    """What a rule says: an option key, the places it rests on, and why."""

    answer: str
    evidence: tuple[CheckedEvidence, ...]
    justification: str


def no_card_data_spoken(transcript: Transcript) -> RuleAnswer:
    """`no` when a card number or a security code is said, by anybody: it should not be in the recording.

    Grounds: PCI DSS 4.0.1, requirement 3.3.1 (security codes are not kept after authorisation, recordings
    included) and 3.5.1 (card numbers are unreadable wherever they are kept). Quotes are masked for that
    reason.
    """
    found = card_data(transcript.turns)
    if not found:
        return RuleAnswer(
            YES, (), "No card number (issuer, length, Luhn) or security code in the transcript."
        )
    checker = EvidenceChecker(transcript)
    evidence = [place for datum in found for place in _places(datum, transcript.turns, checker)]
    named = " and ".join(dict.fromkeys(_NAMES[datum.kind] for datum in found))
    return RuleAnswer(NO, tuple(evidence), f"A {named} is said aloud ({len(found)} in all).")


_NAMES = {"CARD": "card number", "CVV": "card security code"}


def _places(datum: CardDatum, turns: Sequence[Turn], checker: EvidenceChecker) -> list[CheckedEvidence]:
    masked = f"[card number ending {datum.digits[-4:]}]" if datum.kind == "CARD" else "[card security code]"
    places = []
    for piece in datum.pieces:
        turn = turns[piece.turn]
        found = checker.check(turn.text[piece.start : piece.end], turn.id)
        if found.status is EvidenceStatus.NOT_FOUND:
            found = _whole(turn)
        places.append(found.model_copy(update={"quote": masked, "counts": True, "note": ""}))
    return places


def _whole(turn: Turn) -> CheckedEvidence:
    """The turn as evidence, for words that the checker cannot cut out of it."""
    return CheckedEvidence(
        quote="",
        status=EvidenceStatus.VERIFIED,
        turn_id=turn.id,
        speaker=speaker_label(turn),
        start_ms=turn.start_ms,
        end_ms=turn.end_ms,
        confidence=0.0 if turn.flags else turn.confidence,
    )


RULES: dict[str, Callable[[Transcript], RuleAnswer]] = {"no_card_data_spoken": no_card_data_spoken}
