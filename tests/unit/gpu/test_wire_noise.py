"""Whatever bytes stand on a host's port, only errors of cofi's tree come of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.emulation.interposed import BROKEN_HTTP, OTHER_PROTOCOLS
from include.errors import HostMisconfigured
from include.gpu.client import GpuHostClient
from tests.thoroughness import tries
from tests.unit.gpu.certificates import of_nobody
from tests.unit.gpu.interposed import PATHS, SETTINGS, ended

NAMES = st.sampled_from(
    ["Content-Length", "Transfer-Encoding", "Content-Encoding", "Content-Type", "Location", "Retry-After"]
)
VALUES = st.one_of(
    st.sampled_from(
        ["chunked", "gzip", "br", "-1", "99999999999999999999", "1e999", "0x10", "", "application/json"]
    ),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30),
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)
STATUS_LINES = st.one_of(
    st.integers(0, 999).map(lambda status: f"HTTP/1.1 {status} Said"),
    st.sampled_from(["HTTP/1.0 200 OK", "HTTP/2 200", "HTTP/9.9 200 OK", "HTTP/1.1 200", "ICY 200 OK"]),
    st.text(max_size=20),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [b"{}", b"[" * 50_000, b'{"ready": true}', b"5\r\nabcde\r\n0\r\n\r\n", b"\x1f\x8b\x08\x00"]
    ),
)


@st.composite
def almost_http(draw: st.DrawFn) -> bytes:
    """An answer of HTTP with something wrong in it, perhaps cut off."""
    head = [draw(STATUS_LINES), *(f"{name}: {value}" for name, value in draw(HEADERS))]
    line_end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    whole = (line_end.join(head) + 2 * line_end).encode("utf-8", "replace") + draw(BODIES)
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


NOISE = st.one_of(
    st.binary(max_size=300),
    almost_http(),
    st.sampled_from([*OTHER_PROTOCOLS.values(), *BROKEN_HTTP.values()]),
)


@asynccontextmanager
async def speaking(noise: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says these bytes to whoever connects, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(noise)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def outcomes_of(url: str, phases: list[str]) -> set[str]:
    async with GpuHostClient("gpu_a", url, "s3cret", SETTINGS) as client:
        return {await ended(client, phase) for phase in phases}


HOSTS_OWN = {"host_fault", "host_lost", "host_misconfigured", "host_busy", "host_unready"}


@given(noise=NOISE, phase=st.sampled_from(sorted(PATHS)))
@settings(
    max_examples=tries(100, 300),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
@pytest.mark.long
def test_no_bytes_escape_the_error_tree_or_fail_a_call_for_good(noise: bytes, phase: str) -> None:
    async def found() -> set[str]:
        async with speaking(noise) as port:
            return await outcomes_of(f"http://127.0.0.1:{port}", [phase])

    told = asyncio.run(found())
    granted = phase == "delete" and b" 204" in noise[:16]
    assert told <= HOSTS_OWN or granted, told


async def test_a_certificate_that_nobody_trusts_is_told_with_its_mend(tmp_path: Path) -> None:
    tls = of_nobody(tmp_path)
    async with (
        speaking(b"", tls) as port,
        GpuHostClient("gpu_a", f"https://127.0.0.1:{port}", "", SETTINGS) as client,
    ):
        assert {await ended(client, phase) for phase in PATHS} == {"host_misconfigured"}


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:99999",
        "http://",
        "ftp://127.0.0.1:{port}",
        "http://[::1",
    ],
)
async def test_an_address_that_is_none_or_speaks_otherwise_is_told(url: str) -> None:
    async with speaking(b"220 mail.example ESMTP\r\n") as port:
        found = await outcomes_of(url.format(port=port), list(PATHS))
    assert found == {"host_misconfigured"}


async def test_a_user_in_the_address_beside_a_token_is_told_without_the_password() -> None:
    async with GpuHostClient("gpu_a", "http://me:s3cret@127.0.0.1:9", "token", SETTINGS) as client:
        with pytest.raises(HostMisconfigured, match="take the user out of the address") as refused:
            await client.status()
    assert "s3cret" not in str(refused.value)


async def test_a_port_on_which_nobody_is_or_says_anything_is_a_lost_host(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    assert await outcomes_of(f"http://127.0.0.1:{unused_tcp_port_factory()}", list(PATHS)) == {"host_lost"}
