"""Everything that the report of a run says, computed from the database."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, select

from include.calls.files import DayFiles
from include.database import owed
from include.database.engine import Database
from include.database.models import BatchRow
from include.database.work import BatchKind
from include.delivery.agreement import GoldAgreement, agreement_of
from include.delivery.comparison import Comparison, compare
from include.delivery.criteria import load_scorecards
from include.delivery.days import DayFigures, summarise_days
from include.delivery.facts import RunFacts, facts_of
from include.delivery.injection import Suspicions, suspicions_of
from include.delivery.intake import RoleSources, count_roles, files_of
from include.delivery.opinions import SecondOpinions, second_opinions_of
from include.delivery.outcome import (
    NotAudited,
    Outcome,
    ReasonCount,
    count_outcome,
    count_reasons,
    list_not_audited,
)
from include.delivery.redactions import Redactions, count_redactions
from include.delivery.review import ReviewItem, count_reviews, list_reviews
from include.delivery.scores import Counted, Scores, count_languages, measure_scores
from include.delivery.spending import (
    RULE_BASED_PREFIX,
    LlmUsage,
    Spending,
    measure_llm,
    measure_spending,
)
from include.delivery.wording import title
from include.delivery.work import (
    FailedAttempts,
    StageFigures,
    StageProgress,
    count_failed_attempts,
    measure_progress,
    measure_stages,
)
from include.errors import InvalidInput
from include.judge.calibration import Calibration
from include.judge.nights import CanaryNight
from include.judge.stated import calibration_of
from include.scorecards.gold import Labels


@dataclass(frozen=True)
class RunSummary:
    """The run in figures.

    Attributes:
        days: The run's own day, and those before it that it looked at again.
        wall_s: From the run's opening to its closing; None while it is open.
        failed: Whether it failed, and `reason` says why; None while nobody knows.
        shown_as: The state that Airflow shows, where it is another.
        not_audited: The first of them; `reasons` counts all.
        review: The first of the calls to review; `review_counts` counts all by their most urgent kind.
        comparison: For a rescore, with the audits that its calls had before.
        gold: None without labels of its calls.
        second_opinions: How far others agree who were asked about its answers.
        calibration: What the stated confidence of its model is worth; None without labels.
        canaries: None for a run that asked none.
        suspicions: Calls in which somebody may have spoken to the model.
        files: What lay beside recordings; None for a rescore, and for runs of earlier versions.
        roles: By which source the roles of channels are known.
        facts: What the calls were about.
        rule_based: Answers came from the demo's rules, not from a language model.
    """

    batch_id: str
    kind: BatchKind
    day: date
    last_day: date | None
    days: tuple[DayFigures, ...]
    location: str
    timezone: str
    opened_at: datetime
    closed_at: datetime | None
    wall_s: float | None
    failed: bool | None
    reason: str | None
    shown_as: str | None
    outcome: Outcome
    stages: tuple[StageFigures, ...]
    progress: tuple[StageProgress, ...]
    failed_attempts: tuple[FailedAttempts, ...]
    reasons: tuple[ReasonCount, ...]
    not_audited: tuple[NotAudited, ...]
    languages: tuple[Counted, ...]
    scores: Scores
    llm: tuple[LlmUsage, ...]
    spending: Spending
    redactions: Redactions
    rule_based: bool
    review: tuple[ReviewItem, ...]
    review_counts: dict[str, int]
    comparison: Comparison | None
    gold: GoldAgreement | None
    second_opinions: SecondOpinions
    calibration: Calibration | None
    canaries: CanaryNight | None
    suspicions: Suspicions
    files: DayFiles | None
    roles: RoleSources
    facts: RunFacts

    @property
    def own_day(self) -> DayFigures | None:
        """How an audit found its day; None before its discovery, and of a rescore."""
        return next((day for day in self.days if day.day == self.day), None)

    @property
    def late_days(self) -> tuple[DayFigures, ...]:
        """Days before its own that the run took up calls of, or could not look at."""
        others = (day for day in self.days if day.day != self.day)
        return tuple(day for day in others if day.new or day.again or day.problem)

    @property
    def title(self) -> str:
        """What the run did, and to which days."""
        return title(self.kind, self.day, self.last_day)


def summarise(
    database: Database,
    batch_id: str,
    labels: Labels | None = None,
    canaries: CanaryNight | None = None,
    timezone: str = "UTC",
) -> RunSummary:
    """Computes the figures of a run as the database has them now.

    Args:
        database: cofi's.
        batch_id: Of the run.
        labels: Gold labels, to compare its answers with.
        canaries: What its canaries come to (`include.judge.nights.night_of_run`).
        timezone: The site's, in which times are shown.

    Raises:
        InvalidInput: There is no such run.
    """

    def read(connection: Connection) -> RunSummary:
        of_run = select(BatchRow.__table__).where(BatchRow.batch_id == batch_id)
        row = connection.execute(of_run).one_or_none()
        if row is None:
            raise InvalidInput(f"there is no run {batch_id!r} in the database: check the batch id")
        return _summarise(connection, row, labels or {}, canaries, timezone)

    return database.read(read)


def _summarise(
    connection: Connection,
    row: Row[tuple[object, ...]],
    labels: Labels,
    canaries: CanaryNight | None,
    timezone: str,
) -> RunSummary:
    batch_id = row.batch_id
    run = owed.run_of(connection, batch_id)
    scorecards = load_scorecards(connection, batch_id)
    scores = measure_scores(connection, batch_id, scorecards)
    llm = measure_llm(connection, batch_id)
    models = {model.name for model in scores.models} | {usage.model for usage in llm}
    return RunSummary(
        batch_id=batch_id,
        kind=BatchKind(row.kind),
        day=row.day,
        last_day=row.last_day,
        days=summarise_days(connection, batch_id),
        location=row.location,
        timezone=timezone,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        wall_s=(row.closed_at - row.opened_at).total_seconds() if row.closed_at else None,
        failed=run.failed if run else None,
        reason=run.reason if run else None,
        shown_as=run.shown_as if run else None,
        outcome=count_outcome(connection, batch_id),
        stages=measure_stages(connection, batch_id),
        progress=measure_progress(connection, batch_id),
        failed_attempts=count_failed_attempts(connection, batch_id),
        reasons=count_reasons(connection, batch_id),
        not_audited=list_not_audited(connection, batch_id),
        languages=count_languages(connection, batch_id),
        scores=scores,
        llm=llm,
        spending=measure_spending(connection, batch_id),
        redactions=count_redactions(connection, batch_id),
        rule_based=any(model.startswith(RULE_BASED_PREFIX) for model in models),
        review=list_reviews(connection, batch_id, scorecards),
        review_counts=count_reviews(connection, batch_id, scorecards),
        comparison=compare(connection, batch_id, scorecards) if row.kind != BatchKind.AUDIT else None,
        gold=agreement_of(connection, batch_id, labels),
        second_opinions=second_opinions_of(connection, batch_id, scorecards),
        calibration=_calibration(connection, row.scorecard_sha256, scores, labels),
        canaries=canaries,
        suspicions=suspicions_of(connection, batch_id),
        files=files_of(connection, batch_id),
        roles=count_roles(connection, batch_id),
        facts=facts_of(connection, batch_id),
    )


def _calibration(
    connection: Connection, scorecard_sha256: str | None, scores: Scores, labels: Labels
) -> Calibration | None:
    """Of the model that gave most of the run's answers: another one's confidence is another's."""
    if not (scorecard_sha256 and labels and scores.models):
        return None
    return calibration_of(connection, labels, scorecard_sha256, scores.models[0].name)
