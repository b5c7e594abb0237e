"""A batch plans what is missing, settles what is known to have stopped, and closes when the ledger does."""

from dataclasses import replace
from datetime import date

import pytest

from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import GPU_STAGES, STAGES, Stage
from include.database import batches, lanes, planning, settling
from include.database.batches import Batch
from include.database.models import BatchCallRow, BatchRow, FailureRow, LaneRow, OutboxRow, StageResultRow
from include.database.outcomes import Failure
from include.database.work import StageJob
from include.distribution.planner import CallLoad, Shard
from tests.unit.database.seeding import DAY, HOST, Day, recording, success

A, B, C = recording("a.wav"), recording("b.wav"), recording("c.wav")


def settle(day: Day, batch: Batch) -> None:
    with day.database.writing() as connection:
        settling.settle(connection, batch)


def close(day: Day, batch: Batch) -> tuple[str, list[str]]:
    with day.database.writing() as connection:
        ledger, unaccounted = batches.close(connection, batch)
    return str(ledger), unaccounted


def current_stages(day: Day, call_id: str) -> list[str]:
    return [row["stage"] for row in day.rows(StageResultRow, call_id=call_id, superseded_at=None)]


class TestPlanning:
    @pytest.mark.long
    def test_what_waits_or_failed_is_planned_by_its_length(self, day: Day) -> None:
        batch = day.discover(
            replace(A, duration_s=7.5),
            replace(B, duration_s=None),
            replace(C, state=CallState.SKIPPED),
            recording("d.wav", state=CallState.FAILED, state_reason="stt: broke"),
        )
        failed = recording("d.wav")
        with day.database.writing() as connection:
            loads = planning.loads_to_plan(connection, batch, Redo.SKIP, Stage.DISTRIBUTE)

        assert set(loads) == {CallLoad(A.call_id, 7.5), CallLoad(B.call_id, 0), CallLoad(failed.call_id, 3)}
        assert day.state_of(failed) == ("pending", None)

    def test_a_plan_leaves_calls_of_the_day_that_the_batch_does_not_account_for(self, day: Day) -> None:
        day.discover(A)
        batch = day.discover(replace(B, state=CallState.FAILED), batch_id="run-2")
        assert day.plan(batch, Redo.FAILED_ONLY) == [B.call_id]

    def test_a_plan_of_failed_calls_that_is_made_again_holds_them_still(self, day: Day) -> None:
        batch = day.discover(replace(B, state=CallState.FAILED))
        day.plan(batch, Redo.FAILED_ONLY)
        assert day.plan(batch, Redo.FAILED_ONLY) == [B.call_id]  # no host was ready at the first try

    def test_doing_all_again_makes_results_history_from_the_first_stage_on(self, day: Day) -> None:
        day.audit(day.planned(A), A)
        again = day.discover(A, batch_id="run-2")  # pending again: discovery was told to redo all

        assert day.plan(again, Redo.ALL, Stage.LLM1) == [A.call_id]

        assert sorted(current_stages(day, A.call_id)) == sorted(["denoise", "ivr", "lid", "stt"])
        assert [call.call_id for call in day.pending(again, Stage.LLM1)] == [A.call_id]
        assert day.pending(again, Stage.DISTRIBUTE) == []  # the GPU hosts are left alone
        day.plan(again, Redo.ALL)
        assert current_stages(day, A.call_id) == []
        assert len(day.rows(StageResultRow)) == len(STAGES)

    def test_a_day_that_is_done_has_nothing_to_plan(self, day: Day) -> None:
        first = day.planned(A, B, replace(C, state=CallState.QUARANTINED))
        day.audit(first, A, B)
        done = [replace(call, state=CallState.AUDITED) for call in (A, B)]

        second = day.discover(*done, replace(C, state=CallState.QUARANTINED), batch_id="run-2")

        assert day.plan(second) == []
        assert close(day, second) == (
            "2 audited + 0 failed + 0 duplicate + 0 skipped + 1 quarantined = 3 discovered",
            [],
        )
        of_calls = [row for row in day.rows(OutboxRow) if row["call_id"]]
        assert len(of_calls) == 3  # all of them of the first run

    def test_a_new_plan_replaces_the_old_one(self, day: Day) -> None:
        batch = day.discover(A, B)
        with day.database.writing() as connection:
            batches.record_plan(
                connection, batch, [Shard(0, "gpu_a", (A.call_id,), 1), Shard(1, "gpu_b", (B.call_id,), 1)]
            )
        with day.database.writing() as connection:
            batches.record_plan(connection, batch, [Shard(0, "gpu_b", (B.call_id,), 1)])

        planned = {row["call_id"]: (row["shard"], row["host"]) for row in day.rows(BatchCallRow)}
        assert planned == {A.call_id: (None, None), B.call_id: (0, "gpu_b")}

    def test_a_new_plan_forgets_what_tasks_of_the_old_one_told(self, day: Day) -> None:
        batch = day.planned(A)
        job = StageJob(batch.batch_id, 0, HOST, Stage.DENOISE)
        day.database.write(lambda connection: lanes.tell(connection, job, 1, 1))
        day.plan(batch)
        assert day.rows(LaneRow) == []

    def test_hosts_have_work_until_every_call_has_a_transcript(self, day: Day) -> None:
        batch = day.planned(A, B)

        def has_gpu_work() -> bool:
            return day.database.read(lambda connection: batches.has_gpu_work(connection, batch))

        assert has_gpu_work()
        day.audit(batch, A)
        assert has_gpu_work()
        day.audit(batch, B, stages=list(GPU_STAGES))
        assert not has_gpu_work()

    def test_a_run_is_asked_for_its_own_batch(self, day: Day) -> None:
        mine, other = day.discover(A), day.discover(B, batch_id="run-2")

        def found(batch_id: str) -> Batch | None:
            return day.database.read(lambda connection: batches.batch_of_run(connection, batch_id))

        assert (found("run-1"), found("run-2"), found("run-3")) == (mine, other, None)

    def test_plans_of_two_batches_do_not_meet(self, day: Day) -> None:
        day.planned(A)
        second = day.discover(A, batch_id="run-2")
        day.plan(second, host="gpu_b")

        assert [row["host"] for row in day.rows(BatchCallRow)] == [HOST, "gpu_b"]

    def test_a_batch_that_is_run_again_is_open_again(self, day: Day) -> None:
        batch = day.planned(A)
        day.audit(batch, A)
        close(day, batch)
        (closed,) = day.rows(BatchRow)
        day.discover(replace(A, state=CallState.AUDITED))

        (opened,) = day.rows(BatchRow)
        assert closed["closed_at"] and closed["ledger"]["audited"] == 1
        assert (opened["closed_at"], opened["ledger"]) == (None, None)
        assert (opened["day"], opened["params"]) == (DAY, {"day": "2026-11-16"})


