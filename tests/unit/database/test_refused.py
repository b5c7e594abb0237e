"""What the database refuses ends its own call; what came with it is stored, and nothing is paid twice."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    StatementError,
)

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database import spending
from include.database.batches import Batch
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    OutboxRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outcomes import Ended, Failure, Success
from include.database.refused import clean_text, refuses, writable, write_apart
from include.database.work import PendingCall, StageJob
from include.distribution.lane import Lane
from tests.unit.database.seeding import HOST, Day, recording, scorecard, success

CALLS = [recording(f"{n:02}.wav") for n in range(9)]
POISONED = CALLS[4]
NOW = datetime(2026, 11, 16, 22, tzinfo=UTC)
HALF = "\ud800"


@pytest.fixture
def batch(day: Day) -> Batch:
    return day.planned(*CALLS)


def on(day: Day, dialect: str) -> bool:
    with day.database.reading() as connection:
        return connection.dialect.name == dialect


def transcript(
    language: str | None = "en", text: str = "hello"
) -> tuple[type[TranscriptRow], dict[str, Any]]:
    row = {"sha256": "0" * 64, "language": language, "transcript": {"turns": [{"text": text}]}}
    return TranscriptRow, {**row, "created_at": NOW}


# What poisons a result of a GPU stage, and which databases refuse it.
POISONS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a NUL in an engine's name": ({"engine": "a\0b"}, {"postgresql"}),
    "a NUL in a result": ({"result": {"label": "a\0b"}}, {"postgresql"}),
    "a NUL as a key": ({"result": {"a\0b": 1}}, {"postgresql"}),
    "half a surrogate pair in an engine's name": ({"engine": HALF}, {"postgresql", "sqlite"}),
    "half a surrogate pair in a result": ({"result": {"label": HALF}}, {"postgresql"}),
    "no number in a result": ({"result": {"seconds": float("nan")}}, {"postgresql"}),
    "no number of seconds": ({"seconds": float("nan")}, {"sqlite"}),
    "a hash that is none": ({"sha256": "0" * 65}, {"postgresql"}),
    "a host's name without an end": ({"worker": "h" * 201}, {"postgresql"}),
    "a language that is none": ({"rows": [transcript("Spanish as it is spoken")]}, {"postgresql"}),
    "a NUL in a transcript": ({"rows": [transcript(text="\0")]}, {"postgresql"}),
    "what is no JSON": ({"result": {"label": {1, 2}}}, {"postgresql", "sqlite"}),
    "a time without a zone": (
        {"rows": [(TranscriptRow, {**transcript()[1], "created_at": datetime(2026, 1, 1)})]},  # noqa: DTZ001
        {"postgresql", "sqlite"},
    ),
}


def of(call: Any, **changes: Any) -> Success:
    rows = [(table, {**row, "call_id": call.call_id}) for table, row in changes.pop("rows", [])]
    return success(call, rows=rows, **changes)


@pytest.mark.parametrize("poison", POISONS)
def test_a_result_that_cannot_be_written_fails_its_call_and_no_other(
    day: Day, batch: Batch, poison: str
) -> None:
    changes, refusing = POISONS[poison]
    outcomes = [of(call, **(dict(changes) if call is POISONED else {})) for call in CALLS]
    day.save(batch, Stage.STT, outcomes)

    refused = any(on(day, dialect) for dialect in refusing)
    stored = {row["call_id"] for row in day.rows(StageResultRow)}
    assert stored == {call.call_id for call in CALLS if not refused or call is not POISONED}
    state, reason = day.state_of(POISONED)
    assert state == ("failed" if refused else "pending")
    assert {day.state_of(call)[0] for call in CALLS if call is not POISONED} == {"pending"}
    if refused:
        assert str(reason).startswith("stt: what came of it cannot be written to the database (")
        (failure,) = day.rows(FailureRow)
        assert (failure["kind"], failure["call_id"]) == ("row_refused", POISONED.call_id)
        (event,) = day.rows(OutboxRow)
        assert event["event_type"] == "call.failed"


@pytest.mark.parametrize("message", ["<h1>502\0 Bad\0 Gateway", f"it says {HALF}", "\0"])
def test_what_is_said_of_a_failure_is_kept_as_far_as_it_is_text(day: Day, batch: Batch, message: str) -> None:
    failures = [
        Failure(call.call_id, "host_fault", message if call is POISONED else "no", raw_answer=message)
        for call in CALLS
    ]
    day.save(batch, Stage.STT, [*failures, Failure(None, "host_lost", message)])
    rows = day.rows(FailureRow)
    assert [row["call_id"] for row in rows] == [*(call.call_id for call in CALLS), None]
    assert rows[4]["message"] == rows[-1]["message"] == rows[0]["raw_answer"] == clean_text(message)
    assert "\0" not in clean_text(message)
    clean_text(message).encode()


@pytest.mark.long
def test_no_page_is_kept_whole_and_its_cut_leaves_no_half_of_a_card_number(
    day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.database.outcomes._LONGEST_ANSWER", 5_000)
    page = "x " * 1994 + "number 5105 1051 0510 5100" + " x" * 10_000
    day.save(batch, Stage.STT, [Failure(CALLS[0].call_id, "host_fault", page, raw_answer=page)])
    (row,) = day.rows(FailureRow)
    assert (len(row["message"]), len(row["raw_answer"])) == (4_000, 5_000)
    assert "5105" not in row["message"] + row["raw_answer"]


def test_a_call_that_is_gone_from_the_database_is_no_others_failure(
    day: Day, batch: Batch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = recording("gone.wav")
    outcomes = [Failure(gone.call_id, "bug", "x"), *(success(call) for call in CALLS)]
    day.save(batch, Stage.STT, outcomes)
    assert len(day.rows(StageResultRow)) == len(CALLS)
    assert "Failure cannot be written" in caplog.text


def test_what_ends_without_a_result_is_treated_alike(day: Day, batch: Batch) -> None:
    outcomes = [Ended(call.call_id, CallState.SKIPPED, "nobody speaks") for call in CALLS]
    outcomes[4] = Ended(POISONED.call_id, CallState.SKIPPED, HALF)
    day.save(batch, Stage.LLM1, outcomes)
    assert [row["state"] for row in day.rows(CallRow)].count("skipped") == 8
    assert day.state_of(POISONED)[0] == "failed"


def llm(call: Any, *, answer: str = "well", justification: str = "so", model: str = "m") -> Success:
    """An audit as LLM2 brings it."""
    identity, audit_id = call.call_id.rjust(64, "0"), f"audit-{call.path}"
    paid = {
        **{"identity": identity, "call_id": call.call_id, "stage": "llm2", "model": model},
        **{"prompt_sha256": "p", "transcript_sha256": "t", "scorecard_sha256": scorecard().sha256},
        **{"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 0, "cost_usd": 0.1},
        **{"latency_s": 1.0, "attempts": 1, "repaired": False, "redactions": {}},
        **{"answer": {"text": answer}, "batch_id": "run-1", "created_at": NOW},
    }
    audit = {
        **{"audit_id": audit_id, "call_id": call.call_id, "batch_id": "run-1", "pct": 50.0, "band": "x"},
        **{"scorecard_sha256": scorecard().sha256, "transcript_sha256": "t", "llm_identity": identity},
        **{"passed": True, "auto_failed": False, "needs_review": False, "review_reasons": []},
        **{"sections": [], "speaks_to_model": [], "created_at": NOW},
    }
    given = {
        **{"audit_id": audit_id, "criterion_id": "c1", "answer": "yes", "answered_by": "llm"},
        **{"justification": justification, "confidence": 0.9, "standing": "counted", "earned": 1.0},
        **{"potential": 1.0, "auto_fail": "none", "review_reasons": [], "evidence": [], "absence": None},
    }
    rows = [(LlmResultRow, paid), (AuditRow, audit), (AnswerRow, given)]
    return success(call, worker="llm", rows=rows, state=CallState.AUDITED)


class TestOfTheLlm:
    @pytest.mark.parametrize(
        "poison", [{"justification": HALF}, {"justification": HALF, "answer": f"a{HALF}b"}]
    )
    def test_an_answer_that_was_paid_for_is_kept_though_its_audit_cannot_be_written(
        self, day: Day, batch: Batch, poison: dict[str, str]
    ) -> None:
        day.save(batch, Stage.LLM2, [llm(call, **(poison if call is POISONED else {})) for call in CALLS])
        assert [day.state_of(call)[0] for call in CALLS] == ["audited"] * 4 + ["failed"] + ["audited"] * 4
        answers = {row["call_id"]: row["answer"]["text"] for row in day.rows(LlmResultRow)}
        assert set(answers) == {call.call_id for call in CALLS}
        if "answer" in poison:
            assert answers[POISONED.call_id] == "a?b"
        assert len(day.rows(AuditRow)) == len(day.rows(AnswerRow)) == 8

    def test_what_comes_late_is_kept_alike(self, day: Day, batch: Batch) -> None:
        with day.database.writing() as connection:
            connection.execute(CallRow.__table__.update().values(claimed_by="another"))
        day.save(batch, Stage.LLM2, [llm(call, model=HALF if call is POISONED else "m") for call in CALLS])
        assert {row["call_id"] for row in day.rows(LlmResultRow)} == {call.call_id for call in CALLS}
        assert {row["state"] for row in day.rows(CallRow)} == {"pending"}

    @pytest.mark.parametrize("poison", [{"model": "m\0"}, {"model": HALF}, {"prompt_tokens": 10**30}])
    def test_what_answers_cost_is_booked_whatever_an_api_says_of_itself(
        self, day: Day, batch: Batch, poison: dict[str, Any]
    ) -> None:
        rows = [
            {
                **{"batch_id": "run-1", "call_id": call.call_id, "stage": "llm1", "model": "m"},
                **{"prompt_tokens": 1, "completion_tokens": 1, "cached_tokens": 0, "cost_usd": 0.5},
                **{"paid_at": NOW, **(poison if call is POISONED else {})},
            }
            for call in CALLS
        ]
        with day.database.writing() as connection:
            spending.record(connection, rows)
        assert len(day.rows(LlmSpendingRow)) == 9
        with day.database.reading() as connection:
            assert spending.spent_by_run(connection, "run-1") == 4.5


async def test_a_lane_counts_what_could_not_be_written_as_failed(day: Day, batch: Batch) -> None:
    async def handle(call: PendingCall) -> Success:
        return success(call.call_id, engine=HALF if call.call_id == POISONED.call_id else "engine 1")

    lane = Lane(day.database, StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE))
    await lane.begin()
    counts = await lane.run(handle, 4)
    assert (counts.done, dict(counts.failed)) == (8, {"row_refused": 1})
    assert len(day.rows(StageResultRow)) == 8


class _Orig(Exception):
    sqlstate: str | None = None


def dbapi(kind: type[DBAPIError], sqlstate: str | None = None, message: str = "") -> DBAPIError:
    orig = _Orig(message)
    orig.sqlstate = sqlstate
    return kind("INSERT", {}, orig)


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (dbapi(DataError, "22021"), True),
        (dbapi(DataError), True),
        (dbapi(IntegrityError, "23502"), True),
        (dbapi(IntegrityError, message="NOT NULL constraint failed: stage_results.seconds"), True),
        (dbapi(IntegrityError, "23505"), False),
        (dbapi(IntegrityError, message="UNIQUE constraint failed: audits.call_id"), False),
        (dbapi(OperationalError, "54000"), True),
        (dbapi(OperationalError, "40P01"), False),
        (dbapi(OperationalError, "57P01"), False),
        (dbapi(OperationalError, message="database is locked"), False),
        (dbapi(InterfaceError, message="connection already closed"), False),
        (StatementError("no time zone", "INSERT", {}, ValueError()), True),
        (UnicodeEncodeError("utf-8", HALF, 0, 1, "surrogates not allowed"), True),
        (OverflowError("Python int too large"), True),
        (RuntimeError("what is this"), False),
    ],
)
def test_what_is_refused_is_told_from_trouble_of_the_moment(error: Exception, refused: bool) -> None:
    assert refuses(error) is refused


def test_a_database_that_is_away_fails_no_call(day: Day) -> None:
    def away(_: Any) -> None:
        raise dbapi(OperationalError, message="server closed the connection")

    told: list[Any] = []
    with pytest.raises(OperationalError), day.database.writing() as connection:
        write_apart(connection, away, [1, 2, 3], lambda item, error: told.append(item))
    assert told == []


@pytest.mark.parametrize("wrong", [set(), {0}, {8}, {0, 8}, {3, 4}, set(range(9))])
def test_those_that_are_refused_are_found_whichever_they_are(day: Day, wrong: set[int]) -> None:
    written: list[int] = []
    told: list[int] = []

    def write(some: Any) -> None:
        if wrong & set(some):
            raise dbapi(DataError, "22021")
        written.extend(some)

    def work(connection: Connection) -> None:
        write_apart(connection, write, list(range(9)), lambda item, _: told.append(item))

    day.database.write(work)
    assert (sorted(written), told) == ([n for n in range(9) if n not in wrong], sorted(wrong))


def test_a_row_is_cut_to_what_its_columns_take() -> None:
    row = {
        "id": 1,
        "batch_id": "b",
        "host": "h" * 999,
        "attempt": 10**20,
        "message": f"a\0{HALF}",
        "call_id": None,
    }
    fit = writable(FailureRow, row)
    assert fit == {**row, "host": "h" * 200, "attempt": 2**31 - 1, "message": "a\ufffd?"}
    nested = writable(LlmResultRow, {"identity": "i\0", "answer": {"a\0": [float("inf"), {"b": (HALF,)}]}})
    assert nested == {"identity": "i\0", "answer": {"a\ufffd": [None, {"b": ["?"]}]}}
