"""What comes from outside with a failure is stored without card data, and so is what is told of it."""

import json

from include.calls.call import CallState
from include.calls.stage import Stage
from include.database.models import CallRow, FailureRow, OutboxRow
from include.database.outcomes import Failure
from tests.unit.database.seeding import Day, recording


def test_a_failure_repeats_no_card_data(day: Day) -> None:
    call = recording()
    batch = day.planned(call)
    quoting = Failure(
        call.call_id,
        "bug",
        "ValueError: cannot read 'it is 5105 1051 0510 5100' in 3 turns",
        raw_answer='{"quote": "five one oh five, one oh five one, oh five one oh, five one oh oh"}',
        state=CallState.FAILED,
    )
    day.save(batch, Stage.STT, [quoting])

    [failure] = day.rows(FailureRow)
    told = "ValueError: cannot read 'it is [card number ending 5100]' in 3 turns"
    assert failure["message"] == told
    assert failure["raw_answer"] == '{"quote": "[card number ending 5100]"}'
    assert day.rows(CallRow)[0]["state_reason"] == f"stt: {told}"
    [event] = day.rows(OutboxRow)
    assert event["payload"]["data"]["reason"] == f"stt: {told}"
    assert "5105" not in json.dumps([failure, event], default=str)
