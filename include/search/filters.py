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
    TranscriptRow,
)
from include.errors import InvalidInput


def _blank_is_none(value: object) -> object:
    """A form sends its empty fields as empty texts."""
    return None if isinstance(value, str) and not value.strip() else value


Blank = BeforeValidator(_blank_is_none)
Name = Annotated[Annotated[str, Field(max_length=250)] | None, Blank]
Percent = Annotated[Annotated[float, Field(ge=0, le=100)] | None, Blank]
Choice = Annotated[bool | None, Blank]


class Filters(BaseModel):
    """What calls must fulfil; None asks for nothing. Names compare without regard to case.

    Attributes:
        text: In the language of `include.search.language`.
        agent: Name or id.
        language: ISO 639-1 code that was heard, or the manifest's where nothing was.
        answer: Of `criterion`; None for any answer.
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
    direction: Name = None
    state: Annotated[CallState | None, Blank] = None
    criterion: Name = None
    answer: Name = None
    min_pct: Percent = None
    max_pct: Percent = None
    passed: Choice = None
    auto_failed: Choice = None
    needs_review: Choice = None
    signal: Annotated[SignalKind | None, Blank] = None
    reason: Name = None

    @model_validator(mode="after")
    def _answers_have_a_question(self) -> "Filters":
        if self.answer and not self.criterion:
            raise ValueError("answer: of which criterion? Name it too")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError(f"first_day: {self.first_day} is after the last day, {self.last_day}")
        return self

    def asked(self) -> dict[str, Any]:
        """What is asked for, as a form or an address carries it."""
        return self.model_dump(mode="json", exclude_defaults=True)


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
    if filters.agent:
        found.append(or_(_same(CallRow.agent_id, filters.agent), _same(CallRow.agent, filters.agent)))
    named = {CallRow.team: filters.team, CallRow.queue: filters.queue, CallRow.direction: filters.direction}
    found += [_same(column, value) for column, value in named.items() if value]
    if filters.language:
        found.append(_same(heard_language(), filters.language))
    return found


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
    }
    asked += [column.is_(value) for column, value in chosen.items() if value is not None]
    if filters.criterion:
        asked.append(_answered(filters.criterion, filters.answer))
    return [_current_audit(asked)] if asked else []


def _current_audit(asked: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    current = (AuditRow.call_id == CallRow.call_id, AuditRow.superseded_at.is_(None))
    # Of its own, though the calls are listed beside their audits.
    audits = select(AuditRow.audit_id).outerjoin(*official.SCORE)
    return audits.where(*current, *asked).correlate(CallRow).exists()


def _answered(criterion: str, answer: str | None) -> ColumnElement[bool]:
    query = (
        select(AnswerRow.audit_id)
        .outerjoin(*official.ANSWERS)
        .where(AnswerRow.audit_id == AuditRow.audit_id, AnswerRow.criterion_id == criterion)
    )
    return (query.where(answer == official.ANSWER) if answer else query).correlate(AuditRow).exists()


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
