import socket
from pathlib import Path

import pytest

from include.demo.ports import free_port

_GIVEN_TO_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_preferred_port_that_is_free_is_taken():
    port = free_port()

    assert free_port(port) == port


def test_a_preferred_port_that_is_taken_is_replaced():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        taken = server.getsockname()[1]

        assert free_port(taken) != taken


def test_no_port_is_given_twice():
    port = free_port()

    assert free_port(port, but_not=[port]) != port


@pytest.mark.skipif(not _GIVEN_TO_CONNECTIONS.exists(), reason="Linux tells which ports connections get")
def test_no_connection_of_another_process_can_have_it_before_the_server_listens():
    lowest, highest = map(int, _GIVEN_TO_CONNECTIONS.read_text().split())

    assert not any(lowest <= free_port() <= highest for _ in range(200))
