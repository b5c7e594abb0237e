"""What the plan's log says of the time that a run takes."""

import logging
import re
from collections.abc import Sequence

import pytest

from cofi import expectation
from cofi.expectation import log_expected
from cofi.settings import Settings
from include.calls.stage import Stage
from include.distribution.planner import CallLoad, HostSpeed, Places, Shard, plan_llm_shards, plan_shards
from tests.unit.database.seeding import Day, recording, success

LOADS = [CallLoad(f"{number:03}", 60.0) for number in range(600)]
PARAMS = {"llm_requests": 10}


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def hosts(count: int = 2, speed: float = 10.0, measured: bool = True) -> list[HostSpeed]:
    return [HostSpeed(f"gpu_{number}", speed, measured) for number in range(count)]


def shards_on(ready: Sequence[HostSpeed], loads: Sequence[CallLoad] = LOADS) -> list[Shard]:
    return plan_shards(loads, ready, Places(tuple(host.name for host in ready), 14), shard_audio_s=3000)


def logs(
    day: Day,
    caplog: pytest.LogCaptureFixture,
    ready: Sequence[HostSpeed],
    shards: Sequence[Shard],
    **params: int,
) -> dict[str, str]:
    """What is logged of a plan, by its keys."""
    log_expected(shards, ready, {**PARAMS, **params}, Settings.load(), day.database)
    return dict(re.findall(r"(\w+)=([\w.,]+)", caplog.messages[-1]))


def answered_before(day: Day, **seconds: float) -> None:
    """A past run, in which stages took so long for a call."""
    call = recording()
    batch = day.planned(call, batch_id="past")
    for stage, each in seconds.items():
        day.save(batch, Stage(stage), [success(call, seconds=each)])


def test_what_was_measured_makes_the_expectation(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    answered_before(day, distribute=0.5, llm1=5.0, llm2=10.0)
    line = logs(day, caplog, hosts(), shards_on(hosts()))
    # 36,000 s of audio at 20 s a second.
    assert (line["bound_s"], line["bottleneck"], line["not_known"]) == ("1800", "GPUs", "nothing")
    assert 1800 < float(line["expected_s"]) < 1.1 * 1800
    assert float(line["first_call_s"]) < 600
    assert (line["tasks_at_once"], line["tasks_needed"]) == ("32", "16")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_what_was_never_measured_is_named(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    line = logs(day, caplog, hosts(), shards_on(hosts()))
    assert (line["bound_s"], line["not_known"]) == ("1800", "distribute,llm1,llm2")


@pytest.mark.parametrize("loads", [LOADS, [CallLoad("a", 0.0)]])
def test_without_a_measured_host_or_a_known_length_nothing_is_expected(
    day: Day, caplog: pytest.LogCaptureFixture, loads: list[CallLoad]
) -> None:
    answered_before(day, llm1=5.0)
    ready = hosts(measured=loads is not LOADS)
    line = logs(day, caplog, ready, shards_on(ready, loads))
    assert (line["expected_s"], line["not_known"]) == ("unknown", "gpu,distribute,llm2")


def test_llm_work_alone_waits_for_no_host(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    answered_before(day, llm1=5.0, llm2=10.0)
    shards = plan_llm_shards(LOADS, Places(("stored",), 14), at_once=10, least_calls=50)
    line = logs(day, caplog, [], shards)
    assert (line["bound_s"], line["bottleneck"], line["not_known"]) == ("90", "LLM_requests", "nothing")
    assert line["tasks_needed"] == "10"
    # 60 calls of each task in rounds of 10, and in rounds of 5.
    narrow = logs(day, caplog, [], shards, llm_requests=5)
    assert narrow["bound_s"] == "180"
    assert float(narrow["expected_s"]) - float(line["expected_s"]) == pytest.approx(90, abs=1)


def test_too_few_tasks_at_once_are_warned_of(
    day: Day, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "32")
    line = logs(day, caplog, hosts(100), shards_on(hosts(100)))
    assert (line["tasks_at_once"], line["tasks_needed"]) == ("32", "310")
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    idle = "or GPUs and LLM slots stand idle"
    assert warned == [
        f"[core] parallelism = 32: raise it to 310, {idle}",
        f"[cofi] max_active_tasks = 256: raise it to 310, {idle}",
    ]


def test_an_estimate_that_fails_is_only_logged(
    day: Day, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(expectation, "estimate", fails)
    log_expected(shards_on(hosts()), hosts(), PARAMS, Settings.load(), day.database)
    assert caplog.messages[-1] == "How long the run takes cannot be estimated"


def test_an_empty_plan_says_nothing(day: Day, caplog: pytest.LogCaptureFixture) -> None:
    log_expected([], hosts(), PARAMS, Settings.load(), day.database)
    log_expected([], [], PARAMS, Settings.load(), day.database)
    assert caplog.messages == []
