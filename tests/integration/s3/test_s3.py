"""Recordings in a real object store: S3's protocol on loopback, as Airflow's provider opens it.

`make test-more` has an environment with that provider; elsewhere these tests are skipped.
"""

import asyncio
import importlib.util
import json
import os
import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

from cofi import batch as tasks
from cofi.operators.distribute import DistributeOperator
from include.calls.call import call_id_for
from include.calls.stage import Stage
from include.database.models import BatchDayRow, CallRow, FailureRow, StageResultRow
from include.demo.ports import free_port
from include.errors import CallsPutOff, InvalidInput, StoreFault
from tests.airflow_home import REPOSITORY
from tests.integration.s3.bucket import FRIDAY, KEYS, Bucket
from tests.integration.s3.object_store import Cut, Refusal
from tests.plugins.params import params
from tests.plugins.shard import context
from tests.unit.calls.site import recording

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("s3fs", "moto")),
    reason="s3fs and moto are not installed here: `make test-more` has an environment with them",
)
SATURDAY = FRIDAY + timedelta(days=1)


def distribute(bucket: Bucket, opened: dict[str, Any], attempt: int = 1) -> None:
    """Plans the run, and sends what it has to its host."""
    wanted = {**params(Path()), "location": bucket.location}
    shards = asyncio.run(tasks.plan(opened, wanted, lambda _: False))
    for shard in shards:
        operator = DistributeOperator(task_id="distribute", shard=shard, pool_slots=4, may_leave=True)
        asyncio.run(operator.aexecute(context(attempt, run_id=opened["batch_id"])))


# What people and recorders write into names; what S3 and its libraries give a meaning.
ODD_NAMES = [
    *("a b.wav", " leading.wav", "Zoë Ñandú.wav", "电话.wav", "100%.wav", "%20.wav", "a+b.wav", "c&d=e.wav"),
    *("it's.wav", "(1).wav", "[1].wav", "{x}.wav", "a,b;c.wav", "~x~.wav", "$HOME.wav", "*.wav", "@home.wav"),
    *("night/shift/deep.wav", "2026-11-20/again.wav", "12:30:00.wav"),
]


class TestWhatIsThere:
    def test_a_day_of_more_keys_than_a_page_holds_is_listed_page_by_page(self, full: Bucket) -> None:
        assert full.discover()[1] == {"quarantined": KEYS}
        assert full.store.asked["list"] == 2
        assert full.store.asked["get"] == 0
        assert full.store.asked["head"] <= 2, "for the manifest"

    def test_recordings_are_measured(self, bucket: Bucket) -> None:
        kinds = {"a.wav": "WAV", "b.flac": "FLAC", "c.ogg": "OGG", "d.mp3": "MP3"}
        bucket.put(FRIDAY, {path: recording(3, container=kind) for path, kind in kinds.items()})
        bucket.put(FRIDAY, {"manifest.csv": b"file,agent\na.wav,Dana\n"})
        assert bucket.discover()[1] == {"pending": 4}
        rows = bucket.day.rows(CallRow)
        assert {round(row["duration_s"]) for row in rows} == {3}
        assert {row["path"]: row["agent"] for row in rows}["a.wav"] == "Dana"
        assert all(row["modified_at"] for row in rows)

    def test_no_key_below_the_prefix_is_no_folder(self, bucket: Bucket) -> None:
        bucket.put(date(2026, 11, 19), {"a.wav": b""})
        bucket.discover()
        [row] = bucket.day.rows(BatchDayRow)
        assert (row["state"], row["verdict"]) == ("no_folder", "fail")
        assert row["problem"] == (
            f"{bucket.location} has no folder 2026-11-20; the last there are 2026-11-19: were the recordings "
            "copied?"
        )

    def test_the_marker_of_a_folder_is_a_folder_without_recordings(self, bucket: Bucket) -> None:
        bucket.put(FRIDAY, {"": b""})
        bucket.discover()
        [row] = bucket.day.rows(BatchDayRow)
        assert (row["state"], row["verdict"]) == ("empty", "warn")
        assert bucket.paths() == {}

    def test_another_layout_is_told_by_the_names_that_are_there(self, bucket: Bucket) -> None:
        client = bucket.store.client()
        for name in ("2026_11_19", "2026_11_20"):
            client.put_object(Bucket=bucket.name, Key=f"{bucket.prefix}/{name}/a.wav", Body=b"")
        bucket.discover()
        [row] = bucket.day.rows(BatchDayRow)
        question = "found 2026_11_19, 2026_11_20: is [cofi] recordings_layout (YYYY-MM-DD) right?"
        assert question in row["problem"]

    def test_an_empty_bucket_has_no_folder_either(self, bucket: Bucket) -> None:
        bucket.discover()
        [row] = bucket.day.rows(BatchDayRow)
        assert (row["state"], row["problem"]) == (
            "no_folder",
            f"{bucket.location} has no folder 2026-11-20, and nothing else: were the recordings copied?",
        )


