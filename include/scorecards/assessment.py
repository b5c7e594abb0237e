"""What a call's audit comes to, as it is stored, shown and delivered."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from include.injection.finding import SpokenToModel
from include.scorecards.answers import Absence, Coaching
from include.scorecards.evidence import CheckedEvidence
from include.scorecards.schema import AnsweredBy, AutoFail, Severity


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Standing(StrEnum):
    """Whether an answer counts. Whatever does not leaves both sums of the score, up and down alike."""

    COUNTED = "counted"
    UNSUPPORTED = "unsupported"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not_applicable"


# The one rule, in the same words everywhere: report, table, webhook, documents.
ONE_RULE = (
    "An answer without sound evidence, or one that cannot be determined, counts neither for nor against: it "
    "leaves score, mean and pass rate alone, and sends the call to a person."
)
IN_WORDS = {
    Standing.COUNTED: "counts",
    Standing.UNSUPPORTED: "without sound evidence: counts neither for nor against",
    Standing.UNDETERMINED: "cannot be determined: counts neither for nor against",
    Standing.NOT_APPLICABLE: "does not apply",
}


class Opinion(_Result):
    """A second opinion on a criterion; it scores nothing.

    Attributes:
        by: Who: `sample 2` of the same model, or another model's name.
        answer: An option's key, `NA` or `CANNOT_DETERMINE`; None when there is no answer, for `failure`.
        evidence: Checked quotes.
        llm_identity: Of the request: its answer is stored under it.
    """

    by: str
    answer: str | None
    failure: str = ""
    evidence: list[CheckedEvidence] = []
    absence: Absence | None = None
    justification: str = ""
    confidence: float | None = None
    llm_identity: str


class AssessedAnswer(_Result):
    """One criterion, answered, checked and scored.

    Attributes:
        answer: An option's key, `NA` or `CANNOT_DETERMINE`.
        standing: Whether it counts.
        evidence: Checked quotes.
        absence: What a model says it looked for and did not find.
        confidence: The model's own, 0..1; None from rules and metrics.
        earned: Score of the option; 0 when it does not count.
        potential: Highest score that could be earned; 0 when it does not count.
        weight: Its share of the whole scorecard, 0..1, before anything is NA.
        auto_fail: How far it fails the call; `none` when its evidence is not proof.
        review_reasons: Why a person should look at it.
        opinions: What others were asked, and said.
    """

    criterion_id: str
    section_id: str
    answer: str
    answered_by: AnsweredBy
    severity: Severity
    evidence: list[CheckedEvidence] = []
    absence: Absence | None = None
    justification: str = ""
    confidence: float | None = None
    standing: Standing = Standing.COUNTED
    earned: float = 0
    potential: float = 0
    weight: float
    auto_fail: AutoFail = AutoFail.NONE
    review_reasons: list[str] = []
    opinions: list[Opinion] = []


class SectionScore(_Result):
    """A section's score in percent; None when nothing in it applies."""

    section_id: str
    title: str
    pct: float | None
    auto_failed: bool


class Assessment(_Result):
    """A call's audit.

    Attributes:
        answers: Exactly one per criterion, in the scorecard's order.
        pct: 0..100; None when the call is not auditable.
        passed: At or above the threshold without a form auto-fail; None when not auditable.
        needs_review: Some answer should be looked at by a person before anything hangs on it.
        review_reasons: `criterion: reason`, or a reason that concerns the call.
        not_auditable: Why no score is given; None when there is one.
        speaks_to_model: Sentences that may be meant for the model; they are no evidence, and a person looks.
        strengths: What the model says that the agent did well.
        coaching: What it says that could be done better; turns that are not in the call are left out.
        comment: The model's overall comment.
    """

    call_id: str
    transcript_sha256: str
    scorecard_id: str
    scorecard_version: str
    scorecard_sha256: str
    answers: list[AssessedAnswer]
    sections: list[SectionScore]
    pct: float | None
    band: str | None
    passed: bool | None
    auto_failed: bool
    needs_review: bool
    review_reasons: list[str]
    not_auditable: str | None
    speaks_to_model: list[SpokenToModel] = []
    strengths: list[str] = []
    coaching: list[Coaching] = []
    comment: str = ""

    def answer(self, criterion_id: str) -> AssessedAnswer:
        """The answer to one criterion.

        Raises:
            KeyError: The scorecard has no such criterion.
        """
        for answer in self.answers:
            if answer.criterion_id == criterion_id:
                return answer
        raise KeyError(criterion_id)
