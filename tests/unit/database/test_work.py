"""What is left to do in a stage, and what came of it: results once, failures apart, events with states."""

from datetime import UTC, datetime

import pytest

from include.audio_files.raw import Encoding, RawAudio
from include.calls.call import CallMetadata, CallState, ChannelRole
from include.calls.discovery_rules import Redo
from include.calls.parts import Part
from include.calls.stage import STAGES, Stage
from include.calls.transcript import Transcript
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    FailureRow,
    OutboxRow,
    ScorecardRow,
    StageResultRow,
    TranscriptRow,
)
from include.database.outcomes import Ended, Failure, Success, save
from include.database.work import PendingCall, StageJob, counts
from tests.unit.database.seeding import HOST, Day, recording, scorecard, success

A, B = recording("a.wav"), recording("b.wav")
PARTS = (
    Part("c.ulaw", "file:///calls/c.ulaw", 40_000, 0, RawAudio(Encoding.MULAW, 8000)),
    Part("d.wav", "file:///calls/d.wav", 8044, 1),
)


def ids(pending: list[PendingCall]) -> list[str]:
    return [call.call_id for call in pending]


def audited(call_id: str, batch_id: str, pct: float) -> Success:
    """LLM2's success with the rows of an audit."""
    now = datetime.now(UTC)
    audit = {
        "audit_id": f"audit-{batch_id}-{pct}",
        "call_id": call_id,
        "batch_id": batch_id,
        "scorecard_sha256": scorecard().sha256,
        "transcript_sha256": "text",
        "llm_identity": "asked",
        "pct": pct,
        "band": "good",
        "passed": True,
        "auto_failed": False,
        "needs_review": False,
        "cofi_version": "0.9.1",
        "review_reasons": [],
        "sections": [],
        "created_at": now,
    }
    answer = {
        "audit_id": audit["audit_id"],
        "criterion_id": "verified",
        "answer": "yes",
        "answered_by": "llm",
        "justification": "",
        "confidence": 0.9,
        "earned": 1.0,
        "potential": 1.0,
        "auto_fail": "none",
        "review_reasons": [],
        "evidence": [],
    }
    rows = [(AuditRow, audit), (AnswerRow, answer)]
    return success(call_id, rows=rows, state=CallState.AUDITED)


