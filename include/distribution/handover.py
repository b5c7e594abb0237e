"""Which hosts should hand shards over: those with which all would be done sooner if others helped. Pure."""

from collections.abc import Collection, Mapping

# Speeds are known to some percent, at the beginning of a run less: a smaller share of the time is no gain.
_LEAST_SHARE = 0.25


def slow_hosts(
    left_s: Mapping[str, float], movable_s: Mapping[str, float], speeds: Mapping[str, float], least_s: float
) -> list[str]:
    """Hosts whose work would end more than `least_s` sooner if others took a part of it; see `gain_s`."""
    return [host for host in sorted(speeds) if gain_s(host, left_s, movable_s, speeds) > least_s]


def others_busy_s(slow: Collection[str], left_s: Mapping[str, float], speeds: Mapping[str, float]) -> float:
    """Seconds until the first host that is not slow has nothing left to do; 0 when there is none.

    Until then nothing is lost by waiting: a slow host works on what it would keep anyway, the others are
    busy, and speeds become known. What is moved early is moved by speeds that a few calls tell.
    """
    busy_s = [left_s.get(name, 0.0) / speed for name, speed in speeds.items() if name not in slow]
    return min(busy_s, default=0.0)


def gain_s(
    host: str, left_s: Mapping[str, float], movable_s: Mapping[str, float], speeds: Mapping[str, float]
) -> float:
    """How much sooner a host's GPU work would end if what is left were shared out by speed.

    Only hosts whose speed is known take part; a host that has nothing left helps with its whole speed.

    Args:
        host: Which one.
        left_s: Audio seconds that each host has still to do.
        movable_s: Of these, in shards that are not begun.
        speeds: Audio seconds per second.

    Returns:
        Seconds; 0 when nothing is known of the host, it is the only one, or it is hardly slower than others.
    """
    if host not in speeds or len(speeds) < 2:
        return 0.0
    alone_s = left_s.get(host, 0.0) / speeds[host]
    together_s = sum(left_s.get(name, 0.0) for name in speeds) / sum(speeds.values())
    begun_s = (left_s.get(host, 0.0) - movable_s.get(host, 0.0)) / speeds[host]
    gain = alone_s - max(together_s, begun_s)
    return gain if gain > _LEAST_SHARE * alone_s else 0.0
