"""A batch takes little longer than its busiest resource, Airflow's own cost included. Needs an idle machine.

The original document's proportions, 2 s x 4 on a GPU, 5 s and 10 s for the LLM with 100 in flight, a fifth
of it. COFI_BENCHMARK_STAGE_S and COFI_BENCHMARK_CALLS set other sizes. Measured on 2 cores at 0.17 s a stage,
where Airflow's cost weighs more: 312 s for a bound of 272 s; of the 40 s more, 11 are before the first GPU
work, 16 in gaps between GPU tasks, and 13 after the last.
"""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from include.database.models import AuditRow, BatchRow
from include.emulation.stack import EmulatedStack
from tests.faults.conftest import ROOT, Cofi, watch

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(3600)]

CALLS = int(os.environ.get("COFI_BENCHMARK_CALLS", "2000"))
STAGE_S = float(os.environ.get("COFI_BENCHMARK_STAGE_S", "0.4"))
HOSTS = ("gpu_a", "gpu_b", "gpu_c", "gpu_d", "gpu_e")
IN_FLIGHT = 100
# Seven shards for each host: the ramps and a full one.
SHARD_AUDIO_S = CALLS * 2.1 / len(HOSTS) / 3
ALLOWED = 1.10


@pytest.fixture(scope="module")
def cofi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cofi]:
    """Five hosts and an LLM."""
    home = tmp_path_factory.mktemp("home")
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(ROOT / name)
    recordings = home / "recordings"
    recordings.mkdir()
    settings = {
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW__COFI__RECORDINGS_LOCATION": f"file://{recordings}",
        "AIRFLOW__COFI__SHARD_AUDIO_S": f"{SHARD_AUDIO_S:.0f}",
        "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "5",
        "AIRFLOW__COFI__GPU_CONNECT_TIMEOUT_S": "3",
        "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": "20",
    }
    stack = EmulatedStack(
        home,
        settings,
        HOSTS,
        gpu_host=[f"--stage-seconds={STAGE_S}", "--capacity=4"],
        llm=[f"--llm1-seconds={STAGE_S * 5 / 2}", f"--llm2-seconds={STAGE_S * 5}"],
    )
    stack.up()
    try:
        yield Cofi(stack, recordings)
    finally:
        stack.down()


def test_a_batch_takes_little_longer_than_its_busiest_resource(cofi: Cofi) -> None:
    gpu_s = CALLS * 4 * STAGE_S / len(HOSTS)
    llm_s = CALLS * STAGE_S * 7.5 / IN_FLIGHT
    took_s = audited_in(cofi, "undisturbed")
    print(f"{took_s:.0f} s; GPUs alone {gpu_s:.0f} s, LLM alone {llm_s:.0f} s: {took_s / gpu_s:.3f}")
    assert took_s <= ALLOWED * max(gpu_s, llm_s)


def test_a_host_that_dies_at_half_time_costs_what_it_would_have_done(cofi: Cofi) -> None:
    alone_s = CALLS * 4 * STAGE_S / len(HOSTS)
    bound_s = alone_s / 2 + alone_s / 2 * len(HOSTS) / (len(HOSTS) - 1)
    took_s = audited_in(cofi, "a host dies at half time", victim="gpu_b")
    print(f"{took_s:.0f} s; bound {bound_s:.0f} s: {took_s / bound_s:.3f}")
    assert took_s <= ALLOWED * bound_s


def audited_in(cofi: Cofi, what: str, victim: str = "") -> float:
    day = cofi.new_day(CALLS)
    with watch(cofi, what) as watched:
        run_id = cofi.trigger(day)
        if victim:
            cofi.wait_until_done(run_id, "stt", 0.5)
            cofi.kill_host(victim)
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id, calls=CALLS)
    print(f"first call audited after {first_audited_s(cofi, run_id):.0f} s")
    return watched.took_s


def first_audited_s(cofi: Cofi, run_id: str) -> float:
    opened = select(BatchRow.opened_at).where(BatchRow.batch_id == run_id)
    first = select(func.min(AuditRow.created_at)).where(AuditRow.batch_id == run_id)
    return float((cofi.ask(first) - cofi.ask(opened)).total_seconds())
