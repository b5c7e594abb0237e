import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from include.demo.ports import Reservation, free_port

_GIVEN_TO_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")
ROOT = Path(__file__).parents[3]
TAKES = "import sys; from include.demo.ports import Reservation; print(Reservation().take(int(sys.argv[1])))"


def test_a_preferred_port_that_is_free_is_taken():
    port = free_port()

    assert free_port(port) == port


def test_a_preferred_port_that_is_taken_is_replaced():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        taken = server.getsockname()[1]

        assert free_port(taken) != taken


def test_no_port_is_reserved_twice():
    with Reservation() as one, Reservation() as other:
        port = one.take()

        assert one.take(port) != port
        assert other.take(port) != port
        assert free_port(port) != port


def test_a_port_that_is_released_is_given_again():
    with Reservation() as reservation:
        port = reservation.take()

    assert free_port(port) == port


def test_another_process_is_given_none_that_is_reserved_before_anybody_listens():
    """Two stacks that start at the same moment."""
    with Reservation() as reservation:
        port = reservation.take()

        assert taken_elsewhere(port) != port
    assert taken_elsewhere(port) == port


def test_a_process_that_inherits_the_locks_holds_the_ports_until_it_ends():
    with Reservation() as reservation:
        port = reservation.take()
        command = [sys.executable, "-c", "input()"]
        heir = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=reservation.locks)
    try:
        assert free_port(port) != port
    finally:
        heir.kill()
        heir.communicate()
    assert free_port(port) == port


@pytest.mark.skipif(not _GIVEN_TO_CONNECTIONS.exists(), reason="Linux tells which ports connections get")
def test_no_connection_of_another_process_can_have_it_before_the_server_listens():
    lowest, highest = map(int, _GIVEN_TO_CONNECTIONS.read_text().split())

    assert not any(lowest <= free_port() <= highest for _ in range(200))


def taken_elsewhere(preferred: int) -> int:
    command = [sys.executable, "-c", TAKES, str(preferred)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    return int(done.stdout)
