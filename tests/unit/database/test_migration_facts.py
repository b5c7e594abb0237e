"""Facts of earlier answers get tables of their own; agents' moods and violations go, and nothing else."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from sqlalchemy import make_url, select, text

from include.database.answers import stored_answer
from include.database.engine import open_engine
from include.database.migrations import config, upgrade
from include.database.migrations.facts import rows as migration
from include.database.migrations.facts.answers import with_facts_alone, without_moods
from include.database.models import (
    AuditRow,
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
    FailureRow,
    LlmResultRow,
)
from include.llm.facts import Understanding
from include.scorecards.answers import AuditAnswers
from tests.unit.database import version_0005
from tests.unit.database.version_0005 import CARD, Rows, dumped, one

pytestmark = pytest.mark.long

ANGRY = "the agent got furious because of the dog"
RUDE = "the agent was rude about the parrot"
LINE = "[t6 | customer | 0:31.2-0:38.9] With my credit card, I have it right here"


@pytest.fixture
def before() -> Rows:
    """Rows of a run, with moods of an agent wherever they could be."""
    made = version_0005.rows()
    facts = one(made, "llm_results", call_id=CARD, stage="llm1")["answer"]
    facts["sentiment"] = {
        "customer": {"start": -2, "end": 3, "overall": 1},
        "agent": {"start": 4, "end": -4, "overall": -1},
        "turning_points": [{"turn": "t5", "who": "agent", "cause": ANGRY}],
    }
    facts["contact_reasons"] = [
        {"code": "payment", "primary": True, "turns": [LINE, "t99"]},
        {"code": "refund", "primary": True, "turns": []},
        {"code": "payment", "primary": True, "turns": ["turn 4"]},
    ]
    facts["commitments"] = [
        {"by": "agent", "text": "sends a receipt", "due": "within the hour", "turn": "t11"},
        {"by": "mixed", "text": "calls", "due": None, "turn": "the end"},
    ]
    facts["signals"] = [{"kind": "praise", "turns": ["t12"], "confidence": 0.8}]
    reply = one(made, "llm_results", call_id=CARD, stage="llm2")["answer"]["reply"]
    reply["violations"] = [{"criterion_id": "no_abuse", "description": RUDE, "turn_id": "t5"}]
    reply["strengths"] = ["quick"]
    reply["coaching"] = [
        {"skill": "calm", "observation": "o", "suggestion": "s", "turn_id": "t3"},
    ]
    failure = made["failures"][0]
    lost = {"call_id": CARD, "kind": "answer_invalid", "message": "does not fit"}
    agent = {"agent": {"start": 5, "why": ANGRY}, "customer": {"start": 1}}
    for id_, stage, raw in (
        (21, "llm1", json.dumps({"summary": "kept", "sentiment": agent, "turning_points": [ANGRY]})),
        (22, "llm1", f'{{"summary": "cut off", "sentiment": {{"agent": {{"why": "{ANGRY}'),
        (23, "llm2", json.dumps({"answers": {}, "violations": [RUDE]})),
        (24, "llm2", "not at all JSON"),
    ):
        made["failures"].append(failure | lost | {"id": id_, "stage": stage, "raw_answer": raw})
    return made


@pytest.fixture
def url(new_url: Callable[[], str], before: Rows) -> str:
    """The same, migrated."""
    url = new_url()
    version_0005.load(url, before)
    upgrade(url, say=lambda _: None)
    return url


def rows_of(url: str, table: Any, **where: object) -> list[dict[str, Any]]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(select(table.__table__).filter_by(**where)).mappings().all()
    engine.dispose()
    return [dict(row) for row in found]


def test_no_mood_of_an_agent_and_no_violation_is_left_in_any_column(url: str, before: Rows) -> None:
    told = json.dumps(before, default=str)
    assert ANGRY in told and RUDE in told
    after = json.dumps(dumped(url), default=str)
    after += json.dumps([rows_of(url, table) for table in (CallFactsRow, CallSignalRow)], default=str)
    for gone in (ANGRY, RUDE, "turning_points", "violations", '"sentiment"', '\\"sentiment\\"'):
        assert gone not in after
    assert '"agent": {"start"' not in after and '\\"agent\\": {' not in after


def test_what_is_deleted_is_overwritten(url: str) -> None:
    database = make_url(url)
    if database.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL writes its tables anew")
    content = b"".join(file.read_bytes() for file in sorted(_files(str(database.database))) if file.exists())
    assert len(content) > 50_000
    for gone in (ANGRY, RUDE):
        assert gone.encode() not in content


def _files(path: str) -> list[Any]:
    from pathlib import Path

    return [Path(path), Path(f"{path}-wal")]


def test_facts_stand_in_tables(url: str) -> None:
    (facts,) = rows_of(url, CallFactsRow, call_id=CARD)
    assert facts["superseded_at"] is None
    assert (facts["sentiment_start"], facts["sentiment_end"]) == (-2, 3)
    assert (facts["call_type"], facts["analysable"]) == ("conversation", True)
    assert facts["summary"] and facts["issue"]
    id_ = facts["facts_id"]
    assert [
        (r["code"], r["is_primary"], r["turn_ids"]) for r in rows_of(url, CallReasonRow, facts_id=id_)
    ] == [
        ("payment", True, ["t6", "t4"]),
        ("refund", False, []),
    ]
    assert [
        (c["promised_by"], c["promise"], c["due"], c["turn_id"])
        for c in rows_of(url, CallCommitmentRow, facts_id=id_)
    ] == [("agent", "sends a receipt", "within the hour", "t11"), ("other", "calls", None, None)]
    assert [(s["kind"], s["turn_ids"]) for s in rows_of(url, CallSignalRow, facts_id=id_)] == [
        ("praise", ["t12"])
    ]
    assert facts["dropped"] == 2
    entities = rows_of(url, CallEntityRow, facts_id=id_)
    assert any(entity["pii"] for entity in entities)
    assert "5105" not in json.dumps(entities), "what was masked in the answer is masked here"


def test_every_result_of_llm1_has_facts_current_or_history_as_it_is(url: str, before: Rows) -> None:
    results = [row for row in before["stage_results"] if row["stage"] == "llm1"]
    assert results
    found = {(row["call_id"], row["superseded_at"] is None) for row in rows_of(url, CallFactsRow)}
    assert found == {(row["call_id"], row["superseded_at"] is None) for row in results}


def test_audits_tell_what_the_model_said_of_the_agents_work(url: str) -> None:
    (audit,) = rows_of(url, AuditRow, call_id=CARD)
    assert audit["strengths"] == ["quick"]
    assert [one["skill"] for one in audit["coaching"]] == ["calm"]
    assert audit["comment"]


def test_stored_answers_are_read_by_this_version(url: str) -> None:
    engine = open_engine(url)
    with engine.connect() as connection:
        stored = connection.execute(select(LlmResultRow.identity, LlmResultRow.stage)).all()
        answers = [(row.stage, stored_answer(connection, row.identity)) for row in stored]
    engine.dispose()
    assert {stage for stage, _ in answers} == {"llm1", "llm2"}
    for stage, answer in answers:
        kind = Understanding if stage == "llm1" else AuditAnswers
        read = kind.model_validate(answer)
        assert kind.model_validate(read.model_dump(mode="json")) == read


def test_failed_attempts_keep_what_holds_no_mood(url: str) -> None:
    raw = {row["id"]: row["raw_answer"] for row in rows_of(url, FailureRow, call_id=CARD)}
    assert json.loads(raw[21]) == {"summary": "kept", "customer": {"start": 1}}
    assert raw[22] is None
    assert json.loads(raw[23]) == {"answers": {}}
    assert raw[24] == "not at all JSON"


def test_it_is_told(new_url: Callable[[], str], before: Rows) -> None:
    url, told = new_url(), list[str]()
    version_0005.load(url, before)
    upgrade(url, say=told.append)
    (line,) = [line for line in told if "violations" in line]
    results = len(before["llm_results"])
    facts = len([row for row in before["stage_results"] if row["stage"] == "llm1"])
    assert line == (
        f"Facts of calls in tables of their own: {facts}; agents' moods and lists of violations deleted "
        f"from {results} answers and 3 failed attempts."
    )


def test_taken_back_and_made_again_nothing_is_lost(url: str) -> None:
    def known() -> list[Any]:
        facts = rows_of(url, CallFactsRow)
        return sorted(
            ({name: row[name] for name in row if name != "facts_id"} for row in facts),
            key=lambda row: str(row["created_at"]) + row["call_id"],
        )

    once, answers = known(), dumped(url)["llm_results"]
    command.downgrade(config(url), "0006")
    upgrade(url, say=lambda _: None)
    assert known() == once
    assert dumped(url)["llm_results"] == answers


def test_it_works_call_by_call(
    new_url: Callable[[], str], before: Rows, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_url()
    version_0005.load(other, before)
    monkeypatch.setattr(migration, "_CALLS_AT_ONCE", 1)
    upgrade(other, say=lambda _: None)
    assert dumped(other)["llm_results"] == dumped(url)["llm_results"]
    for table in (CallFactsRow, CallReasonRow, CallEntityRow):
        assert len(rows_of(other, table)) == len(rows_of(url, table)) > 0


def test_an_answer_that_two_calls_share_is_told_of_both(new_url: Callable[[], str], before: Rows) -> None:
    """The one that paid for it comes later in the order of ids, or was worked on before."""
    other = next(row["call_id"] for row in before["calls"] if row["call_id"] not in (CARD,))
    identity = one(before, "llm_results", call_id=CARD, stage="llm1")["identity"]
    for row in before["stage_results"]:
        if row["call_id"] == other and row["stage"] == "llm1":
            row["result"] = {"identity": identity}
    url = new_url()
    version_0005.load(url, before)
    upgrade(url, say=lambda _: None)
    told = {row["call_id"]: row["summary"] for row in rows_of(url, CallFactsRow, llm_identity=identity)}
    assert told[CARD] and set(told.values()) == {told[CARD]}


@pytest.mark.parametrize("raw", ["[" * 100_000, '"violations"' + "[" * 100_000, "", '["sentiment"]'])
def test_any_raw_answer_can_be_looked_at(raw: str) -> None:
    kept = without_moods(raw)
    assert kept in (raw, None)
    assert (kept is None) == ("violations" in raw or "sentiment" in raw)


def test_an_answer_that_lacks_what_later_versions_added_is_read() -> None:
    facts = with_facts_alone({"call_type": "silent", "analysable": False}, [])
    assert Understanding.model_validate(facts).sentiment_end == 0


def test_the_file_is_written_anew_after_a_crash_between(url: str) -> None:
    database = make_url(url)
    if database.get_backend_name() != "sqlite":
        pytest.skip("of SQLite")
    with sqlite3.connect(str(database.database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    engine = open_engine(url)
    with engine.connect() as connected:
        assert connected.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
