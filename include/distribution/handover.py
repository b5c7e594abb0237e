"""When a slow host should leave a shard to the others: when all would be done sooner. Pure."""

from collections.abc import Mapping

# Speeds are known to some percent, at the beginning of a run less: a smaller share of the time is no gain.
_LEAST_SHARE = 0.25


def gain_s(host: str, left_s: Mapping[str, float], speeds: Mapping[str, float]) -> float:
    """How much sooner the GPU work would end if what is left were shared out by speed.

    Only hosts whose speed is known take part; a host that has nothing left helps with its whole speed.

    Args:
        host: The one that asks.
        left_s: Audio seconds that each host has still to do.
        speeds: Audio seconds per second.

    Returns:
        Seconds; 0 when nothing is known of the host, it is the only one, or it is hardly slower than others.
    """
    if host not in speeds or len(speeds) < 2:
        return 0.0
    alone_s = left_s.get(host, 0.0) / speeds[host]
    together_s = sum(left_s.get(name, 0.0) for name in speeds) / sum(speeds.values())
    gain = alone_s - together_s
    return gain if gain > _LEAST_SHARE * alone_s else 0.0
