"""What discovery finds is kept as it was found, and what is known is not lost by finding it again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from include.audio_files.raw import Encoding, RawAudio
from include.calls.call import CallMetadata, CallState, ChannelRole, ChannelRolesSource
from include.calls.parts import Part
from include.calls.stage import Stage
from include.database.calls import calls_of_day, originals_of_other_days, record_discovery
from include.database.models import BatchCallRow, CallRow, OutboxRow, StageResultRow
from tests.unit.database.seeding import DAY, Day, recording

EARLIER = date(2026, 11, 1)
METADATA = CallMetadata(
    agent="Núria",
    queue="billing",
    direction="inbound",
    customer_ref="C-1",
    agent_id="nuria",
    team="North",
    caller="+34 600 111 222",
    called="101",
    caller_name="Ana",
    called_name="Núria",
    interaction_id="x-1",
    language="es",
    hold_s=65.5,
    disposition="resolved",
    tags=("new", "fee"),
    started_at=datetime(2026, 11, 16, 9, 12, tzinfo=UTC),
    ended_at=datetime(2026, 11, 16, 9, 15, tzinfo=UTC),
    channel_roles=(ChannelRole.AGENT, ChannelRole.CUSTOMER),
    roles_source=ChannelRolesSource.SIDECAR,
    extra={"campaign": "autumn"},
)
PARTS = (
    Part("a_in.ulaw", "s3://b/a_in.ulaw", 7, 0, RawAudio(Encoding.MULAW, 8000)),
    Part("a_out.wav", "s3://b/a_out.wav", 9, 1),
)


def of_day(day: Day, which: date = DAY) -> dict[str, object]:
    with day.database.reading() as connection:
        return {call.path: call for call in calls_of_day(connection, which)}


def test_calls_come_back_as_they_were_found(day: Day) -> None:
    found = [
        recording("a.wav", metadata=METADATA, sha256="0" * 64, parts=PARTS),
        recording("night/b.wav", modified_at=None, duration_s=None, sample_rate_hz=None, channels=None),
        recording("c.wav", state=CallState.DUPLICATE, state_reason="same", duplicate_of="x"),
    ]
    day.discover(*found)
    day.discover(recording("other.wav", EARLIER), batch_id="run-0", day=EARLIER)

    assert of_day(day) == {call.path: call for call in found}
    assert {row["call_id"] for row in day.rows(BatchCallRow, batch_id="run-1")} == {
        call.call_id for call in found
    }


def test_a_final_state_is_announced_when_it_is_found_and_only_then(day: Day) -> None:
    quarantined = recording("a.wav", state=CallState.QUARANTINED, state_reason="empty")
    day.discover(quarantined, recording("b.wav"))
    day.discover(quarantined, recording("b.wav"), batch_id="run-2")

    (event,) = day.rows(OutboxRow)
    assert (event["event_type"], event["call_id"]) == ("call.quarantined", quarantined.call_id)
    assert (
        event["payload"]["data"] | {"reason": "empty", "batch_id": "run-1", "path": "a.wav"}
        == (event["payload"]["data"])
    )


def test_finding_a_call_again_renews_its_description_and_leaves_its_state(day: Day) -> None:
    call = recording()
    batch = day.planned(call)
    known = of_day(day)
    day.audit(batch, call)  # another run finishes it while this one looks at the store

    described = replace(call, metadata=METADATA, uri="file:///moved/a.wav", parts=PARTS)
    day.discover(recording("b.wav"), batch_id="run-2")
    with day.database.writing() as connection:
        record_discovery(connection, "run-2", [described], known)

    (now,) = [row for row in day.rows(CallRow) if row["path"] == "a.wav"]
    assert (now["state"], now["agent"], now["uri"]) == ("audited", "Núria", "file:///moved/a.wav")
    assert now["channel_roles"] == ["agent", "customer"]
    assert (now["team"], now["details"]["caller"], len(now["parts"])) == ("North", "+34 600 111 222", 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"size_bytes": 50_000},
        {"sha256": "b" * 64, "modified_at": datetime(2026, 11, 17, tzinfo=UTC)},
    ],
)
def test_the_results_of_a_replaced_recording_become_history(day: Day, changes: dict[str, object]) -> None:
    call, other = recording(sha256="a" * 64), recording("b.wav")
    day.audit(day.planned(call, other), call, other)

    batch = day.discover(replace(call, **changes), replace(other, state=CallState.AUDITED), batch_id="run-2")

    current = day.rows(StageResultRow, superseded_at=None)
    assert {row["call_id"] for row in current} == {other.call_id}
    assert len(day.rows(StageResultRow, call_id=call.call_id)) == len(Stage)  # kept, as history
    assert day.state_of(call) == ("pending", None)
    assert day.plan(batch) == [call.call_id]
    assert [pending.call_id for pending in day.pending(batch, Stage.DISTRIBUTE)] == [call.call_id]


def test_originals_of_other_days_share_a_sample_or_a_hash_and_are_no_copies_themselves(day: Day) -> None:
    alike = {"sample_sha256": "1" * 64}
    day.discover(recording("same-day.wav", **alike))
    day.discover(
        recording("audited.wav", EARLIER, **alike),
        recording("other.wav", EARLIER, sample_sha256="2" * 64),
        recording("copy.wav", EARLIER, state=CallState.DUPLICATE, **alike),
        recording("broken.wav", EARLIER, state=CallState.QUARANTINED, **alike),
        recording("hashed.wav", EARLIER, sha256="3" * 64),
        batch_id="run-0",
        day=EARLIER,
    )
    oldest = date(2026, 10, 1)
    day.discover(recording("z.wav", oldest, **alike), batch_id="run--1", day=oldest)

    wanted = [recording("new.wav", **alike), recording("again.wav", sha256="3" * 64)]
    with day.database.reading() as connection:
        originals = originals_of_other_days(connection, DAY, wanted)
        assert originals_of_other_days(connection, DAY, [recording("unread.wav")]) == []
    assert [call.path for call in originals] == ["z.wav", "audited.wav", "hashed.wav"]


@pytest.mark.long
def test_more_recordings_than_a_statement_has_parameters_are_looked_up(day: Day) -> None:
    day.discover(recording("a.wav", EARLIER, sample_sha256="39999"), batch_id="run-0", day=EARLIER)
    many = [recording(f"{number}.wav", sample_sha256=str(number)) for number in range(40_000)]
    with day.database.reading() as connection:
        assert [c.path for c in originals_of_other_days(connection, DAY, many)] == ["a.wav"]


def test_a_call_that_another_run_ends_meanwhile_stays_as_it_is(day: Day) -> None:
    call = recording("a.wav")
    batch = day.planned(call)
    known = {call.path: call}
    day.audit(batch, call)
    skipped = recording("a.wav", state=CallState.SKIPPED, state_reason="short")
    with day.database.writing() as connection:
        record_discovery(connection, batch.batch_id, [skipped], known)
    assert day.state_of(call) == ("audited", None)
