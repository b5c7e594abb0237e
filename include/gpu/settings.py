"""How to talk to GPU hosts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HostSettings:
    """How to talk to GPU hosts.

    Attributes:
        connect_timeout_s: For a connection.
        stage_timeout_s: For one stage of one call.
        attempts: Tries of a request that ends in a fault, and of asking a silent host for its health.
        health_every_s: How often a host that has not answered a request yet is asked for its health.
        busy_patience_s: How long a request may be put off by "at capacity" before it is given up.
        unready_patience_s: The same for "not ready".
        longest_answer_mib: A longer answer is cut off and counts as a fault.
    """

    connect_timeout_s: float = 10
    stage_timeout_s: float = 1800
    attempts: int = 3
    health_every_s: float = 30
    busy_patience_s: float = 3600
    unready_patience_s: float = 300
    longest_answer_mib: int = 64
