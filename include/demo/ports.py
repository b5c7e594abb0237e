"""TCP ports for servers on this machine."""

import random
import socket
from collections.abc import Collection

from include.errors import CofiError

_OF_SERVERS = range(20_000, 32_000)  # Linux gives those from 32,768 on to connections
_TRIED = 100


def free_port(preferred: int = 0, but_not: Collection[int] = ()) -> int:
    """The preferred TCP port of this machine, or any free one; none of `but_not`.

    None that the kernel would choose: it gives those to outgoing connections too, so that another
    process may have it by the time when a server that takes seconds to start listens.

    Raises:
        CofiError: None is free.
    """
    others = random.sample(_OF_SERVERS, k=_TRIED)
    for port in [preferred, *others] if preferred else others:
        if port not in but_not and _is_free(port):
            return port
    raise CofiError("No free TCP port on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
