"""Second opinions: on which answers they are asked, and what becomes of an answer that they contradict."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from include.scorecards.answers import AuditAnswers
from include.scorecards.assessment import AssessedAnswer, Assessment, Opinion, Standing
from include.scorecards.schema import AnsweredBy, AutoFail, Criterion, Scorecard

# How a reason for review begins that stands on a second opinion.
DIFFERS = "a second opinion differs"


class AskedOn(StrEnum):
    """Which answers a second opinion is asked on.

    `FAILING`: those that fail a section or the form, or earn nothing. `ALL`: also those that nobody doubts.
    """

    FAILING = "failing"
    ALL = "all"


def to_ask_again(
    scorecard: Scorecard, given: AuditAnswers, assessment: Assessment, asked_on: AskedOn
) -> list[Criterion]:
    """The criteria that a second opinion is asked on, in the scorecard's order.

    Answers that do not count go to a person whatever anybody else says: nothing is paid for them.

    Args:
        scorecard: The one that was answered.
        given: What the model said: only what it was asked can be asked again.
        assessment: What came of it.
        asked_on: Which answers.
    """
    answers = {answer.criterion_id: answer for answer in assessment.answers}
    return [
        criterion
        for criterion in scorecard.criteria
        if criterion.may_be_asked_again
        and criterion.id in given.answers
        and _is_asked_on(criterion, answers[criterion.id], asked_on)
    ]


def with_opinions(
    assessment: Assessment, first: str, opinions: Mapping[str, Sequence[Opinion]]
) -> Assessment:
    """The assessment with what others said: an answer that they contradict stands, and waits for a person.

    Args:
        assessment: Whose answers they were asked on.
        first: Who gave those: a model's name.
        opinions: By criterion.
    """
    answers = [
        answer.model_copy(update={"opinions": list(opinions.get(answer.criterion_id, []))})
        for answer in assessment.answers
    ]
    doubts = {
        answer.criterion_id: reason
        for answer in answers
        if (reason := _doubt(answer, first, answer.opinions)) is not None
    }
    return with_doubts(assessment.model_copy(update={"answers": answers}), doubts)


def with_doubts(assessment: Assessment, doubts: Mapping[str, str]) -> Assessment:
    """The assessment with further reasons for a person to look, by criterion; no score changes."""
    if not doubts:
        return assessment
    answers = [
        answer.model_copy(update={"review_reasons": [*answer.review_reasons, doubts[answer.criterion_id]]})
        if answer.criterion_id in doubts
        else answer
        for answer in assessment.answers
    ]
    reasons = [f"{criterion_id}: {reason}" for criterion_id, reason in doubts.items()]
    return assessment.model_copy(
        update={
            "answers": answers,
            "needs_review": True,
            "review_reasons": [*assessment.review_reasons, *reasons],
        }
    )


def _is_asked_on(criterion: Criterion, answer: AssessedAnswer, asked_on: AskedOn) -> bool:
    if answer.answered_by is not AnsweredBy.LLM:
        return False
    option = criterion.option(answer.answer)
    if asked_on is AskedOn.ALL:
        return answer.standing in (Standing.COUNTED, Standing.NOT_APPLICABLE)
    fails = option is not None and (option.auto_fail is not AutoFail.NONE or option.score == 0)
    return fails and answer.standing is Standing.COUNTED


def _doubt(answer: AssessedAnswer, first: str, opinions: Sequence[Opinion]) -> str | None:
    """Why a person should look; None when nobody was asked, or all who answered say the same."""
    said = [opinion for opinion in opinions if opinion.answer is not None]
    if opinions and not said:
        return f"no second opinion: {opinions[0].failure}"
    if all(opinion.answer == answer.answer for opinion in said):
        return None
    others = ", ".join(f'"{opinion.answer}" ({opinion.by})' for opinion in said)
    return f'{DIFFERS}: first "{answer.answer}" ({first}), then {others}'
