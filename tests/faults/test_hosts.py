"""GPU hosts fail in every way that hosts do, and every call is audited all the same, once."""

import re
import signal
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from include.calls.call import call_id_for
from include.database.models import BatchCallRow, CallRow, StageResultRow
from tests.faults.conftest import CALLS, HOSTS, Cofi, watch
from tests.faults.test_processes import task_instances

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900, func_only=True)]


@pytest.mark.gate
def test_a_host_that_dies_and_never_comes_back(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "host killed at 30 %, never back") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.kill_host("gpu_b")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert {(f.kind, f.host) for f in cofi.failures(run_id)} == {("host_lost", "gpu_b")}
    assert done_by(cofi, run_id, "stt")["gpu_b"] < CALLS // 3
    assert "gpu_b" not in planned_on(cofi, run_id, lost="gpu_b")
    rounds = {ti["task_id"].partition(".")[0] for ti in task_instances(cofi, run_id) if done_stt(ti)}
    # A host that this machine starves may look slow before: then the first round was for that.
    assert rounds - {"audit"}, "its calls were moved"
    assert "audit_recover_3" not in rounds, "they were not left to the last round"


def test_a_host_that_freezes(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "host frozen at 30 %: it closes no connection, and takes new ones") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        try:
            cofi.signal_host("gpu_b", signal.SIGSTOP)
            assert cofi.wait_for(run_id) == ["success"]
        finally:
            cofi.kill_host("gpu_b")
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert {(f.kind, f.host) for f in cofi.failures(run_id)} == {("host_lost", "gpu_b")}
    assert "gpu_b" not in planned_on(cofi, run_id, lost="gpu_b")


def test_a_host_that_dies_and_is_back_after_20_s(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "host killed at 30 %, back after 20 s without what it had") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.kill_host("gpu_b")
        time.sleep(20)
        cofi.revive_host("gpu_b")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert cofi.stack.stats("gpu_b")["served"].get("stt", 0) > 0, "it is used again"


def test_a_host_that_is_not_ready_for_a_while(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "503 for 20 s") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.stack.fail("gpu_b", unready=True)
        time.sleep(20)
        cofi.stack.fail("gpu_b", unready=False)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert cofi.failures(run_id) == [], "it was waited for"


@pytest.mark.gate
def test_a_slow_host_hands_its_last_shards_over(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "host 5 times slower") as watched:
        cofi.stack.fail("gpu_b", slow=5.0)
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    done = done_by(cofi, run_id, "stt")
    assert 0 < done["gpu_b"] < min(done["gpu_a"], done["gpu_c"])


@pytest.mark.gate
def test_a_host_that_returns_garbage(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "garbage JSON from 30 % on") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3)
        cofi.stack.fail("gpu_b", garbage=True)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    failures = cofi.failures(run_id)
    assert {f.host for f in failures} == {"gpu_b"}
    assert "host_failing" in {f.kind for f in failures}
    assert len(failures) < CALLS, "not call by call"
    assert "gpu_b" not in planned_on(cofi, run_id, lost="gpu_b")


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param("401 host", marks=pytest.mark.gate),
        "403 page",
        pytest.param("ssh", marks=pytest.mark.gate),
    ],
)
def test_a_host_that_is_not_itself_any_more(cofi: Cofi, answers: str) -> None:
    day = cofi.new_day()
    with watch(cofi, f"{answers} instead of the host from 30 % on") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "denoise", 0.3, "gpu_c")
        cofi.stack.answer_for("gpu_c", answers)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    failures = cofi.failures(run_id)
    assert {f.host for f in failures} == {"gpu_c"}
    assert {f.kind for f in failures} <= {"host_misconfigured", "host_lost"}
    assert all(f.kind == "host_lost" for f in failures if f.call_id), "no call is blamed"
    assert "gpu_c" not in planned_on(cofi, run_id, lost="gpu_c")
    cofi.stack.answer_for("gpu_c", None)
    assert cofi.stack.stats("gpu_c")["calls_held"] > 0, "they stay until they are old"
    cofi.kill_host("gpu_c")


def test_a_host_whose_disk_is_full(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "disk full") as watched:
        cofi.stack.fail("gpu_b", disk_full=True)
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert done_by(cofi, run_id, "stt")["gpu_b"] == 0


def test_connections_that_are_reset_at_random(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "5 % of connections reset") as watched:
        before = {host: cofi.stack.stats(host)["resets"] for host in HOSTS}
        for host in HOSTS:
            cofi.stack.fail(host, reset_share=0.05)
        run_id = cofi.trigger(day)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert sum(cofi.stack.stats(host)["resets"] - before[host] for host in HOSTS) >= CALLS * 5 * 0.02
    assert "host_lost" not in {f.kind for f in cofi.failures(run_id)}


def test_a_recording_that_kills_hosts_is_quarantined_and_all_others_are_audited(cofi: Cofi) -> None:
    day = cofi.new_day()
    killer = call_id_for(day, f"{CALLS // 2:05}.wav")
    over = threading.Event()
    # Two tasks work on a host, as they do outside of tests: what one runs beside the other is innocent.
    cofi.resize_pools(**dict.fromkeys(HOSTS, 2))
    with watch(cofi, "a recording that kills every host") as watched:
        for host in HOSTS:
            cofi.stack.fail(host, killed_by=[killer])
        nurse = threading.Thread(target=revive_the_dead, args=(cofi, killer, over))
        nurse.start()
        try:
            run_id = cofi.trigger(day)
            assert cofi.wait_for(run_id) == ["success"]
        finally:
            over.set()
            nurse.join()
            cofi.resize_pools(**dict.fromkeys(HOSTS, 1))
    assert cofi.ledger(run_id) == {"audited": CALLS - 1, "quarantined": 1}
    (quarantined,) = cofi.rows(
        select(CallRow.call_id, CallRow.state_reason).where(
            CallRow.day == day, CallRow.state == "quarantined"
        )
    )
    assert quarantined.call_id == killer
    assert re.search(r"[234] times a GPU host was lost", quarantined.state_reason)
    assert watched.repeated == 0


def revive_the_dead(cofi: Cofi, killer: str, over: threading.Event) -> None:
    """Restarts hosts as a service manager does; the recording kills them again."""
    while not over.wait(1):
        for host in HOSTS:
            if not cofi.is_alive(host):
                cofi.revive_host(host)
                cofi.stack.fail(host, killed_by=[killer])


def done_stt(ti: dict[str, str]) -> bool:
    return ti["task_id"].endswith(".stt") and ti["state"] == "success"


def done_by(cofi: Cofi, run_id: str, stage: str) -> Counter[str]:
    """Results of a stage by host."""
    query = select(StageResultRow.host, func.count()).group_by(StageResultRow.host)
    rows = cofi.rows(query.where(StageResultRow.batch_id == run_id, StageResultRow.stage == stage))
    return Counter(dict(rows))


def planned_on(cofi: Cofi, run_id: str, lost: str) -> set[str]:
    """Hosts on which calls are planned that the lost host did not transcribe."""
    done = select(StageResultRow.call_id).where(
        StageResultRow.batch_id == run_id, StageResultRow.stage == "stt", StageResultRow.host == lost
    )
    query = select(BatchCallRow.host).where(
        BatchCallRow.batch_id == run_id, BatchCallRow.call_id.not_in(done)
    )
    return {row.host for row in cofi.rows(query)}