class TestPending:
    @pytest.mark.long
    def test_each_stage_waits_for_the_one_before_and_ends_with_its_own_result(self, day: Day) -> None:
        batch = day.planned(A, B)
        for number, stage in enumerate(STAGES):
            later = STAGES[number + 1 :]
            assert ids(day.pending(batch, stage)) == sorted([A.call_id, B.call_id]), stage
            assert [s for s in later if day.pending(batch, s)] == [], stage

            day.save(batch, stage, [success(A)])

            assert ids(day.pending(batch, stage)) == [B.call_id], stage
            assert [ids(day.pending(batch, s)) for s in later[:1]] in ([], [[A.call_id]]), stage
            day.save(batch, stage, [success(B)])

    def test_a_pending_call_carries_what_the_stages_need_of_it(self, day: Day) -> None:
        day.discover(A)
        call = recording(
            "c.wav",
            metadata=CallMetadata(
                agent="Dana",
                customer_ref="C-1",
                caller="+34 600 111 222",
                queue="billing",
                product="Fibre 300",
                vocabulary=("Riverside",),
                channel_roles=(ChannelRole.AGENT,),
            ),
            parts=PARTS,
        )
        batch = day.planned(call, batch_id="run-2")
        assert day.pending(batch, Stage.DISTRIBUTE) == [
            PendingCall(
                call.call_id,
                call.uri,
                call.size_bytes,
                [ChannelRole.AGENT],
                "Dana",
                "C-1",
                channels=1,
                queue="billing",
                details={
                    "caller": "+34 600 111 222",
                    "product": "Fibre 300",
                    "vocabulary": ["Riverside"],
                },
                parts=PARTS,
            )
        ]

    def test_calls_in_a_final_state_and_of_other_shards_or_batches_are_not_worked_on(self, day: Day) -> None:
        batch = day.planned(A, B)
        day.save(batch, Stage.DISTRIBUTE, [Failure(B.call_id, "bug", "", state=CallState.FAILED)])

        assert ids(day.pending(batch, Stage.DISTRIBUTE)) == [A.call_id]
        other = day.discover(A, batch_id="run-2")  # accounts for it, but has not planned it
        assert day.pending(other, Stage.DISTRIBUTE) == []

    def test_gpu_stages_need_the_recording_on_a_host_of_this_run_and_llm_stages_do_not(
        self, day: Day
    ) -> None:
        first = day.planned(A, B)
        day.audit(first, A, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
        day.audit(first, B, stages=STAGES[:5])

        again = day.discover(A, B, batch_id="run-2")
        day.plan(again)

        assert ids(day.pending(again, Stage.DISTRIBUTE)) == [A.call_id]
        assert day.pending(again, Stage.IVR) == []
        assert ids(day.pending(again, Stage.LLM1)) == [B.call_id]
        day.save(again, Stage.DISTRIBUTE, [success(A)])
        assert ids(day.pending(again, Stage.IVR)) == [A.call_id]

    def test_counts_say_how_much_was_done_before(self, day: Day) -> None:
        batch = day.planned(A, B)
        day.save(batch, Stage.DISTRIBUTE, [success(A)])
        with day.database.reading() as connection:
            done = counts(connection, StageJob(batch.batch_id, 0, HOST, Stage.DISTRIBUTE))
        assert (done.total, done.done_before, done.done) == (2, 1, 0)


class TestSaving:
    def test_a_result_is_kept_with_the_hash_that_the_stage_learned(self, day: Day) -> None:
        batch = day.planned(A)
        day.save(batch, Stage.DISTRIBUTE, [success(A, sha256="f" * 64, result={"size_bytes": 7})])

        (row,) = day.rows(StageResultRow)
        assert row["result"] == {"size_bytes": 7}
        assert (row["stage"], row["host"], row["engine"], row["seconds"]) == (
            "distribute",
            HOST,
            "engine 1",
            1.5,
        )
        assert day.rows(CallRow)[0]["sha256"] == "f" * 64

    def test_a_stage_that_is_run_twice_has_one_result_and_one_event(self, day: Day) -> None:
        batch = day.planned(A)
        day.audit(batch, A)
        before = day.rows(StageResultRow)

        day.audit(batch, A)
        day.save(batch, Stage.LLM2, [success(A, result={"made_by": "late"}, state=CallState.AUDITED)])

        assert day.rows(StageResultRow) == before
        assert [event["event_type"] for event in day.rows(OutboxRow)] == ["call.audited"]

    def test_failures_stand_apart_from_results(self, day: Day) -> None:
        batch = day.planned(A, B)
        outcomes = [
            success(A),
            Failure(B.call_id, "host_fault", "500", raw_answer="{"),
            Failure(None, "host_lost", "refused"),
        ]
        day.save(batch, Stage.STT, outcomes, attempt=2)

        assert [row["call_id"] for row in day.rows(StageResultRow)] == [A.call_id]
        kept = ("call_id", "stage", "host", "attempt", "kind", "message", "raw_answer")
        assert [tuple(row[name] for name in kept) for row in day.rows(FailureRow)] == [
            (B.call_id, "stt", HOST, 2, "host_fault", "500", "{"),
            (None, "stt", HOST, 2, "host_lost", "refused", None),
        ]
        assert day.state_of(B) == ("pending", None)  # nobody has given it up
        assert day.rows(OutboxRow) == []

    def test_every_way_to_end_leaves_a_state_a_reason_and_an_event(self, day: Day) -> None:
        c, d = recording("c.wav"), recording("d.wav")
        batch = day.planned(A, B, c, d)
        outcomes = [
            success(A, state=CallState.AUDITED),
            Failure(B.call_id, "answer_invalid", "no JSON", state=CallState.FAILED),
            Failure(c.call_id, "recording_unusable", "cut off", state=CallState.QUARANTINED),
            Ended(d.call_id, CallState.SKIPPED, "nobody speaks in it"),
        ]
        day.save(batch, Stage.LLM1, outcomes)

        ends = {
            A.call_id: ("audited", None),
            B.call_id: ("failed", "llm1: no JSON"),
            c.call_id: ("quarantined", "llm1: cut off"),
            d.call_id: ("skipped", "nobody speaks in it"),
        }
        assert {call.call_id: day.state_of(call) for call in (A, B, c, d)} == ends
        events = {row["call_id"]: row for row in day.rows(OutboxRow)}
        assert {id_: row["event_type"] for id_, row in events.items()} == {
            call_id: f"call.{state}" for call_id, (state, _) in ends.items()
        }
        assert events[B.call_id]["payload"]["data"]["reason"] == "llm1: no JSON"
        assert {row["call_id"] for row in day.rows(StageResultRow)} == {A.call_id}

    def test_state_event_and_result_come_together_or_not_at_all(self, day: Day) -> None:
        batch = day.planned(A)
        job = StageJob(batch.batch_id, 0, HOST, Stage.LLM2)
        with pytest.raises(RuntimeError, match="killed"), day.database.writing() as connection:
            save(connection, job, [audited(A.call_id, batch.batch_id, 90)])
            raise RuntimeError("killed")

        for table in (StageResultRow, OutboxRow, AuditRow):
            assert day.rows(table) == []
        assert day.state_of(A) == ("pending", None)

        day.save(batch, Stage.LLM2, [audited(A.call_id, batch.batch_id, 90)])
        assert day.state_of(A) == ("audited", None)
        (event,) = day.rows(OutboxRow)
        assert event["payload"]["data"]["audit"] == {
            "pct": 90,
            "band": "good",
            "passed": True,
            "needs_review": False,
            "reviewed": False,
            "scorecard_sha256": scorecard().sha256,
            "cofi_version": "0.9.1",
            "answers": {"counted": 1, "unsupported": 0, "undetermined": 0, "not_applicable": 0},
        }

    def test_one_bad_row_of_many_keeps_none_of_its_call_and_all_of_the_others(self, day: Day) -> None:
        batch = day.planned(A)
        day.save(batch, Stage.LLM2, [success(A, state=CallState.AUDITED), success("nobody")])
        assert day.state_of(A) == ("audited", None)
        assert [row["call_id"] for row in day.rows(StageResultRow)] == [A.call_id]

    def test_a_call_has_one_current_transcript_and_one_current_audit(self, day: Day) -> None:
        def transcribed(language: str) -> Success:
            transcript = Transcript(call_id=A.call_id, language=language, turns=[])
            row = {
                "call_id": A.call_id,
                "sha256": transcript.sha256,
                "language": language,
                "transcript": transcript.model_dump(mode="json"),
                "created_at": datetime.now(UTC),
            }
            return success(A, rows=[(TranscriptRow, row)])

        first = day.planned(A)
        day.save(first, Stage.STT, [transcribed("en")])
        day.save(first, Stage.LLM2, [audited(A.call_id, "run-1", 90)])
        again = day.discover(A, batch_id="run-2")
        day.plan(again, Redo.ALL)
        day.save(again, Stage.STT, [transcribed("es")])
        day.save(again, Stage.LLM2, [audited(A.call_id, "run-2", 70)])

        assert [row["language"] for row in day.rows(TranscriptRow)] == ["es"]
        audits = {row["pct"]: row["superseded_at"] for row in day.rows(AuditRow)}
        assert audits[70] is None
        assert audits[90] is not None
        assert len(day.rows(AnswerRow)) == 2  # history keeps its answers
        assert len(day.rows(ScorecardRow)) == 1

    def test_a_call_that_ended_does_not_end_again(self, day: Day) -> None:
        batch = day.planned(A)
        day.save(batch, Stage.LLM1, [Ended(A.call_id, CallState.SKIPPED, "nobody speaks in it")])
        day.save(batch, Stage.LLM2, [Failure(A.call_id, "bug", "late", state=CallState.FAILED)])

        assert day.state_of(A) == ("skipped", "nobody speaks in it")
        assert len(day.rows(OutboxRow)) == 1
        assert len(day.rows(FailureRow)) == 1