class TestAllTheWay:
    def test_recordings_reach_their_host_as_they_lie_in_the_store_whatever_they_are_called(
        self, bucket: Bucket, gpu_host: str
    ) -> None:
        contents = {path: recording(3, seed=number) for number, path in enumerate(ODD_NAMES)}
        bucket.put(FRIDAY, contents)
        opened, found = bucket.discover()
        assert found == {"pending": len(ODD_NAMES)}

        distribute(bucket, opened)

        arrived = {row["call_id"]: row["result"] for row in bucket.day.rows(StageResultRow)}
        assert {call_id: stored["sha256"] for call_id, stored in arrived.items()} == {
            call_id_for(FRIDAY, path): sha256(content).hexdigest() for path, content in contents.items()
        }
        assert requests.get(f"{gpu_host}/emulation/stats", timeout=5).json()["calls_held"] == len(ODD_NAMES)
        assert bucket.day.rows(FailureRow) == []

    def test_what_came_late_goes_the_same_way(self, bucket: Bucket, gpu_host: str) -> None:
        bucket.put(FRIDAY, {"a.wav": recording(3, seed=1)})
        distribute(bucket, bucket.discover()[0])
        bucket.put(FRIDAY, {"late.wav": recording(3, seed=2)})
        bucket.put(SATURDAY, {"b.wav": recording(3, seed=3)})

        night, found = bucket.discover(SATURDAY)
        assert found == {"pending": 3}, "the run of Friday has ended and left its call"
        distribute(bucket, night)

        sent = {row["call_id"] for row in bucket.day.rows(StageResultRow, batch_id="night-2026-11-21")}
        expected = [(FRIDAY, "a.wav"), (FRIDAY, "late.wav"), (SATURDAY, "b.wav")]
        assert sent == {call_id_for(day, path) for day, path in expected}

    def test_a_recording_that_breaks_off_on_its_way_is_sent_again(
        self, bucket: Bucket, gpu_host: str
    ) -> None:
        content = recording(3)
        bucket.put(FRIDAY, {"a.wav": content, "b.wav": recording(3, seed=2)})
        opened, _ = bucket.discover()
        bucket.store.fault = lambda request: (
            Cut(1000) if request.kind == "get" and request.path.endswith("a.wav") else None
        )
        with pytest.raises(CallsPutOff):
            distribute(bucket, opened)
        [failure] = bucket.day.rows(FailureRow)
        assert (failure["kind"], failure["stage"]) == ("store_fault", Stage.DISTRIBUTE)
        assert f"{bucket.location}/2026-11-20/a.wav cannot be read" in failure["message"]

        bucket.store.fault = None
        distribute(bucket, opened, attempt=2)

        assert len({row["call_id"] for row in bucket.day.rows(StageResultRow, superseded_at=None)}) == 2


def test_the_connection_of_the_documentation_is_one_that_works(bucket: Bucket, connection) -> None:
    text = (REPOSITORY / "docs" / "days.md").read_text()
    [described] = re.findall(r"AIRFLOW_CONN_RECORDINGS_S3='(.*?)'", text, re.DOTALL)
    [location] = re.findall(r"RECORDINGS_LOCATION=(s3://\S+)", text)
    fields = json.loads(described)
    assert fields["extra"].pop("endpoint_url").startswith("https://")
    fields["extra"]["endpoint_url"] = bucket.store.url
    connection("recordings_s3", **fields)
    bucket.put(FRIDAY, {"a.wav": recording()})

    place = location.replace("bucket/calls", f"{bucket.name}/{bucket.prefix}")

    assert bucket.discover(location=place)[1] == {"pending": 1}


