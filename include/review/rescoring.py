"""A call's scorecard with the answers of people in place of the machine's; the same code scores it."""

from collections.abc import Mapping
from dataclasses import dataclass

from include.scorecards.answering import does_not_tell, scored
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE
from include.scorecards.assessment import AssessedAnswer, Standing
from include.scorecards.conditions import CriterionCondition
from include.scorecards.schema import Criterion, Scorecard
from include.scorecards.scoring import Score, score

_GROUND_LOST = "a person says that the transcript is wrong here, and nobody has given the right answer yet"


@dataclass(frozen=True)
class Reviewed:
    """A call's answers as they stand, people's before the machine's.

    Attributes:
        answers: One to each criterion, in the scorecard's order.
        people: The criteria that people have answered.
        score: What they come to.
        reasons: Why a person should look (again).
    """

    answers: tuple[AssessedAnswer, ...]
    people: frozenset[str]
    score: Score
    reasons: tuple[str, ...]


def reviewed(
    scorecard: Scorecard,
    machine: Mapping[str, AssessedAnswer],
    people: Mapping[str, str | None],
    no_audit: str | None = None,
) -> Reviewed:
    """Puts people's answers in place of the machine's, and scores.

    A criterion that applies only if another one is answered in some way follows that one's new answer: it
    becomes NA, or waits for somebody to answer it.

    Args:
        scorecard: The one that was answered.
        machine: The machine's answers, by criterion.
        people: People's: an option's key, NA, CANNOT_DETERMINE; None where the machine's answer has lost its
            ground and nobody has given another.
        no_audit: Why the machine could not audit the call at all. It holds until a person has answered a
            criterion by one of its options.
    """
    answers: dict[str, AssessedAnswer] = {}
    for criterion in scorecard.in_order():
        own = machine.get(criterion.id) or _missing(scorecard, criterion)
        if criterion.id in people:
            answers[criterion.id] = _by_person(criterion, own, people[criterion.id])
        else:
            answers[criterion.id] = _following(criterion, own, machine, answers)
    in_order = tuple(answers[criterion.id] for criterion in scorecard.criteria)
    judged = any(scorecard.criterion(name).option(answer or "") for name, answer in people.items())
    found = score(scorecard, in_order, None if judged else no_audit)
    reasons = [f"{one.criterion_id}: {reason}" for one in in_order for reason in one.review_reasons]
    reasons += [found.not_auditable] if found.not_auditable and not people else []
    return Reviewed(in_order, frozenset(people), found, tuple(reasons))


def _missing(scorecard: Scorecard, criterion: Criterion) -> AssessedAnswer:
    return AssessedAnswer(
        criterion_id=criterion.id,
        section_id=criterion.section,
        answer=CANNOT_DETERMINE,
        answered_by=criterion.answered_by,
        severity=criterion.severity,
        standing=Standing.UNDETERMINED,
        weight=scorecard.share(criterion.id),
    )


def _by_person(criterion: Criterion, own: AssessedAnswer, answer: str | None) -> AssessedAnswer:
    bare = _bare(own, answer or own.answer)
    if answer is None:
        return bare.model_copy(update={"standing": Standing.UNSUPPORTED, "review_reasons": [_GROUND_LOST]})
    # Who listened and cannot tell has looked: nobody needs to look again.
    return scored(criterion, bare, []).model_copy(update={"review_reasons": []})


def _bare(own: AssessedAnswer, answer: str, justification: str = "") -> AssessedAnswer:
    """An answer that is neither scored nor grounded yet."""
    return AssessedAnswer(
        criterion_id=own.criterion_id,
        section_id=own.section_id,
        answer=answer,
        answered_by=own.answered_by,
        severity=own.severity,
        justification=justification,
        weight=own.weight,
    )


def _following(
    criterion: Criterion,
    own: AssessedAnswer,
    machine: Mapping[str, AssessedAnswer],
    earlier: Mapping[str, AssessedAnswer],
) -> AssessedAnswer:
    """The machine's answer, unless what it hangs on is answered otherwise now."""
    condition = criterion.applies_if
    if not isinstance(condition, CriterionCondition):
        return own
    was, now = machine.get(condition.criterion), earlier[condition.criterion]
    if was is not None and _applies(condition, was) == _applies(condition, now):
        return own
    if _applies(condition, now):
        reason = f"it applies now that {condition.criterion} is {now.answer}, and nobody has answered it"
        return scored(criterion, _bare(own, CANNOT_DETERMINE, reason), [])
    if _applies(condition, now) is None:
        reason = f"applies if {condition}; the answer to {condition.criterion} does not count"
        return scored(criterion, _bare(own, CANNOT_DETERMINE, reason), [])
    return scored(
        criterion, _bare(own, NOT_APPLICABLE, f"applies if {condition}; here it is {now.answer}"), []
    )


def _applies(condition: CriterionCondition, other: AssessedAnswer) -> bool | None:
    """Whether the criterion applies; None when it is unknown."""
    if does_not_tell(condition, other):
        return None
    return other.answer == condition.equals
