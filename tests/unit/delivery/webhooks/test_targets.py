"""Events go over TLS to public addresses, and to no other place that a name could lead to."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from include.delivery.webhooks.receiver import Receiver
from include.delivery.webhooks.targets import checked_addresses, is_public
from include.errors import InvalidInput, ReceiverLost
from tests.unit.delivery.webhooks.conftest import FakeReceiver, settings_of

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_others_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"],
)
async def test_a_private_target_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(InvalidInput, match="webhook_allow_private"):
        await checked_addresses(f"https://{host}/hook", allow_http=False, allow_private=False)


async def test_one_private_address_among_public_ones_is_enough(answers: Callable[..., Any]) -> None:
    answers(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(InvalidInput, match=r"10\.0\.0\.1"):
        await checked_addresses("https://receiver.test", allow_http=False, allow_private=False)


async def test_a_target_without_tls_is_refused_unless_allowed() -> None:
    with pytest.raises(InvalidInput, match="webhook_allow_http"):
        await checked_addresses("http://8.8.8.8/hook", allow_http=False, allow_private=True)
    await checked_addresses("http://8.8.8.8/hook", allow_http=True, allow_private=False)


@pytest.mark.parametrize(
    "url", ["", "example.com/hook", "ftp://example.com", "https://", "http://[x", "http://h:x"]
)
async def test_what_is_no_url_is_said_to_be_none(url: str) -> None:
    with pytest.raises(InvalidInput, match="cofi_webhook"):
        await checked_addresses(url, allow_http=True, allow_private=True)


async def test_a_name_without_an_address_is_a_passing_trouble(answers: Callable[..., Any]) -> None:
    answers()
    with pytest.raises(ReceiverLost, match=r"receiver\.test"):
        await checked_addresses("https://receiver.test", allow_http=False, allow_private=False)


async def test_a_name_is_resolved_once_and_connections_go_to_what_was_checked(
    receiver: FakeReceiver, answers: Callable[..., Any]
) -> None:
    """A name that answers with another address the second time leads nowhere else."""
    asked = answers(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"])
    port = receiver.url.split(":")[2].split("/")[0]
    async with Receiver(settings_of(f"http://receiver.test:{port}/hook")) as entered:
        await asyncio.gather(*(entered.send(f"msg_{n}", {}) for n in range(8)))
    assert len(receiver.got) == 8
    assert asked == ["receiver.test"]
    assert receiver.got[0][0]["host"] == f"receiver.test:{port}"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What the name receiver.test leads to, question by question; the questions."""

    def set_up(*replies: list[str]) -> list[str]:
        asked: list[str] = []
        left = list(replies)
        real = socket.getaddrinfo

        def getaddrinfo(host: str, port: int, *rest: Any, **options: Any) -> Any:
            if host != "receiver.test":
                return real(host, port, *rest, **options)
            asked.append(host)
            if not left:
                raise socket.gaierror("unknown name")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in left.pop(0)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return set_up
