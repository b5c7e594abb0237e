"""A rescore keeps what becomes of calls to itself, until its own answer is there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from include.calls.call import Call, CallState
from include.calls.ledger import Ledger
from include.calls.stage import Stage
from include.calls.transcript import Transcript
from include.database import batches, rescores, settling
from include.database.batches import Batch
from include.database.models import AuditRow, BatchCallRow, CallRow, OutboxRow, StageResultRow, TranscriptRow
from include.database.outcomes import Failure, Success, save
from include.database.progress import stage_progress
from include.database.spending import count_stopped
from include.database.superseding import supersede
from include.database.work import BatchKind, StageJob, counts, pending_calls
from include.distribution.planner import Shard
from include.errors import BudgetReached
from tests.unit.database.seeding import DAY, Day, recording, scorecard, success

A, B, C = recording("a.wav"), recording("b.wav"), recording("c.wav")
LATER = DAY + timedelta(days=1)
OFFICIAL, SHADOW = BatchKind.RESCORE, BatchKind.SHADOW


@pytest.fixture
def audited(day: Day) -> Day:
    """Three calls that were audited by run-1."""
    audit(day, day.planned(A, B, C), A, B, C)
    return day


def audit(day: Day, batch: Batch, *calls: Call) -> None:
    for stage in list(Stage)[:-1]:
        day.audit(batch, *calls, stages=[stage])
    for call in calls:
        transcript = Transcript(call_id=call.call_id, language="en", turns=[])
        row = {
            "call_id": call.call_id,
            "sha256": transcript.sha256,
            "language": "en",
            "transcript": transcript.model_dump(mode="json"),
            "created_at": datetime.now(UTC),
        }
        rows = [(TranscriptRow, row), (AuditRow, audit_row(call, batch.batch_id, 90))]
        day.save(batch, Stage.LLM2, [success(call, state=CallState.AUDITED, rows=rows)])


def audit_row(call: Call, batch_id: str, pct: float) -> dict[str, Any]:
    return {
        "audit_id": f"{batch_id}-{call.path}"[-36:],
        "call_id": call.call_id,
        "batch_id": batch_id,
        "scorecard_sha256": scorecard().sha256,
        "transcript_sha256": "text",
        "llm_identity": "asked",
        "pct": pct,
        "band": "good",
        "passed": True,
        "auto_failed": False,
        "needs_review": False,
        "review_reasons": [],
        "sections": [],
        "created_at": datetime.now(UTC),
    }


def take_up(
    day: Day,
    kind: BatchKind,
    batch_id: str = "rescore",
    *,
    wanted: Callable[[str], bool] = lambda _: True,
    ended: tuple[str, ...] = (),
    first: date = DAY,
    last: date | None = None,
) -> tuple[Batch, list[str]]:
    """Opens a rescore and plans it into one shard; the calls that it took up."""
    batch = Batch(batch_id, first, "", {}, kind, last)
    with day.database.writing() as connection:
        batches.open_batch(connection, batch)
        loads = rescores.loads_to_rescore(connection, batch, wanted, ended)
        call_ids = [load.call_id for load in loads]
        batches.record_plan(connection, batch, [Shard(0, "stored", tuple(call_ids), 1.0)] if loads else [])
    return batch, call_ids


def job(batch: Batch, stage: Stage) -> StageJob:
    return StageJob(batch.batch_id, 0, "stored", stage, 1, batch.kind)


def waiting(day: Day, batch: Batch, stage: Stage) -> list[str]:
    with day.database.reading() as connection:
        return [call.call_id for call in pending_calls(connection, job(batch, stage))]


def pass_llm1(day: Day, batch: Batch, *calls: Call) -> None:
    keep(day, batch, Stage.LLM1, *(success(call) for call in calls))


def pass_llm2(day: Day, batch: Batch, *calls: Call, pct: float = 40) -> None:
    outcomes = [
        success(call, state=CallState.AUDITED, rows=[(AuditRow, audit_row(call, batch.batch_id, pct))])
        for call in calls
    ]
    keep(day, batch, Stage.LLM2, *outcomes)


def keep(day: Day, batch: Batch, stage: Stage, *outcomes: Success | Failure) -> None:
    with day.database.writing() as connection:
        save(connection, job(batch, stage), outcomes)


def official(day: Day) -> dict[str, float]:
    """The score of each call that counts."""
    return {row["call_id"]: row["pct"] for row in day.rows(AuditRow, superseded_at=None)}


def states(day: Day, batch: Batch) -> dict[str, tuple[str, str | None]]:
    rows = day.rows(BatchCallRow, batch_id=batch.batch_id)
    return {row["call_id"]: (row["state"], row["state_reason"]) for row in rows}


@pytest.mark.parametrize("kind", [OFFICIAL, SHADOW])
def test_the_llm_stages_are_done_again_and_no_other(audited: Day, kind: BatchKind) -> None:
    batch, taken = take_up(audited, kind)
    assert len(taken) == 3
    assert waiting(audited, batch, Stage.STT) == []
    assert waiting(audited, batch, Stage.LLM1) == sorted(taken)
    assert waiting(audited, batch, Stage.LLM2) == []
    pass_llm1(audited, batch, A)
    assert waiting(audited, batch, Stage.LLM2) == [A.call_id]
    with audited.database.reading() as connection:
        assert counts(connection, job(batch, Stage.LLM1)).done_before == 1
    assert set(official(audited).values()) == {90}


def test_an_official_rescore_takes_the_old_ones_place_call_by_call(audited: Day) -> None:
    batch, _ = take_up(audited, OFFICIAL)
    pass_llm1(audited, batch, A, B, C)
    pass_llm2(audited, batch, A)

    assert official(audited) == {A.call_id: 40, B.call_id: 90, C.call_id: 90}
    current = audited.rows(StageResultRow, call_id=A.call_id, superseded_at=None)
    of_rescore = {row["stage"] for row in current if row["batch_id"] == batch.batch_id}
    assert (len(current), of_rescore) == (7, {"llm1", "llm2"})
    told = [row["call_id"] for row in audited.rows(OutboxRow)]
    assert [told.count(call.call_id) for call in (A, B, C)] == [2, 1, 1]
    (call,) = audited.rows(CallRow, call_id=A.call_id)
    assert (call["state"], call["claimed_by"]) == ("audited", None)


def test_a_shadow_run_changes_nothing_that_counts(audited: Day) -> None:
    def that_counts() -> list[Any]:
        return [
            audited.rows(CallRow),
            audited.rows(AuditRow, superseded_at=None),
            audited.rows(StageResultRow, superseded_at=None),
            [row for row in audited.rows(OutboxRow) if row["call_id"]],
        ]

    before = that_counts()
    batch, _ = take_up(audited, SHADOW)
    pass_llm1(audited, batch, A, B, C)
    pass_llm2(audited, batch, A, B)
    keep(audited, batch, Stage.LLM2, Failure(C.call_id, "answer_invalid", "no JSON", state=CallState.FAILED))
    with audited.database.writing() as connection:
        ledger, open_calls = batches.close(connection, batch)

    assert that_counts() == before
    assert (ledger.audited, ledger.failed, open_calls) == (2, 1, [])
    assert sorted(row["pct"] for row in audited.rows(AuditRow, batch_id=batch.batch_id)) == [40, 40]


def test_a_call_that_cannot_be_rescored_keeps_its_result(audited: Day) -> None:
    batch, _ = take_up(audited, OFFICIAL)
    failure = Failure(A.call_id, "answer_invalid", "no JSON", state=CallState.FAILED)
    keep(audited, batch, Stage.LLM1, failure)
    assert audited.state_of(A) == ("audited", None)
    assert official(audited)[A.call_id] == 90
    assert states(audited, batch)[A.call_id] == ("failed", "llm1: no JSON")
    assert waiting(audited, batch, Stage.LLM1) == sorted([B.call_id, C.call_id])
    _, again = take_up(audited, OFFICIAL)
    assert A.call_id in again, "planned again, it is taken up again"


def test_what_an_llm_put_off_for_good_ends_with_its_reason(audited: Day) -> None:
    batch, _ = take_up(audited, OFFICIAL)
    pass_llm1(audited, batch, A)
    pass_llm2(audited, batch, A)
    keep(audited, batch, Stage.LLM1, *(Failure(c.call_id, "llm_lost", "no answer") for c in (B, C)))
    with audited.database.writing() as connection:
        settling.settle(connection, batch)
        ledger, _ = batches.close(connection, batch)
    assert (ledger.audited, ledger.failed, ledger.pending) == (1, 2, 0)
    assert states(audited, batch)[B.call_id] == ("failed", "llm1: no answer")
    assert {row["claimed_by"] for row in audited.rows(CallRow)} == {None}


def test_of_two_official_rescores_one_has_the_call_and_the_other_says_so(audited: Day) -> None:
    first, _ = take_up(audited, OFFICIAL, "first", wanted=lambda call_id: call_id == A.call_id)
    second, taken = take_up(audited, OFFICIAL, "second")
    assert sorted(taken) == sorted([B.call_id, C.call_id])
    state, reason = states(audited, second)[A.call_id]
    assert (state, "another run works on it" in str(reason)) == ("skipped", True)
    with audited.database.reading() as connection:
        assert rescores.claimants(connection, second) == {"first"}
    _, all_calls = take_up(audited, SHADOW, "shadow")
    assert len(all_calls) == 3, "a shadow run takes nothing away from anybody"
    _, taken = take_up(audited, OFFICIAL, "third", ended=("first", "second"))
    assert len(taken) == 3, "claims of runs that have ended are void"
    pass_llm1(audited, first, A)
    pass_llm2(audited, first, A)
    assert official(audited)[A.call_id] == 90, "what comes late from such a run is dropped"


def test_a_call_that_is_audited_anew_meanwhile_is_left_to_that(audited: Day) -> None:
    batch, _ = take_up(audited, SHADOW)
    with audited.database.writing() as connection:
        connection.execute(
            CallRow.__table__.update().values(state=CallState.PENDING).where(CallRow.call_id == A.call_id)
        )
        rescores.end_strays(connection, batch)
    assert states(audited, batch)[A.call_id][0] == "skipped"
    assert states(audited, batch)[B.call_id][0] == "pending"


@pytest.mark.parametrize("kind", [OFFICIAL, SHADOW])
class TestBudget:
    """A budget stops the rescore of B before LLM1, and that of C before LLM2."""

    @pytest.fixture
    def stopped(self, audited: Day, kind: BatchKind) -> Batch:
        batch, _ = take_up(audited, kind)
        pass_llm1(audited, batch, A, C)
        keep(audited, batch, Stage.LLM1, without_money(B))
        pass_llm2(audited, batch, A)
        keep(audited, batch, Stage.LLM2, without_money(C))
        return batch

    @pytest.mark.long
    def test_the_calls_that_wait_are_counted_and_told(self, audited: Day, stopped: Batch) -> None:
        ledger, waiting = close(audited, stopped)
        assert (ledger.audited, ledger.failed, ledger.closed) == (1, 2, True)
        assert waiting == told_waiting(audited) == 2
        assert len(official(audited)) == 3, "nobody lost a result"

    @pytest.mark.long
    def test_one_that_fails_for_another_reason_when_it_is_taken_up_again_waits_no_more(
        self, audited: Day, stopped: Batch, kind: BatchKind
    ) -> None:
        close(audited, stopped)
        again, taken = take_up(audited, kind)
        assert sorted(taken) == sorted([B.call_id, C.call_id])
        keep(audited, again, Stage.LLM1, without_money(B))
        keep(audited, again, Stage.LLM2, Failure(C.call_id, "answer_invalid", "x", state=CallState.FAILED))
        ledger, waiting = close(audited, again)
        assert (ledger.audited, ledger.failed) == (1, 2)
        assert waiting == told_waiting(audited) == 1

    @pytest.mark.long
    def test_another_run_does_not_count_them(self, audited: Day, stopped: Batch, kind: BatchKind) -> None:
        close(audited, stopped)
        later, taken = take_up(audited, kind, "later")
        assert len(taken) == 3
        pass_llm1(audited, later, A, B, C)
        pass_llm2(audited, later, A, C)
        keep(audited, later, Stage.LLM2, Failure(B.call_id, "bug", "x", state=CallState.FAILED))
        assert close(audited, later)[1] == 0
        assert close(audited, stopped)[1] == 2


def without_money(call: Call) -> Failure:
    return Failure(call.call_id, BudgetReached.kind, "used up", state=CallState.FAILED)


def close(day: Day, batch: Batch) -> tuple[Ledger, int]:
    """Ends the run; its ledger, and the calls that wait for money."""
    with day.database.writing() as connection:
        ledger, _ = batches.close(connection, batch)
        return ledger, count_stopped(connection, batch.batch_id)


def told_waiting(day: Day) -> int:
    """What the newest event of a run says."""
    events = day.rows(OutboxRow, call_id=None)
    newest = max(events, key=lambda event: event["created_at"])
    return int(newest["payload"]["data"]["waiting_for_budget"])


def test_a_range_of_days_is_one_batch_and_what_is_not_audited_stays_out(audited: Day) -> None:
    other = recording("d.wav", LATER, size_bytes=9)
    failed = recording("e.wav", LATER, size_bytes=10)
    later = day_of(audited, other, failed)
    audit(audited, later, other)
    audited.save(later, Stage.DISTRIBUTE, [Failure(failed.call_id, "bug", "x", state=CallState.FAILED)])
    assert len(take_up(audited, SHADOW, "one day")[1]) == 3
    assert len(take_up(audited, SHADOW, "both", last=LATER)[1]) == 4
    assert take_up(audited, SHADOW, "second", first=LATER)[1] == [other.call_id]


def day_of(day: Day, *calls: Call) -> Batch:
    batch = day.discover(*calls, batch_id="run-2", day=LATER)
    day.plan(batch)
    return batch


def test_a_share_is_the_same_calls_each_time_and_a_larger_one_holds_them() -> None:
    calls = [recording(f"{number}.wav").call_id for number in range(2000)]
    tenth, half = (set(filter(rescores.in_share(share), calls)) for share in (0.1, 0.5))
    assert 150 < len(tenth) < 250
    assert tenth < half
    assert list(filter(rescores.in_share(1), calls)) == calls


def test_progress_counts_what_the_rescore_itself_has_done(audited: Day) -> None:
    batch, _ = take_up(audited, SHADOW)
    pass_llm1(audited, batch, A, B)
    pass_llm2(audited, batch, A)
    keep(audited, batch, Stage.LLM2, Failure(B.call_id, "answer_invalid", "x", state=CallState.FAILED))
    with audited.database.reading() as connection:
        llm1, llm2 = stage_progress(connection, batch.batch_id)
    assert (llm1.stage, llm1.left, llm1.done, llm1.failed) == ("llm1", 1, 2, 0)
    assert (llm2.stage, llm2.left, llm2.done, llm2.failed) == ("llm2", 1, 1, 1)


class TestADayThatIsRunAgainMeanwhile:
    """R10: the day's run leaves a call to the rescore that holds it, and nobody else would end it."""

    @pytest.fixture
    def held(self, audited: Day) -> Batch:
        batch, _ = take_up(audited, OFFICIAL)
        with audited.database.writing() as connection:
            reopened = update(CallRow).values(state=CallState.PENDING)
            connection.execute(reopened.where(CallRow.call_id.in_([A.call_id, B.call_id])))
        return batch

    @pytest.mark.long
    def test_its_old_audit_stands_when_the_rescore_fails(self, audited: Day, held: Batch) -> None:
        failed = [Failure(c.call_id, "answer_invalid", "x", state=CallState.FAILED) for c in (A, B)]
        keep(audited, held, Stage.LLM1, *failed)
        assert audited.state_of(A) == audited.state_of(B) == ("audited", None)

    def test_its_new_audit_ends_it_when_the_rescore_succeeds(self, audited: Day, held: Batch) -> None:
        pass_llm1(audited, held, A)
        pass_llm2(audited, held, A)
        assert audited.state_of(A) == ("audited", None)
        assert official(audited)[A.call_id] == 40

    def test_it_stands_when_the_rescore_is_stopped(self, audited: Day, held: Batch) -> None:
        close(audited, held)
        assert audited.state_of(A) == ("audited", None)
        assert {row["claimed_by"] for row in audited.rows(CallRow)} == {None}

    def test_a_recording_that_was_replaced_has_none_that_could(self, audited: Day, held: Batch) -> None:
        with audited.database.writing() as connection:
            supersede(connection, StageResultRow.call_id == A.call_id, list(Stage), datetime.now(UTC))
        close(audited, held)
        assert audited.state_of(A) == ("pending", None)
        assert audited.state_of(B) == ("audited", None)