class TestTwoRunsOfADay:
    """Each call is worked on by one of them, and both account for it."""

    def test_a_call_that_one_works_on_is_left_to_it(self, day: Day) -> None:
        first = day.planned(A)
        second = day.discover(A, B, batch_id="run-2")

        assert day.plan(second, others_have_ended=False) == [B.call_id]

        assert [call.call_id for call in day.pending(first, Stage.DISTRIBUTE)] == [A.call_id]
        assert [call.call_id for call in day.pending(second, Stage.DISTRIBUTE)] == [B.call_id]
        with day.database.reading() as connection:
            assert batches.claimants(connection, second) == {"run-1": 1}
            assert batches.claimants(connection, first) == {}

    def test_both_ledgers_close_when_both_are_done(self, day: Day) -> None:
        first = day.planned(A)
        second = day.discover(A, B, batch_id="run-2")
        day.plan(second, others_have_ended=False)
        day.audit(first, A)
        day.audit(second, B)
        assert close(day, first)[0].startswith("1 audited")
        assert close(day, second)[0].startswith("2 audited")

    def test_what_a_run_left_when_it_ended_is_taken_over(self, day: Day) -> None:
        first = day.planned(A)
        day.audit(first, A, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
        second = day.discover(A, batch_id="run-2")
        assert day.plan(second) == [A.call_id]
        assert day.pending(first, Stage.IVR) == []  # a task of the first that lives on finds nothing to do

    def test_a_run_that_closes_gives_up_its_claims(self, day: Day) -> None:
        first = day.planned(A)
        close(day, first)
        second = day.discover(A, batch_id="run-2")
        assert day.plan(second, others_have_ended=False) == [A.call_id]

    @pytest.mark.long
    def test_a_result_that_comes_after_the_call_was_taken_over_changes_nothing(self, day: Day) -> None:
        first = day.planned(A)
        second = day.discover(A, batch_id="run-2")
        day.plan(second)
        day.save(first, Stage.DISTRIBUTE, [success(A, state=CallState.AUDITED)])
        day.save(first, Stage.DISTRIBUTE, [Failure(A.call_id, "bug", "x", state=CallState.FAILED)])
        assert day.rows(StageResultRow) == []
        assert day.state_of(A) == ("pending", None)


class TestEnding:
    def test_a_call_ends_by_its_own_last_failure_in_the_stage_that_it_lacks(self, day: Day) -> None:
        batch = day.planned(A)
        day.save(batch, Stage.DISTRIBUTE, [Failure(A.call_id, "host_fault", "overcome")])
        day.audit(batch, A, stages=[Stage.DISTRIBUTE])
        day.save(batch, Stage.DENOISE, [Failure(A.call_id, "host_fault", "first")])
        day.save(batch, Stage.DENOISE, [Failure(A.call_id, "host_fault", "last")])
        day.save(batch, Stage.DENOISE, [Failure(None, "host_lost", "of the host")])

        settle(day, batch)

        assert day.state_of(A) == ("failed", "denoise: last")
        (event,) = day.rows(OutboxRow)
        assert event["payload"]["data"]["reason"] == "denoise: last"
        assert close(day, batch)[1] == []

    def test_a_call_that_nobody_came_to_ends_by_what_stopped_its_host(self, day: Day) -> None:
        batch = day.planned(A, B)
        with day.database.writing() as connection:
            shards = [Shard(0, HOST, (A.call_id,), 1), Shard(1, "gpu_b", (B.call_id,), 1)]
            batches.record_plan(connection, batch, shards)
        day.save(batch, Stage.DISTRIBUTE, [Failure(None, "host_lost", "gpu_a is gone")])

        settle(day, batch)

        assert day.state_of(A) == ("failed", "distribute: gpu_a is gone")
        assert day.state_of(B) == ("pending", None)  # its own host has no such excuse

    def test_a_call_with_its_gpu_work_done_lacks_an_llm_stage_and_not_distribution(self, day: Day) -> None:
        day.audit(day.planned(A), A, stages=STAGES[:5])
        again = day.discover(A, batch_id="run-2")
        day.plan(again)
        day.save(again, Stage.LLM1, [Failure(A.call_id, "llm_busy", "429")])

        settle(day, again)

        assert day.state_of(A) == ("failed", "llm1: 429")

    def test_a_reason_of_another_run_or_stage_is_none(self, day: Day) -> None:
        first = day.planned(A)
        day.save(first, Stage.DISTRIBUTE, [Failure(A.call_id, "host_fault", "yesterday")])
        again = day.discover(A, batch_id="run-2")
        day.plan(again)
        day.save(again, Stage.STT, [Failure(None, "host_lost", "of another stage")])

        settle(day, again)

        assert day.state_of(A) == ("pending", None)
        assert day.rows(OutboxRow) == []

    def test_a_ledger_that_does_not_close_names_who_is_missing(self, day: Day) -> None:
        late = recording("night/late.wav")
        batch = day.planned(late, A, B)
        day.audit(batch, B)

        settle(day, batch)

        assert close(day, batch) == (
            "1 audited + 0 failed + 0 duplicate + 0 skipped + 0 quarantined + 2 pending = 3 discovered",
            ["a.wav", "night/late.wav"],
        )
        (row,) = day.rows(BatchRow)
        assert row["closed_at"] is None
        assert row["ledger"]["pending"] == 2

    def test_a_ledger_that_closes_is_recorded(self, day: Day) -> None:
        batch = day.planned(A, B, replace(C, state=CallState.DUPLICATE))
        day.audit(batch, A)
        day.save(batch, Stage.STT, [Failure(B.call_id, "bug", "x", state=CallState.FAILED)])

        ledger, unaccounted = close(day, batch)

        assert unaccounted == []
        assert ledger == "1 audited + 1 failed + 1 duplicate + 0 skipped + 0 quarantined = 3 discovered"
        (row,) = day.rows(BatchRow)
        assert row["closed_at"]
        assert sum(row["ledger"].values()) == len(day.rows(BatchCallRow))

    def test_an_empty_day_closes(self, day: Day) -> None:
        batch = day.discover(day=date(2026, 12, 25))
        settle(day, batch)
        assert close(day, batch)[0].endswith("= 0 discovered")

    @pytest.mark.parametrize("redo", list(Redo))
    def test_a_failed_call_gets_another_try_in_the_next_run(self, day: Day, redo: Redo) -> None:
        first = day.planned(A)
        day.audit(first, A, stages=[Stage.DISTRIBUTE, Stage.DENOISE])
        day.save(first, Stage.IVR, [Failure(A.call_id, "bug", "x", state=CallState.FAILED)])

        again = day.discover(replace(A, state=CallState.FAILED, state_reason="ivr: x"), batch_id="run-2")

        assert day.plan(again, redo) == [A.call_id]
        day.save(again, Stage.DISTRIBUTE, [success(A)])
        next_stage = Stage.DENOISE if redo is Redo.ALL else Stage.IVR
        assert [call.call_id for call in day.pending(again, next_stage)] == [A.call_id]
        assert [row["message"] for row in day.rows(FailureRow)] == ["x"]
