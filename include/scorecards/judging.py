"""Judges checked quotes by what a criterion asks of its evidence. One rule for all: unknown is nobody."""

from collections.abc import Mapping, Sequence

from include.calls.transcript import Transcript, Turn
from include.injection.finding import SpokenToModel
from include.scorecards.announcing import in_window
from include.scorecards.answers import Evidence, Role, speaker_label
from include.scorecards.evidence import CheckedEvidence, EvidenceChecker, EvidenceSpan, EvidenceStatus
from include.scorecards.machines import BY_MACHINE
from include.scorecards.parts import EvidenceRule

_UNKNOWN = "nobody knows whether the {} says it"


class EvidenceJudge:
    """Holds what the quotes of one call are judged by.

    Args:
        transcript: What was said.
        roles: Speaker label to role, where the recording's channels do not tell it.
        speaks_to_model: Sentences that may be meant for the model: they are no evidence.
        least_confidence: Below this confidence of the recogniser (0..1) words are no evidence.
        people_from_ms: Before this, the agent's words may be a machine's; None when they always may.
    """

    def __init__(
        self,
        transcript: Transcript,
        roles: Mapping[str, Role],
        speaks_to_model: Sequence[SpokenToModel],
        least_confidence: float,
        *,
        people_from_ms: int | None = 0,
    ) -> None:
        self._turns = transcript.turns
        self._roles = _told_apart(roles, transcript)
        self._speaks_to_model = speaks_to_model
        self._least_confidence = least_confidence
        self._people_from_ms = people_from_ms
        self._checker = EvidenceChecker(transcript)

    def judged(self, rule: EvidenceRule, given: Evidence, instructions: str) -> CheckedEvidence:
        """Looks a quote up, and takes away `counts` where any turn of it is not as the rule asks.

        Args:
            rule: The criterion's.
            given: The model's quote.
            instructions: The criterion's: what is copied from them was not said.
        """

        def is_asked(turn: Turn) -> bool:
            return rule.speaker == "any" or self._role(speaker_label(turn)) == rule.speaker

        found = self._checker.check(given.quote, given.turn_id, is_asked)
        if not found.counts:
            copied = _in(given.quote, instructions)
            note = "it is an example of the instructions, and was not said" if copied else found.note
            return found.model_copy(update={"note": note})
        notes = dict.fromkeys(filter(None, (self._against(rule, span) for span in found.spans)))
        return found.model_copy(update={"counts": False, "note": "; ".join(notes)}) if notes else found

    def _against(self, rule: EvidenceRule, span: EvidenceSpan) -> str:
        """Why a span does not count; "" when it does."""
        if any(_overlap(span, one) for one in self._speaks_to_model):
            return "it may speak to the model"
        role = self._role(span.speaker)
        if rule.speaker not in ("any", role):
            return f"said by the {role}, not the {rule.speaker}" if role else _UNKNOWN.format(rule.speaker)
        if rule.speaker == "agent" and not self._is_person(span):
            return BY_MACHINE
        if not in_window(rule.window, span.start_ms, span.end_ms, self._turns):
            return "outside the part of the call asked for"
        if span.confidence < self._least_confidence:
            return f"heard with a confidence of {span.confidence:.2f}, below {self._least_confidence:.2f}"
        return ""

    def _is_person(self, span: EvidenceSpan) -> bool:
        return self._people_from_ms is not None and span.start_ms >= self._people_from_ms

    def _role(self, label: str) -> str:
        """The role behind a speaker label; "" when nobody knows, or several people stand behind it."""
        known = self._roles.get(label)
        role = known.value if known else label
        return role if role in ("agent", "customer") else ""


def proves(evidence: Sequence[CheckedEvidence]) -> bool:
    """Whether evidence is good enough for an answer that fails a call: its words stand so, not negated."""
    return any(
        item.counts and item.status is EvidenceStatus.VERIFIED and not item.negated for item in evidence
    )


def _told_apart(roles: Mapping[str, Role], transcript: Transcript) -> Mapping[str, Role]:
    """The roles; none where all turns of a conversation have one label, as two people stand behind it."""
    labels = [speaker_label(turn) for turn in transcript.turns]
    return {} if len(labels) > 1 and len(set(labels)) == 1 else roles


def _overlap(span: EvidenceSpan, other: SpokenToModel) -> bool:
    if span.turn_id != other.turn_id:
        return False
    whole_turn = other.end_ms == 0  # as older versions stored it
    return whole_turn or min(span.end_ms, other.end_ms) > max(span.start_ms, other.start_ms)


def _in(quote: str, instructions: str) -> bool:
    words = " ".join(quote.casefold().split()).strip(" .,;:!?\"'‹›")
    return len(words) > 3 and words in " ".join(instructions.casefold().split())
