"""What is known of a call: at most one set of facts is current; a rescore's become so with its audit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from include.calls.call import Call, CallState
from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database import batches, rescores
from include.database.batches import Batch
from include.database.models import (
    AuditRow,
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
    TranscriptRow,
)
from include.database.outcomes import Success, save
from include.database.work import BatchKind, StageJob
from include.distribution.planner import Shard
from include.llm.facts import FactsReply, Understanding, checked_facts
from include.llm.rows import facts_rows
from tests.unit.database.seeding import DAY, Day, recording, scorecard, success
from tests.unit.database.test_rescores import audit_row

A, B = recording("a.wav"), recording("b.wav")


def understanding(reason: str = "Payment", **changes: Any) -> Understanding:
    said = {
        "call_type": "conversation",
        "analysable": True,
        "participants": [{"speaker": "speaker_0", "role": "agent"}],
        "summary": reason,
        "issue": "i",
        "actions_taken": "a",
        "outcome": "o",
        "next_steps": "n",
        "contact_reasons": [{"reason": reason, "turns": ["t1"]}, {"reason": "Other", "turns": []}],
        "resolution": "resolved",
        "commitments": [{"by": "agent", "text": "calls", "due": "", "turn": "t9"}],
        "sentiment_start": -1,
        "sentiment_end": 2,
        "entities": [{"type": "name", "text": "Ann", "turn": "t1", "pii": True}],
        "signals": [{"kind": "praise", "turns": ["t1"]}],
        "quality_issues": ["noise"],
    }
    return checked_facts(FactsReply.model_validate(said | changes), ["t1", "t2"])


def understood(call: Call, batch_id: str, reason: str = "Payment", identity: str = "i" * 64) -> Success:
    rows = facts_rows(understanding(reason), call.call_id, batch_id, identity)
    return success(call, result={"identity": identity}, rows=rows)


def current(day: Day, call: Call) -> list[str]:
    rows = day.rows(CallFactsRow, call_id=call.call_id)
    return [row["summary"] for row in rows if row["superseded_at"] is None]


def end(day: Day, batch: Batch, *calls: Call) -> None:
    """LLM2: the calls are audited."""
    for call in calls:
        transcript = Transcript(call_id=call.call_id, language="en", turns=[])
        heard = {
            "call_id": call.call_id,
            "sha256": transcript.sha256,
            "language": "en",
            "transcript": transcript.model_dump(mode="json"),
            "created_at": datetime.now(UTC),
        }
        rows = [(TranscriptRow, heard), (AuditRow, audit_row(call, batch.batch_id, 90))]
        day.save(batch, Stage.LLM2, [success(call, state=CallState.AUDITED, rows=rows)])


def taken_up(day: Day, kind: BatchKind) -> None:
    """A rescore that begins with both calls."""
    again = Batch("again", DAY, "", {}, kind=kind, scorecard_sha256=scorecard().sha256)
    with day.database.writing() as connection:
        batches.open_batch(connection, again)
        loads = rescores.loads_to_rescore(connection, again, lambda _: True)
        assert len(loads) == 2
        batches.record_plan(connection, again, [Shard(0, "-", tuple(load.call_id for load in loads), 1.0)])


def save_again(day: Day, kind: BatchKind, stage: Stage, *made: Success) -> None:
    """What the rescore makes."""
    with day.database.writing() as connection:
        save(connection, StageJob("again", 0, "-", stage, kind=kind), made)


@pytest.fixture
def batch(day: Day) -> Batch:
    """Two calls that LLM1 has understood."""
    made = day.planned(A, B)
    for stage in list(Stage)[:-2]:
        day.audit(made, A, B, stages=[stage])
    day.save(made, Stage.LLM1, [understood(A, made.batch_id), understood(B, made.batch_id, "Refund")])
    return made


def test_all_parts_are_stored_with_their_call(day: Day, batch: Batch) -> None:
    (facts,) = day.rows(CallFactsRow, call_id=A.call_id)
    assert (facts["sentiment_start"], facts["sentiment_end"], facts["resolution"]) == (-1, 2, "resolved")
    assert facts["participants"] == [{"speaker": "speaker_0", "role": "agent", "confidence": 1.0}]
    assert (facts["quality_issues"], facts["dropped"]) == (["noise"], 1)
    of = {"facts_id": facts["facts_id"]}
    reasons = {row["code"]: row["is_primary"] for row in day.rows(CallReasonRow, **of)}
    assert reasons == {"payment": True, "other": False}
    assert [row["kind"] for row in day.rows(CallSignalRow, **of)] == ["praise"]
    (commitment,) = day.rows(CallCommitmentRow, **of)
    assert (commitment["promise"], commitment["due"], commitment["turn_id"]) == ("calls", None, None)
    (entity,) = day.rows(CallEntityRow, **of)
    assert (entity["text"], entity["pii"], entity["turn_id"]) == ("Ann", True, "t1")


def test_later_facts_take_the_place_of_earlier_ones_which_are_kept(day: Day, batch: Batch) -> None:
    day.save(batch, Stage.LLM1, [understood(A, batch.batch_id, "Complaint")])
    assert current(day, A) == ["Complaint"]
    assert current(day, B) == ["Refund"]
    assert len(day.rows(CallFactsRow, call_id=A.call_id)) == 2


def test_a_call_that_has_ended_keeps_its_facts(day: Day, batch: Batch) -> None:
    end(day, batch, A)
    day.save(batch, Stage.LLM1, [understood(A, batch.batch_id, "too late")])
    assert current(day, A) == ["Payment"]
    assert len(day.rows(CallFactsRow, call_id=A.call_id)) == 1


@pytest.mark.parametrize("kind", [BatchKind.RESCORE, BatchKind.SHADOW])
def test_a_rescore_makes_its_facts_current_with_its_audit_and_a_shadow_run_never(
    day: Day, batch: Batch, kind: BatchKind
) -> None:
    end(day, batch, A, B)
    taken_up(day, kind)
    told = understood(A, "again", "Cancellation")
    save_again(day, kind, Stage.LLM1, told, told)
    assert current(day, A) == ["Payment"], "until its audit is there"
    row = audit_row(A, "again", 10)
    save_again(day, kind, Stage.LLM2, success(A, state=CallState.AUDITED, rows=[(AuditRow, row)]))
    assert current(day, A) == ["Cancellation" if kind is BatchKind.RESCORE else "Payment"]
    assert current(day, B) == ["Refund"]


def test_a_rescore_without_facts_of_its_own_leaves_those_that_are_known(day: Day, batch: Batch) -> None:
    end(day, batch, A, B)
    kind = BatchKind.RESCORE
    taken_up(day, kind)
    save_again(day, kind, Stage.LLM1, success(A))
    row = audit_row(A, "again", 10)
    save_again(day, kind, Stage.LLM2, success(A, state=CallState.AUDITED, rows=[(AuditRow, row)]))
    assert current(day, A) == ["Payment"]
    audits = [row["pct"] for row in day.rows(AuditRow, call_id=A.call_id) if row["superseded_at"] is None]
    assert audits == [10]
