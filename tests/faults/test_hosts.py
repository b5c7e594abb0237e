"""GPU hosts fail in every way that hosts do, and every call is audited all the same, once."""

import pytest

from tests.faults.conftest import Cofi, watch

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]


def test_a_host_that_dies_and_never_comes_back(cofi: Cofi) -> None:
    day = cofi.new_day()
    with watch(cofi, "host killed at 30 %, never back") as watched:
        run_id = cofi.trigger(day)
        cofi.wait_until_done(run_id, "stt", 0.3)
        cofi.kill_host("gpu_b")
        assert cofi.wait_for(run_id) == ["success"]
    cofi.assert_audited_once(day, run_id)
    assert watched.repeated == 0
    assert {(f.kind, f.host) for f in cofi.failures(run_id)} == {("host_lost", "gpu_b")}
