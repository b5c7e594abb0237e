"""What is known and was judged of calls, as conditions on them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import ColumnElement, func, or_, select

from include.calls.call import CallState
from include.calls.vocabulary import SignalKind
from include.database import official
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallFactsRow,
    CallReasonRow,
    CallRow,
    CallSignalRow,
    ScorecardRow,
    TranscriptRow,
)
from include.errors import InvalidInput
from include.trends.dimensions import Dimension, group_of
from include.trends.met import HOW_MET, Met


def _blank_is_none(value: object) -> object:
    """A form sends its empty fields as empty texts."""
    return None if isinstance(value, str) and not value.strip() else value


Blank = BeforeValidator(_blank_is_none)
Name = Annotated[Annotated[str, Field(max_length=1000)] | None, Blank]
Percent = Annotated[Annotated[float, Field(ge=0, le=100)] | None, Blank]
Choice = Annotated[bool | None, Blank]


class Filters(BaseModel):
    """What calls must fulfil; None asks for nothing. Names compare without regard to case, unless `exact`.

    Attributes:
        text: In the language of `include.search.language`.
        agent: Name or id.
        language: ISO 639-1 code that was heard, or the manifest's where nothing was.
        exact: Names as trends group calls by them: letter by letter, and an agent by id where there is one.
        scorecard: Id of the one that the call's score is by.
        answer: Of `criterion`; None for any answer.
        met: What became of `criterion`, as trends count it; None for whatever.
        reviewed: Whether people have answered.
        min_pct: Score in percent, the bounds included; calls without a score fulfil neither.
        reason: Code of a contact reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, Field(max_length=500)] = ""
    first_day: Annotated[date | None, Blank] = None
    last_day: Annotated[date | None, Blank] = None
    agent: Name = None
    team: Name = None
    queue: Name = None
    language: Name = None
    exact: Choice = None
    direction: Name = None
    state: Annotated[CallState | None, Blank] = None
    scorecard: Name = None
    criterion: Name = None
    answer: Name = None
    met: Annotated[Met | None, Blank] = None
    min_pct: Percent = None
    max_pct: Percent = None
    passed: Choice = None
    auto_failed: Choice = None
    needs_review: Choice = None
    reviewed: Choice = None
    signal: Annotated[SignalKind | None, Blank] = None
    reason: Name = None

    @model_validator(mode="after")
    def _answers_have_a_question(self) -> "Filters":
        for name in ("answer", "met"):
            if getattr(self, name) and not self.criterion:
                raise ValueError(f"{name}: of which criterion? Name it too")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError(f"first_day: {self.first_day} is after the last day, {self.last_day}")
        return self

    def asked(self) -> dict[str, Any]:
        """What is asked for, as a form or an address carries it."""
        asked = self.model_dump(mode="json", exclude_defaults=True)
        return {name: str(one).lower() if isinstance(one, bool) else one for name, one in asked.items()}


def filters_of(asked: dict[str, Any]) -> Filters:
    """Reads a form's or an address's fields.

    Raises:
        InvalidInput: One is unknown or wrong; the message names each.
    """
    try:
        return Filters.model_validate(asked)
    except ValidationError as error:
        raise InvalidInput(f"Search: {'; '.join(_told(problem) for problem in error.errors())}.") from None


def _told(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """What the call's row must fulfil; the text is not among it."""
    return [*of_days(filters), *_of_call(filters), *_of_audit(filters), *_of_facts(filters)]


def of_days(filters: Filters) -> list[ColumnElement[bool]]:
    """The part of the conditions that is about days."""
    found: list[ColumnElement[bool]] = []
    if filters.first_day:
        found.append(CallRow.day >= filters.first_day)
    if filters.last_day:
        found.append(CallRow.day <= filters.last_day)
    return found


def _of_call(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.state:
        found.append(CallRow.state == filters.state)
    if filters.direction:
        found.append(_same(CallRow.direction, filters.direction))
    return found + [_named(dimension, name, filters) for dimension, name in names_in(filters).items()]


def names_in(filters: Filters) -> dict[Dimension, str]:
    """The groups that are asked for by name."""
    asked = {
        Dimension.AGENT: filters.agent,
        Dimension.TEAM: filters.team,
        Dimension.QUEUE: filters.queue,
        Dimension.LANGUAGE: filters.language,
    }
    return {dimension: name for dimension, name in asked.items() if name}


def _named(dimension: Dimension, name: str, filters: Filters) -> ColumnElement[bool]:
    group = heard_language() if dimension is Dimension.LANGUAGE else group_of(dimension)
    if filters.exact:
        return group == name
    if dimension is Dimension.AGENT:
        return or_(_same(CallRow.agent_id, name), _same(CallRow.agent, name))
    return _same(group, name)


def heard_language() -> ColumnElement[str | None]:
    """The language of a call: as it was heard, or else as the manifest says."""
    heard = select(TranscriptRow.language).where(TranscriptRow.call_id == CallRow.call_id)
    return func.coalesce(heard.scalar_subquery(), CallRow.language)


def _of_audit(filters: Filters) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if filters.min_pct is not None:
        asked.append(filters.min_pct <= official.PCT)
    if filters.max_pct is not None:
        asked.append(filters.max_pct >= official.PCT)
    chosen = {
        official.PASSED: filters.passed,
        official.AUTO_FAILED: filters.auto_failed,
        official.NEEDS_REVIEW: filters.needs_review,
        official.REVIEWED: filters.reviewed,
    }
    asked += [column.is_(value) for column, value in chosen.items() if value is not None]
    if filters.scorecard:
        versions = select(ScorecardRow.sha256).where(ScorecardRow.scorecard_id == filters.scorecard)
        asked.append(AuditRow.scorecard_sha256.in_(versions))
    if filters.criterion:
        asked.append(_answered(filters.criterion, filters))
    return [_current_audit(asked)] if asked else []


def _current_audit(asked: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    current = (AuditRow.call_id == CallRow.call_id, AuditRow.superseded_at.is_(None))
    # Of its own, though the calls are listed beside their audits.
    audits = select(AuditRow.audit_id).outerjoin(*official.SCORE)
    return audits.where(*current, *asked).correlate(CallRow).exists()


def _answered(criterion: str, filters: Filters) -> ColumnElement[bool]:
    asked = [AnswerRow.audit_id == AuditRow.audit_id, AnswerRow.criterion_id == criterion]
    if filters.answer:
        asked.append(filters.answer == official.ANSWER)
    if filters.met:
        asked.append(HOW_MET[filters.met])
    query = select(AnswerRow.audit_id).outerjoin(*official.ANSWERS).where(*asked)
    return query.correlate(AuditRow).exists()


def _of_facts(filters: Filters) -> list[ColumnElement[bool]]:
    current = (CallFactsRow.call_id == CallRow.call_id, CallFactsRow.superseded_at.is_(None))
    facts = select(CallFactsRow.facts_id).where(*current)
    found: list[ColumnElement[bool]] = []
    if filters.signal:
        shown = CallSignalRow.facts_id == CallFactsRow.facts_id, CallSignalRow.kind == filters.signal
        found.append(facts.join(CallSignalRow, shown[0]).where(shown[1]).exists())
    if filters.reason:
        called = CallReasonRow.facts_id == CallFactsRow.facts_id, CallReasonRow.code == filters.reason
        found.append(facts.join(CallReasonRow, called[0]).where(called[1]).exists())
    return found


def _same(column: Any, value: str) -> ColumnElement[bool]:
    # In the database's own lower case, both: SQLite's leaves letters with accents as they are.
    return func.lower(column) == func.lower(value)
