"""The LLM API fails in every way that APIs do, tasks die, the pool is resized, runs meet.

Never are more than 100 requests in flight, every ledger closes, and no answer is paid for twice.
"""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from include.calls.stage import LLM_STAGES, Stage
from include.database.models import CallRow, FailureRow, LlmResultRow
from tests.faults.conftest import Cofi, started, until, watch
from tests.faults.test_processes import backfill, kill_a_task, running_tasks, task_instances

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900, func_only=True)]

CALLS = 200
HOSTS = ("gpu_a", "gpu_b")
CAP = 100
# Slots of a task: five tasks fill the pool.
SLOTS = 20
LLM_S = 0.4
TIMEOUT_S = 20
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "24",
    # One shard for each host.
    "AIRFLOW__COFI__SHARD_AUDIO_S": "100000",
    "AIRFLOW__COFI__MIN_AGE_S": "0",
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "2",
    "AIRFLOW__COFI__PROGRESS_LOG_S": "2",
    "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": str(SLOTS),
    "AIRFLOW__COFI__LLM_TOTAL_TIMEOUT_S": str(TIMEOUT_S),
    "AIRFLOW__COFI__LLM_NAME_MODELS": "",
}
WELL = {"unready": False, "slow": 1.0, "refused_share": 0.0, "error_share": 0.0, "hang_share": 0.0}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cofi]:
    """Hosts that take no time, so that the LLM is the bottleneck."""
    with started(
        tmp_path_factory.mktemp("home"),
        SETTINGS,
        HOSTS,
        gpu_host=["--stage-seconds=0.001", "--capacity=8"],
        llm=[f"--llm1-seconds={LLM_S}", f"--llm2-seconds={LLM_S}"],
    ) as cofi:
        yield cofi


@pytest.fixture
def cofi(running: Cofi) -> Iterator[Cofi]:
    """The running stack; whatever a test broke is whole again afterwards."""
    yield running
    running.stack.fail("llm", **WELL, wrong_share=0.0)
    running.resize_pools(llm_api=CAP)


def test_the_daily_audit_and_a_backfill_of_three_days_keep_the_cap_and_use_it(cofi: Cofi) -> None:
    # A task asks 240 times, 20 at once: where all answers take the same time, a last round that is half full
    # would be a loss that real answers do not have.
    calls = 480
    days = [cofi.new_day(calls) for _ in range(4)]
    # 4 s an answer: what models take, beside which the seconds between two tasks weigh what they weigh there.
    cofi.stack.fail("llm", slow=10.0)
    with watch(cofi, "a backfill of three days and a daily run at once") as watched:
        backfilled = backfill(cofi, days[0], days[2])
        daily = cofi.trigger(days[3])
        until(lambda: in_flight(cofi) >= 0.95 * CAP, "the pool is full", 120)
        begun = cofi.stack.stats("llm")
        # Of 16 tasks, five at once, six or seven are left then: fewer would not fill the pool.
        until(lambda: served(cofi) >= 0.6 * 2 * 4 * calls, "three fifths are served", 800)
        ended = cofi.stack.stats("llm")
        assert cofi.wait_for(daily, *backfilled) == ["success"] * 4
    for day, run_id in zip(days, [*backfilled, daily], strict=True):
        cofi.assert_audited_once(day, run_id, calls=calls)
    mean = (ended["in_flight_s"] - begun["in_flight_s"]) / (ended["at_s"] - begun["at_s"])
    print(f"mean in flight {mean:.1f}, at most {ended['max_in_flight']}")
    assert ended["max_in_flight"] <= CAP
    assert mean >= 0.9 * CAP
    assert watched.repeated == 0


