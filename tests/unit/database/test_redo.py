"""A call that was audited stays so, with all that was found, until it is audited again."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from include.calls.call import Call, CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.calls.transcript import Transcript
from include.database import batches, rescores, settling
from include.database.answers import transcript_for, transcript_of
from include.database.batches import Batch
from include.database.models import (
    AuditRow,
    BatchCallRow,
    BatchRow,
    CallRow,
    NewTranscriptRow,
    OutboxRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outcomes import Failure, save
from include.database.planning import loads_to_plan
from include.database.work import BatchKind, StageJob
from include.delivery.outcome import count_outcome
from tests.unit.database.seeding import DAY, HOST, Day, recording, success
from tests.unit.database.test_rescores import audit_row

A, B, C = recording("a.wav"), recording("b.wav"), recording("c.wav")
WRONG_KEY = "the API refuses the key"


def through(day: Day, batch: Batch, *calls: Call, language: str = "en") -> None:
    """All stages of the calls, with a transcript in this language."""
    day.audit(batch, *calls, stages=STAGES[:-3])
    heard = []
    for call in calls:
        transcript = Transcript(call_id=call.call_id, language=language, turns=[])
        row = {"call_id": call.call_id, "sha256": transcript.sha256, "language": language}
        content = {"transcript": transcript.model_dump(mode="json"), "created_at": datetime.now(UTC)}
        heard.append(success(call, rows=[(TranscriptRow, row | content)]))
    day.save(batch, Stage.STT, heard)
    day.audit(batch, *calls, stages=[Stage.LLM1])
    made = [(AuditRow, audit_row(call, batch.batch_id, 90)) for call in calls]
    ended = [success(c, state=CallState.AUDITED, rows=[row]) for c, row in zip(calls, made, strict=True)]
    day.save(batch, Stage.LLM2, ended)


def again(day: Day, batch_id: str = "run-2", first_stage: Stage = Stage.DISTRIBUTE) -> Batch:
    batch = day.discover(*(known(day)[call.path] for call in (A, B, C)), batch_id=batch_id)
    day.plan(batch, Redo.ALL, first_stage)
    return batch


def known(day: Day) -> dict[str, Call]:
    from include.database.calls import calls_of_day

    return day.database.read(lambda c: {call.path: call for call in calls_of_day(c, DAY)})


def end(day: Day, batch: Batch) -> str:
    def closed(connection):
        settling.settle(connection, batch)
        if batch.kind is not BatchKind.AUDIT:
            rescores.end_strays(connection, batch)
        return str(batches.close(connection, batch)[0])

    return day.database.write(closed)


def current_audits(day: Day) -> dict[str, str]:
    return {row["call_id"]: row["batch_id"] for row in day.rows(AuditRow, superseded_at=None)}


@pytest.fixture
def audited(day: Day) -> Day:
    first = day.planned(A, B, C)
    through(day, first, A, B, C)
    end(day, first)
    return day


def test_while_it_is_done_again_it_is_audited_and_every_result_stands(audited: Day) -> None:
    before = {row["id"] for row in audited.rows(StageResultRow, superseded_at=None)}
    second = again(audited)
    audited.audit(second, A, B, C, stages=STAGES[:-1])

    assert {row["state"] for row in audited.rows(CallRow)} == {"audited"}
    assert set(current_audits(audited).values()) == {"run-1"}
    now = {r["id"] for r in audited.rows(StageResultRow, superseded_at=None) if r["stage"] != "distribute"}
    assert now <= before
    assert audited.pending(second, Stage.STT) == []
    assert {call.call_id for call in audited.pending(second, Stage.LLM2)} == {c.call_id for c in (A, B, C)}


@pytest.mark.long
def test_a_wrong_key_costs_no_audit(audited: Day) -> None:
    second = again(audited)
    audited.audit(second, A, B, C, stages=STAGES[:5])
    lost = [Failure(c.call_id, "llm_refused", WRONG_KEY, state=CallState.FAILED) for c in (A, B, C)]
    audited.save(second, Stage.LLM1, lost)

    assert end(audited, second).startswith("3 audited + 0 failed")
    assert set(current_audits(audited).values()) == {"run-1"}
    assert {row["failed_try"] for row in audited.rows(BatchCallRow, batch_id="run-2")} == {
        f"llm1: {WRONG_KEY}"
    }
    assert [r for r in audited.rows(OutboxRow) if r["event_type"] == "call.failed"] == []
    outcome = audited.database.read(lambda c: count_outcome(c, "run-2"))
    assert (outcome.failed_tries, outcome.audited_now, outcome.audited_before) == (3, 0, 3)
    assert {row["claimed_by"] for row in audited.rows(CallRow)} == {None}


def test_what_is_done_takes_the_place_of_what_was(audited: Day) -> None:
    second = again(audited)
    through(audited, second, A, language="es")
    end_one = Failure(B.call_id, "bug", "broke", state=CallState.FAILED)
    audited.save(second, Stage.STT, [end_one])

    assert current_audits(audited) == {A.call_id: "run-2", B.call_id: "run-1", C.call_id: "run-1"}
    of_a = audited.rows(StageResultRow, call_id=A.call_id, superseded_at=None)
    assert {(row["stage"], row["batch_id"]) for row in of_a} == {(stage, "run-2") for stage in STAGES}
    assert audited.rows(TranscriptRow, call_id=A.call_id)[0]["language"] == "es"
    assert audited.rows(NewTranscriptRow) == []


def test_a_new_transcript_waits_beside_the_old_one(audited: Day) -> None:
    second = again(audited)
    audited.audit(second, A, stages=STAGES[:4])
    transcript = Transcript(call_id=A.call_id, language="es", turns=[])
    row = {"call_id": A.call_id, "sha256": transcript.sha256, "language": "es"}
    content = {"transcript": transcript.model_dump(mode="json"), "created_at": datetime.now(UTC)}
    audited.save(second, Stage.STT, [success(A, rows=[(TranscriptRow, row | content)])])

    with audited.database.reading() as connection:
        assert transcript_of(connection, A.call_id).language == "en"
        assert transcript_for(connection, A.call_id, "run-2").language == "es"
        assert transcript_for(connection, B.call_id, "run-2").language == "en"


@pytest.mark.long
@pytest.mark.parametrize("first_stage", [Stage.DISTRIBUTE, Stage.DENOISE, Stage.STT, Stage.LLM1, Stage.LLM2])
def test_only_from_the_first_stage_on_it_is_done_again(audited: Day, first_stage: Stage) -> None:
    second = again(audited, first_stage=first_stage)
    waiting = [stage for stage in STAGES if audited.pending(second, stage)]
    assert waiting == [Stage.DISTRIBUTE if first_stage in STAGES[:5] else first_stage]


@pytest.mark.long
def test_a_run_that_is_cleared_does_what_it_has_not_done(audited: Day) -> None:
    second = again(audited)
    through(audited, second, A)
    audited.audit(second, B, stages=STAGES[:5])
    audited.save(second, Stage.LLM1, [Failure(B.call_id, "llm_refused", WRONG_KEY, state=CallState.FAILED)])
    end(audited, second)

    taken = audited.plan(second, Redo.ALL)

    assert sorted(taken) == sorted([B.call_id, C.call_id])
    assert [call.call_id for call in audited.pending(second, Stage.LLM1)] == [B.call_id]


@pytest.mark.long
def test_two_runs_that_do_all_again_do_it_once_each(audited: Day) -> None:
    second, third = again(audited), again(audited, "run-3")
    assert audited.rows(BatchCallRow, batch_id="run-3", state=CallState.PENDING) == audited.rows(
        BatchCallRow, batch_id="run-3"
    ), "the claims of a run that has ended are void"
    through(audited, third, A, B, C)
    audited.save(second, Stage.DENOISE, [success(A)])
    assert end(audited, third).startswith("3 audited")
    assert set(current_audits(audited).values()) == {"run-3"}


@pytest.mark.long
def test_what_an_official_rescore_holds_keeps_its_audit_when_that_fails(audited: Day) -> None:
    rescore = Batch("rescore", DAY, "stored", {}, BatchKind.RESCORE)
    with audited.database.writing() as connection:
        batches.open_batch(connection, rescore)
        rescores.loads_to_rescore(connection, rescore, lambda _: True)
    second = audited.discover(*(known(audited)[call.path] for call in (A, B, C)), batch_id="run-2")
    assert audited.plan(second, Redo.ALL, others_have_ended=False) == []

    job = StageJob("rescore", 0, HOST, Stage.LLM2, kind=BatchKind.RESCORE)
    lost = [Failure(c.call_id, "bug", "broke", state=CallState.FAILED) for c in (A, B, C)]
    audited.database.write(lambda c: save(c, job, lost))
    end(audited, rescore)

    assert end(audited, second).startswith("3 audited + 0 failed")
    assert audited.rows(BatchRow, batch_id="run-2")[0]["closed_at"]
    assert set(current_audits(audited).values()) == {"run-1"}


class TestWhatARunWasAtItsEnd:
    @pytest.mark.long
    def test_later_runs_do_not_change_it(self, audited: Day) -> None:
        second = again(audited)
        through(audited, second, A, B, C)
        end(audited, second)

        rows = audited.rows(BatchCallRow, batch_id="run-1")
        audits = {row["call_id"]: row["audit_id"] for row in audited.rows(AuditRow, batch_id="run-1")}
        assert {row["call_id"]: (row["state"], row["audit_id"]) for row in rows} == {
            call_id: ("audited", audit_id) for call_id, audit_id in audits.items()
        }

    def test_a_call_that_failed_then_has_failed_for_ever(self, day: Day) -> None:
        first = day.planned(A, B)
        through(day, first, B)
        day.save(first, Stage.STT, [Failure(A.call_id, "bug", "broke", state=CallState.FAILED)])
        assert end(day, first).startswith("1 audited + 1 failed")
        second = day.discover(*known(day).values(), batch_id="run-2")
        day.plan(second)
        through(day, second, A)
        end(day, second)

        with day.database.reading() as connection:
            assert batches.ledger_of(connection, "run-1").failed == 1
            assert batches.ledger_of(connection, "run-2").audited == 2
        [row] = day.rows(BatchCallRow, batch_id="run-1", call_id=A.call_id)
        assert (row["state"], row["state_reason"], row["audit_id"]) == ("failed", "stt: broke", None)

    def test_a_run_that_is_cleared_takes_up_what_failed_in_it(self, day: Day) -> None:
        first = day.planned(A, B)
        through(day, first, B)
        day.save(first, Stage.STT, [Failure(A.call_id, "bug", "broke", state=CallState.FAILED)])
        end(day, first)

        assert day.plan(first) == [A.call_id]
        assert [call.call_id for call in day.pending(first, Stage.DISTRIBUTE)] == [A.call_id]
        through(day, first, A)
        assert end(day, first).startswith("2 audited")

    def test_an_end_that_is_repeated_says_the_same(self, audited: Day) -> None:
        first = Batch("run-1", DAY, "file:///calls", {})
        before = audited.rows(BatchCallRow, batch_id="run-1")
        end(audited, first)
        assert audited.rows(BatchCallRow, batch_id="run-1") == before

    def test_when_it_was_discovered_is_never_changed(self, audited: Day) -> None:
        before = {row["call_id"]: row["discovered_at"] for row in audited.rows(CallRow)}
        changed = [
            recording("a.wav", size_bytes=50_000),
            recording("b.wav", state=CallState.SKIPPED, state_reason="lasts 3.0 s"),
            recording("c.wav", uri="file:///elsewhere/c.wav"),
        ]
        audited.discover(*changed, batch_id="run-2")
        after = {row["call_id"]: row["discovered_at"] for row in audited.rows(CallRow)}
        assert after == before


def test_a_plan_made_again_tells_the_same(audited: Day) -> None:
    second = again(audited)

    def planned(redo: Redo) -> Callable:
        return lambda c: loads_to_plan(c, second, redo, Stage.DISTRIBUTE)

    loads = audited.database.write(planned(Redo.ALL))
    assert len(loads) == 3
    assert audited.database.write(planned(Redo.ALL)) == loads
