"""A call's reason names the stage that it ended in, or none."""

import pytest

from include.calls.stage import STAGES, Stage, stage_of


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_before_the_first_colon_is_where_a_call_ended(stage: Stage) -> None:
    assert stage_of(f"{stage}: out of memory: 3 MiB") is stage


@pytest.mark.parametrize(
    "reason", ["", "stt", "stt:", "the file is empty: copy it again", "sttx: a", " stt: a"]
)
def test_anything_else_names_none(reason: str) -> None:
    assert stage_of(reason) is None
