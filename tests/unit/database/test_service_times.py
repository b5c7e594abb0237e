"""How long uploads and answers took in past runs."""

from collections.abc import Sequence

import pytest

from include.calls.stage import LLM_STAGES, Stage
from include.database.service_times import past_seconds
from tests.unit.database.seeding import Day, recording, success

STAGES = [Stage.DISTRIBUTE, *LLM_STAGES]
CALLS = [recording(f"{number}.wav") for number in range(4)]


def known(day: Day, stages: Sequence[Stage] = STAGES) -> dict[Stage, float]:
    with day.database.reading() as connection:
        return past_seconds(connection, stages)


def took(day: Day, batch_id: str, stage: Stage, seconds: Sequence[float]) -> None:
    calls = [recording(f"{batch_id}-{number}.wav") for number in range(len(seconds))]
    batch = day.planned(*calls, batch_id=batch_id)
    outcomes = [success(call, seconds=each) for call, each in zip(calls, seconds, strict=True)]
    day.save(batch, stage, outcomes)


def test_nothing_is_known_before_the_first_run(day: Day) -> None:
    assert known(day) == {}


def test_the_last_run_that_did_a_stage_counts(day: Day) -> None:
    took(day, "run-1", Stage.LLM1, [9.0, 9.0])
    took(day, "run-1b", Stage.DISTRIBUTE, [1.0, 2.0])
    took(day, "run-2", Stage.LLM1, [4.0, 6.0])
    assert known(day) == {Stage.DISTRIBUTE: pytest.approx(1.5), Stage.LLM1: pytest.approx(5)}
    assert known(day, [Stage.LLM2]) == {}


def test_stored_answers_took_no_time_and_do_not_count(day: Day) -> None:
    took(day, "run-1", Stage.LLM2, [0.0, 8.0, 0.0])
    took(day, "run-2", Stage.LLM2, [0.0])
    assert known(day) == {Stage.LLM2: pytest.approx(8)}