def test_the_pool_is_resized_and_tasks_are_killed_in_the_middle(cofi: Cofi) -> None:
    days = [cofi.new_day(CALLS) for _ in range(3)]
    before = cofi.stack.stats("llm")
    cofi.stack.fail("llm", slow=8.0)
    with watch(cofi, "pool resized to 40 and back, an LLM1 and an LLM2 task killed with -9") as watched:
        run_ids = [cofi.trigger(day) for day in days]
        cofi.wait_until_done(run_ids[0], Stage.LLM1, 0.1)
        kill_a_task(cofi, run_ids[0], Stage.LLM1)
        cofi.resize_pools(llm_api=40)
        until(lambda: running_llm_tasks(cofi, run_ids) <= 40 // SLOTS, "tasks that ran have ended", 120)
        most = most_in_flight_during(cofi, 10)
        cofi.resize_pools(llm_api=CAP)
        # Slow enough to be killed at work on a busy machine too, in the run that has most of it before it.
        cofi.stack.fail("llm", slow=20.0)
        last = min(run_ids, key=lambda run_id: audited_by_llm(cofi, run_id))
        cofi.wait_until_done(last, Stage.LLM2, 0.1)
        kill_a_task(cofi, last, Stage.LLM2)
        cofi.stack.fail("llm", slow=8.0)
        assert cofi.wait_for(*run_ids) == ["success"] * 3
    assert SLOTS < most <= 40
    assert watched.repeated > 0, "they were killed at work"
    paid_again = cofi.stack.stats("llm")["paid_again"] - before["paid_again"]
    assert paid_again <= 2 * SLOTS, "at most what was in flight when a task was killed"
    for day, run_id in zip(days, run_ids, strict=True):
        cofi.assert_audited_once(day, run_id, calls=CALLS)


@pytest.mark.parametrize(
    ("what", "faults"),
    [
        ("20 % refused with Retry-After", {"refused_share": 0.2, "retry_after_s": 1}),
        ("5 % answered with 500", {"error_share": 0.05}),
        ("2 % never answered", {"hang_share": 0.02}),
    ],
)
def test_requests_fail_at_random(cofi: Cofi, what: str, faults: dict[str, Any]) -> None:
    day = cofi.new_day(CALLS)
    before = cofi.stack.stats("llm")
    with watch(cofi, what) as watched:
        cofi.stack.fail("llm", **faults)
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    after = cofi.stack.stats("llm")
    cofi.assert_audited_once(day, run_id, calls=CALLS)
    assert after["paid_again"] == before["paid_again"]
    if "refused_share" in faults:
        assert after["refused"] - before["refused"] > 0.15 * 2 * CALLS
    else:
        assert watched.repeated > 0
        assert cofi.failures(run_id) == [], "another attempt was enough"


def test_answers_are_malformed_truncated_empty_or_of_a_wrong_schema(cofi: Cofi) -> None:
    day = cofi.new_day(CALLS)
    before = cofi.stack.stats("llm")
    with watch(cofi, "30 % of the answers wrong in one of four ways"):
        cofi.stack.fail("llm", wrong_share=0.3)
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    ledger = cofi.ledger(run_id)
    assert ledger["audited"] + ledger["failed"] == CALLS
    assert ledger["failed"] > 0
    failures = cofi.rows(
        select(FailureRow.kind, FailureRow.raw_answer, CallRow.state)
        .join(CallRow, CallRow.call_id == FailureRow.call_id)
        .where(FailureRow.batch_id == run_id)
    )
    assert len(failures) == ledger["failed"]
    assert {(f.kind, f.state) for f in failures} == {("answer_invalid", "failed")}
    assert all(f.raw_answer is not None for f in failures)
    repaired = cofi.ask(select(func.count()).where(LlmResultRow.batch_id == run_id, LlmResultRow.repaired))
    assert repaired > 0.1 * 2 * CALLS
    assert cofi.stack.stats("llm")["paid_again"] == before["paid_again"]


def test_the_api_is_down_for_a_minute(cofi: Cofi) -> None:
    day = cofi.new_day(CALLS)
    cofi.stack.fail("llm", slow=5.0)
    run_id = cofi.trigger(day)
    cofi.wait_until_done(run_id, Stage.LLM1, 0.3)
    before = cofi.stack.stats("llm")
    os.kill(cofi.stack.processes.latest["llm"].pid, signal.SIGKILL)
    time.sleep(60)
    cofi.stack.start_llm()
    until(lambda: cofi.answers("llm"), "the API answers again")
    assert cofi.wait_for(run_id) == ["success"]
    after = cofi.stack.stats("llm")
    cofi.assert_audited_once(day, run_id, calls=CALLS)
    assert cofi.failures(run_id) == [], "it was waited for"
    tries = {ti["try_number"] for ti in llm_tasks(cofi, run_id)}
    assert tries == {1}
    answered = cofi.ask(select(func.count()).where(LlmResultRow.batch_id == run_id))
    assert answered == 2 * CALLS
    assert after["paid_again"] == 0
    assert after["max_in_flight"] <= CAP
    # What was served before the crash and not stored was in flight at that moment.
    served_in_all = sum(before["served"].values()) + sum(after["served"].values())
    print(f"served {served_in_all} of which before the outage {sum(before['served'].values())}")


def test_the_scheduler_is_killed_while_the_llm_works(cofi: Cofi) -> None:
    day = cofi.new_day(CALLS)
    cofi.stack.fail("llm", slow=5.0)
    with watch(cofi, "scheduler killed during LLM1") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, Stage.LLM1, 0.3)
        cofi.kill_component("scheduler")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id, calls=CALLS)
    assert watched.repeated <= len(HOSTS) * SLOTS, "what was in flight"


def in_flight(cofi: Cofi) -> int:
    return int(cofi.stack.stats("llm")["in_flight"])


def served(cofi: Cofi) -> int:
    return sum(cofi.stack.stats("llm")["served"].values())


def most_in_flight_during(cofi: Cofi, seconds: float) -> int:
    most, until_s = 0, time.monotonic() + seconds
    while time.monotonic() < until_s:
        most = max(most, in_flight(cofi))
        time.sleep(0.1)
    return most


def running_llm_tasks(cofi: Cofi, run_ids: list[str]) -> int:
    return sum(len(running_tasks(cofi, run_id, stage)) for run_id in run_ids for stage in LLM_STAGES)


def audited_by_llm(cofi: Cofi, run_id: str) -> int:
    query = select(func.count()).where(LlmResultRow.batch_id == run_id, LlmResultRow.stage == Stage.LLM2)
    return int(cofi.ask(query))


def llm_tasks(cofi: Cofi, run_id: str) -> list[dict[str, Any]]:
    tasks = task_instances(cofi, run_id)
    return [ti for ti in tasks if ti["task_id"].endswith((".llm1", ".llm2")) and ti["state"] == "success"]
