"""A cofi with emulated hosts and LLM for each test process, started once; each test breaks something in it.

pytest-xdist runs several processes at once: none shares anything with another but the machine.
"""

from collections.abc import Iterator

import pytest

from include.emulation.stack import EmulatedStack
from tests.faults.running import HOSTS, ROOT, Cofi, watch

# The document's proportions, 2 s x 4 : 5 s : 10 s, scaled: half a minute for 500 calls on three hosts.
STAGE_S = 0.045
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    # Two shards for each host, one after the other: Airflow's own cost is what takes long here.
    "AIRFLOW__COFI__SHARD_AUDIO_S": "400",
    "AIRFLOW__COFI__GPU_TASKS_PER_HOST": "1",
    "AIRFLOW__COFI__TASK_RETRY_DELAY_S": "3",
    "AIRFLOW__COFI__SLOW_HOST_GAIN_S": "20",
    "AIRFLOW__COFI__GPU_CONNECT_TIMEOUT_S": "3",
    "AIRFLOW__COFI__PROGRESS_LOG_S": "2",
    "AIRFLOW__COFI__LLM_REQUESTS_PER_TASK": "20",
}
WHOLE = {
    "unready": False,
    "slow": 1.0,
    "garbage": False,
    "disk_full": False,
    "reset_share": 0.0,
    "killed_by": [],
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cofi]:
    """Starts it, and audits a day undisturbed."""
    home = tmp_path_factory.mktemp("home")
    for name in ("dags", "plugins", "include", "airflow.cfg"):
        (home / name).symlink_to(ROOT / name)
    recordings = home / "recordings"
    recordings.mkdir()
    stack = EmulatedStack(
        home,
        {**SETTINGS, "AIRFLOW__COFI__RECORDINGS_LOCATION": f"file://{recordings}"},
        HOSTS,
        gpu_host=[f"--stage-seconds={STAGE_S}", "--capacity=4"],
        llm=[f"--llm1-seconds={STAGE_S * 5 / 2}", f"--llm2-seconds={STAGE_S * 5}"],
    )
    stack.up()
    try:
        cofi = Cofi(stack, recordings)
        day = cofi.new_day()
        with watch(cofi, "undisturbed") as watched:
            run_id = cofi.trigger(day)
            assert cofi.wait_for(run_id) == ["success"]
        cofi.assert_audited_once(day, run_id)
        assert watched.repeated == 0
        cofi.undisturbed_s = watched.took_s
        yield cofi
    finally:
        stack.down()


@pytest.fixture
def cofi(running: Cofi) -> Iterator[Cofi]:
    """The running stack. What a test broke is whole again afterwards; no run has left anything on hosts."""
    yield running
    for host in HOSTS:
        if not running.is_alive(host):
            running.revive_host(host)
        running.stack.fail(host, **WHOLE)
    assert {host: running.stack.stats(host)["calls_held"] for host in HOSTS} == dict.fromkeys(HOSTS, 0)