class TestWhatGoesWrong:
    def refused(self, bucket: Bucket, **changes: Any) -> str:
        with pytest.raises(InvalidInput) as told:
            bucket.discover(**changes)
        assert bucket.day.rows(CallRow) == []
        assert bucket.day.rows(BatchDayRow) == []
        return str(told.value)

    def test_a_connection_that_is_not_there_is_named_with_what_makes_it(self, bucket: Bucket) -> None:
        told = self.refused(bucket, location=f"s3://nobodys@{bucket.name}/calls")
        assert told.startswith(
            f"s3://nobodys@{bucket.name}/calls names the connection nobodys, and there is none:"
        )
        assert "of type aws" in told
        assert "apache-airflow-providers-amazon[s3fs]" in told

    def test_without_credentials_it_says_which_connection_to_create(self, bucket: Bucket) -> None:
        bucket.store.fault = lambda request: Refusal(403, "AccessDenied", "Access Denied")
        told = self.refused(bucket, location=f"s3://{bucket.name}/centre")
        assert (
            "refuses access without a connection (Access Denied): create the connection recordings_s3 "
            in told
        )
        assert "apache-airflow-providers-amazon[s3fs]" in told
        assert told.endswith(f"and write s3://recordings_s3@{bucket.name}/centre.")

    @pytest.mark.parametrize(
        "refusal",
        [
            Refusal(403, "AccessDenied", "Access Denied"),
            Refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id does not exist"),
            Refusal(403, "SignatureDoesNotMatch", "The signature does not match"),
        ],
        ids=lambda refusal: refusal.code,
    )
    def test_access_that_is_denied_names_the_connection(self, bucket: Bucket, refusal: Refusal) -> None:
        bucket.put(FRIDAY, {"a.wav": recording()})
        bucket.store.fault = lambda _: refusal
        told = self.refused(bucket)
        assert f"refuses access ({refusal.message}): check the connection {bucket.conn_id}" in told

    def test_a_bucket_that_is_not_there_is_named(self, bucket: Bucket) -> None:
        told = self.refused(bucket, location=f"s3://{bucket.conn_id}@no-such-bucket/calls")
        assert told.startswith("There is no bucket or container no-such-bucket for s3://")

    @pytest.mark.parametrize("answers", [False, True])
    def test_a_wrong_endpoint_may_answer_later(
        self, bucket: Bucket, connection, gpu_host: str, answers: bool
    ) -> None:
        """Nobody listens there, or somebody who is no S3."""
        url = f"{gpu_host}/emulation/stats" if answers else f"http://127.0.0.1:{free_port()}"
        described = bucket.store.connection()
        described["extra"]["endpoint_url"] = url
        connection("elsewhere" if answers else "nowhere", **described)
        with pytest.raises((StoreFault, InvalidInput), match="s3://"):
            bucket.discover(location=f"s3://{'elsewhere' if answers else 'nowhere'}@{bucket.name}/calls")
        assert bucket.day.rows(BatchDayRow) == []

    def test_a_listing_that_breaks_off_in_the_middle_is_no_short_day(self, full: Bucket) -> None:
        full.store.fault = lambda request: (
            Refusal(500, "InternalError") if "continuation-token" in request.query else None
        )
        with pytest.raises(StoreFault, match="told by the proxy"):
            full.discover()
        assert full.day.rows(CallRow) == []
        full.store.fault = None
        assert full.discover()[1] == {"quarantined": KEYS}

    def test_headers_that_cannot_be_read_stop_no_other(self, bucket: Bucket) -> None:
        bucket.put(FRIDAY, {"a.wav": recording(3, seed=1), "b.wav": recording(3, seed=2)})
        bucket.store.fault = lambda request: (
            Cut(100) if request.kind == "get" and request.path.endswith("a.wav") else None
        )
        assert bucket.discover()[1] == {"pending": 2}
        measured = {row["path"]: row["duration_s"] for row in bucket.day.rows(CallRow)}
        assert measured == {"a.wav": None, "b.wav": 3.0}

    def test_the_log_holds_no_secret(self, bucket: Bucket, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG", logger="cofi")
        bucket.store.fault = lambda _: Refusal(403, "AccessDenied")
        told = self.refused(bucket)
        secrets = json.loads(os.environ[f"AIRFLOW_CONN_{bucket.conn_id.upper()}"])["password"]
        assert secrets not in told
        assert secrets not in caplog.text
