"""From answers to a score. Code decides what counts; no model computes or fails anything by itself.

Share of a criterion = section weight × criterion weight ÷ the section's criterion weights. Then

    pct = 100 × Σ share · earned ÷ potential  over  Σ share of the criteria whose answer counts

An answer that does not count leaves both sums: one that does not apply (NA), one that cannot be determined,
and one without sound evidence. So nothing that is unknown moves a score up or down; the call is flagged
instead, and too much of it makes the call not auditable. A form auto-fail that is proven needs no other
answer: the score is 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from include.calls.references import TurnReferences
from include.calls.transcript import Transcript
from include.injection.finding import spoken_to_model
from include.scorecards.answering import Answering
from include.scorecards.answers import AuditAnswers, Coaching
from include.scorecards.assessment import AssessedAnswer, Assessment, SectionScore, Standing
from include.scorecards.metrics import CallMetrics
from include.scorecards.schema import AnsweredBy, AutoFail, Scorecard

# A sentence takes 2 s and more; what is shorter decides no answer.
_MISSING_S = 2.0
_PLACES_NAMED = 5


@dataclass(frozen=True)
class Score:
    """What answers come to; the fields are those of an `Assessment`."""

    sections: list[SectionScore]
    pct: float | None
    band: str | None
    passed: bool | None
    auto_failed: bool
    not_auditable: str | None


def score(scorecard: Scorecard, answers: Sequence[AssessedAnswer], no_audit: str | None = None) -> Score:
    """Scores answers, whoever gave them: the machine's and people's alike.

    Args:
        scorecard: The one that was answered.
        answers: One to each of its criteria, in its order.
        no_audit: Why the call cannot be audited whatever the answers are; None when it can.
    """
    sections = [_section_score(scorecard, section.id, answers) for section in scorecard.sections]
    form_failed = any(answer.auto_fail is AutoFail.FORM for answer in answers)
    not_auditable = no_audit or _too_little(scorecard, answers, form_failed=form_failed)
    pct = None if not_auditable else _pct(answers, sections, form_failed=form_failed)
    return Score(
        sections=sections,
        pct=pct,
        band=None if pct is None else scorecard.band(pct),
        passed=None if pct is None else pct >= scorecard.pass_threshold_pct and not form_failed,
        auto_failed=form_failed or any(section.auto_failed for section in sections),
        not_auditable=not_auditable,
    )


def assess(
    scorecard: Scorecard, llm_answers: AuditAnswers, transcript: Transcript, metrics: CallMetrics
) -> Assessment:
    """Checks every answer's evidence, answers rules and metrics, and scores.

    Args:
        scorecard: The one that was asked.
        llm_answers: What the model said (`include.llm.audit`).
        transcript: The original one: evidence is looked for in it, not in a redacted copy.
        metrics: Of the same call.
    """
    speaks_to_model = spoken_to_model(transcript)
    answering = Answering(scorecard, llm_answers, transcript, metrics, speaks_to_model)
    by_id: dict[str, AssessedAnswer] = {}
    for criterion in scorecard.in_order():
        by_id[criterion.id] = answering.answer(criterion, by_id)
    answers = [by_id[criterion.id] for criterion in scorecard.criteria]
    nothing_said = None if transcript.turns else "nothing is said in the recording"
    found = score(scorecard, answers, nothing_said or llm_answers.out_of_scope)
    reasons = [f"{answer.criterion_id}: {reason}" for answer in answers for reason in answer.review_reasons]
    reasons += [f'{one.turn_id} may speak to the model: "{one.quote}"' for one in speaks_to_model]
    reasons += _not_understood(transcript)
    reply = llm_answers.reply
    return Assessment(
        call_id=transcript.call_id,
        transcript_sha256=transcript.sha256,
        scorecard_id=scorecard.id,
        scorecard_version=scorecard.version,
        scorecard_sha256=scorecard.sha256,
        answers=answers,
        **vars(found),
        needs_review=bool(reasons),
        review_reasons=reasons,
        speaks_to_model=speaks_to_model,
        strengths=reply.strengths if reply else [],
        coaching=_placed(reply.coaching, transcript) if reply else [],
        comment=reply.overall_comment if reply else "",
    )


def _not_understood(transcript: Transcript) -> list[str]:
    """Why a person should listen, where somebody speaks and no word was understood for long."""
    missing_s = sum(gap.end_ms - gap.start_ms for gap in transcript.gaps) / 1000
    if missing_s < _MISSING_S:
        return []
    places = ", ".join(f"{gap.start_ms / 1000:.0f}" for gap in transcript.gaps[:_PLACES_NAMED])
    more = ", …" if len(transcript.gaps) > _PLACES_NAMED else ""
    return [f"{missing_s:.0f} s of speech were not understood (from second {places}{more} on)"]


def _placed(coaching: Iterable[Coaching], transcript: Transcript) -> list[Coaching]:
    """Coaching with the turn of the call that it names, or none."""
    references = TurnReferences(turn.id for turn in transcript.turns)
    turns = ((one, references.looked_up([one.turn_id])[0]) for one in coaching)
    return [one.model_copy(update={"turn_id": found[0] if found else ""}) for one, found in turns]


def _section_score(scorecard: Scorecard, section_id: str, answers: Iterable[AssessedAnswer]) -> SectionScore:
    own = [answer for answer in answers if answer.section_id == section_id]
    failed = any(answer.auto_fail is not AutoFail.NONE for answer in own)
    title = next(section.title for section in scorecard.sections if section.id == section_id)
    pct = _weighted_pct(own, failed_sections={section_id} if failed else set())
    return SectionScore(section_id=section_id, title=title, pct=pct, auto_failed=failed)


def _pct(
    answers: Sequence[AssessedAnswer], sections: Iterable[SectionScore], *, form_failed: bool
) -> float | None:
    if form_failed:
        return 0.0
    return _weighted_pct(answers, failed_sections={s.section_id for s in sections if s.auto_failed})


def _weighted_pct(answers: Iterable[AssessedAnswer], *, failed_sections: set[str]) -> float | None:
    applicable = [answer for answer in answers if answer.potential > 0]
    total = sum(answer.weight for answer in applicable)
    if total == 0:
        return None
    earned = sum(
        answer.weight * answer.earned / answer.potential
        for answer in applicable
        if answer.section_id not in failed_sections
    )
    return round(100 * earned / total, 2)


def _too_little(scorecard: Scorecard, answers: Sequence[AssessedAnswer], *, form_failed: bool) -> str | None:
    """Why there are too few answers that count for a score; None when there are enough."""
    if form_failed:
        return None
    asked = [
        answer
        for answer in answers
        if answer.answered_by is AnsweredBy.LLM and answer.standing is not Standing.NOT_APPLICABLE
    ]
    unknown = sum(answer.standing is Standing.UNDETERMINED for answer in asked)
    unsupported = sum(answer.standing is Standing.UNSUPPORTED for answer in asked)
    if asked and (unknown + unsupported) / len(asked) > scorecard.max_undetermined_share:
        parts = [f"{unknown} cannot be determined"] if unknown else []
        if unsupported:
            parts.append(f"{unsupported} {'has' if unsupported == 1 else 'have'} no sound evidence")
        return f"of {len(asked)} answers, {' and '.join(parts)}"
    if all(answer.weight == 0 or answer.potential == 0 for answer in answers):
        return "no criterion that applies to this call has an answer that counts"
    return None
