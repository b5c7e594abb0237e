"""What is known and was judged of calls narrows a search; what is asked wrongly is told."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from include.database.engine import Database
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
    ScorecardRow,
)
from include.errors import InvalidInput
from include.search.filters import filters_of
from include.search.finding import find
from include.search.saved import forget_search, save_search, saved_searches
from tests.unit.search.conftest import DAY, AddCall

NOW = datetime(2026, 11, 17, tzinfo=UTC)
BATCH = {"batch_id": "run", "day": DAY, "location": "", "params": {}, "opened_at": NOW}
SCORECARD = {"sha256": "s", "scorecard_id": "service", "version": "1", "scorecard": {}, "first_used_at": NOW}
FACTS = {
    **{"llm_identity": "x", "call_type": "service", "analysable": True, "resolution": "resolved"},
    **dict.fromkeys(("summary", "issue", "actions_taken", "outcome", "next_steps"), ""),
    **{"participants": [], "quality_issues": [], "dropped": 0, "batch_id": "run", "created_at": NOW},
    "superseded_at": None,
}


def audit(call_id: str, **changes: Any) -> dict[str, Any]:
    row = {"audit_id": f"a-{call_id}", "call_id": call_id, "batch_id": "run", "scorecard_sha256": "s"}
    row |= {"transcript_sha256": "t", "llm_identity": "l", "pct": 80.0, "band": "good", "passed": True}
    row |= {"auto_failed": False, "needs_review": False, "review_reasons": [], "sections": []}
    return row | {"created_at": NOW, "superseded_at": None} | changes


def answer(call_id: str, criterion_id: str, said: str) -> dict[str, Any]:
    row = {"audit_id": f"a-{call_id}", "criterion_id": criterion_id, "answer": said, "answered_by": "llm"}
    return row | {"justification": "", "review_reasons": [], "evidence": []}


@pytest.fixture
def calls(database: Database, add_call: AddCall) -> Database:
    """`ana` passes, `ben` auto-fails a criterion in Spanish; `old` was `ben`'s audit before."""
    add_call("ana", ("agent", "hello"), agent="Ana Díaz", agent_id="17", team="North", queue="Billing")
    add_call("ben", ("agent", "hola"), agent="Ben", agent_id="18", queue="Sales", direction="inbound")
    add_call("bad", day=date(2026, 11, 17), state="quarantined")
    rows = [
        audit("ana", pct=91.0),
        audit("ben", pct=0.0, passed=False, auto_failed=True, needs_review=True),
        audit("ben", audit_id="old", pct=99.0, superseded_at=NOW),
    ]
    facts = [
        {"facts_id": f"f-{one}", "call_id": one, **FACTS, "superseded_at": None} for one in ("ana", "ben")
    ]
    with database.writing() as connection:
        connection.execute(insert(BatchRow), [BATCH])
        connection.execute(insert(ScorecardRow), [SCORECARD])
        connection.execute(insert(AuditRow), rows)
        counted, unknown = {"earned": 1.0, "potential": 1.0}, {"standing": "unsupported"}
        said = [
            {**answer("ana", "greeting", "yes"), **counted, "standing": "counted"},
            {**answer("ana", "notice", "yes"), "earned": 0.5, "potential": 1.0, "standing": "counted"},
            {**answer("ben", "greeting", "no"), **counted, **unknown},
            {**answer("ben", "notice", "no"), **counted, "standing": "counted", "auto_fail": "form"},
        ]
        connection.execute(insert(AnswerRow), [{"auto_fail": "none", **one} for one in said])
        connection.execute(insert(CallFactsRow), facts)
        connection.execute(
            insert(CallSignalRow), [{"facts_id": "f-ben", "kind": "complaint", "turn_ids": []}]
        )
        reason = {"facts_id": "f-ana", "code": "billing", "is_primary": True, "turn_ids": []}
        connection.execute(insert(CallReasonRow), [reason])
    return database


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["bad", "ben", "ana"]),
        ({"agent": "ana díaz"}, ["ana"]),
        ({"agent": "18"}, ["ben"]),
        ({"team": "north"}, ["ana"]),
        ({"queue": "SALES"}, ["ben"]),
        ({"direction": "inbound"}, ["ben"]),
        ({"state": "quarantined"}, ["bad"]),
        ({"language": "en"}, ["ben", "ana"]),
        ({"criterion": "greeting"}, ["ben", "ana"]),
        ({"criterion": "greeting", "answer": "no"}, ["ben"]),
        ({"criterion": "greeting", "met": "met"}, ["ana"]),
        ({"criterion": "greeting", "met": "not_met"}, []),
        ({"criterion": "greeting", "met": "unknown"}, ["ben"]),
        ({"criterion": "notice", "met": "met"}, []),
        ({"criterion": "notice", "met": "not_met"}, ["ben", "ana"]),
        ({"criterion": "notice", "met": "not_met", "answer": "yes"}, ["ana"]),
        ({"scorecard": "service"}, ["ben", "ana"]),
        ({"scorecard": "sales"}, []),
        ({"reviewed": "true"}, []),
        ({"reviewed": "false"}, ["ben", "ana"]),
        ({"agent": "17", "exact": "true"}, ["ana"]),
        ({"agent": "Ana Díaz", "exact": "true"}, []),
        ({"queue": "sales", "exact": "true"}, []),
        ({"queue": "Sales", "exact": "true"}, ["ben"]),
        ({"language": "en", "exact": "true"}, ["ben", "ana"]),
        ({"min_pct": "91"}, ["ana"]),
        ({"max_pct": "90.9"}, ["ben"]),
        ({"passed": "false"}, ["ben"]),
        ({"auto_failed": "true"}, ["ben"]),
        ({"needs_review": "false"}, ["ana"]),
        ({"signal": "complaint"}, ["ben"]),
        ({"reason": "billing"}, ["ana"]),
        ({"agent": "", "min_pct": "", "passed": "", "first_day": ""}, ["bad", "ben", "ana"]),
        ({"first_day": "2026-11-17"}, ["bad"]),
    ],
)
def test_each_filter_narrows_to_its_calls(calls: Database, asked: dict[str, str], found: list[str]) -> None:
    with calls.reading() as connection:
        assert [call.call_id for call in find(connection, filters_of(asked)).calls] == found


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"agnet": "Ana"}, "agnet"),
        ({"min_pct": "lots"}, "min_pct"),
        ({"min_pct": "101"}, "min_pct"),
        ({"answer": "no"}, "answer: of which criterion"),
        ({"met": "not_met"}, "met: of which criterion"),
        ({"criterion": "notice", "met": "perhaps"}, "met"),
        ({"first_day": "2026-11-17", "last_day": "2026-11-16"}, "is after the last day"),
        ({"state": "lost"}, "state"),
        ({"signal": "hunger"}, "signal"),
    ],
)
def test_what_is_asked_wrongly_is_told_by_its_name(asked: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        filters_of(asked)


def test_what_was_asked_is_asked_again_as_the_form_asks_it() -> None:
    asked = {"agent": "17", "exact": "true", "criterion": "notice", "met": "not_met", "passed": "false"}
    assert filters_of(asked).asked() == asked
    assert filters_of(filters_of(asked).asked()) == filters_of(asked)


def test_a_saved_search_is_its_owners_until_it_is_shared(database: Database) -> None:
    filters = filters_of({"queue": "Sales", "max_pct": "60"})
    with database.writing() as connection:
        save_search(connection, "ana", " weak  sales ", filters)
        save_search(connection, "ana", "for all", filters_of({}), shared=True)
        save_search(connection, "ben", "ben's", filters)

    with database.reading() as connection:
        mine = saved_searches(connection, "ana")
        seen = saved_searches(connection, "ben")
    assert [(one.name, one.filters) for one in mine] == [("for all", filters_of({})), ("weak sales", filters)]
    assert [one.name for one in seen] == ["ben's", "for all"]


def test_a_search_of_the_same_name_is_replaced_and_only_its_owner_deletes_it(database: Database) -> None:
    with database.writing() as connection:
        save_search(connection, "ana", "weak", filters_of({"max_pct": "60"}))
        save_search(connection, "ana", "weak", filters_of({"max_pct": "50"}))
        (kept,) = saved_searches(connection, "ana")
        assert kept.filters == filters_of({"max_pct": "50"})
        assert not forget_search(connection, "ben", kept.search_id)
        assert forget_search(connection, "ana", kept.search_id)
        assert saved_searches(connection, "ana") == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_search_needs_a_name(database: Database, name: str) -> None:
    with database.writing() as connection, pytest.raises(InvalidInput, match="a name"):
        save_search(connection, "ana", name, filters_of({}))


@pytest.mark.parametrize(
    ("name", "text"), [("the card 4111 1111 1111 1111", ""), ("a card", '"4111 1111 1111 1111"')]
)
def test_no_card_number_is_kept_with_a_search(database: Database, name: str, text: str) -> None:
    with pytest.raises(InvalidInput, match="payment card number"), database.writing() as connection:
        save_search(connection, "ana", name, filters_of({"text": text}))
    with database.reading() as connection:
        assert saved_searches(connection, "ana") == []
