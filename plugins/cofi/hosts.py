"""Which GPU hosts are ready, and how fast they are."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from cofi.hooks.gpu_host import GpuHostHook
from include.calls.stage import Stage
from include.database import hosts
from include.database.engine import Database
from include.distribution.planner import HostSpeed
from include.errors import CofiError, NoHostReady, TransientError
from include.gpu.wire import HostStatus

log = logging.getLogger(__name__)


async def ready_hosts(
    names: Sequence[str],
    database: Database,
    measured: Mapping[str, float] | None = None,
    left_out: type[CofiError] = TransientError,
    *,
    has_vocabulary: bool = False,
) -> list[HostSpeed]:
    """Asks every host whether it is ready, and how fast it has been.

    What was measured in this run counts first, then what the host says, then the last run that it worked in;
    a host of which nothing is known counts as fast as the others.

    Args:
        names: Connection ids.
        database: Of past runs.
        measured: Speeds in this run, in audio seconds per second.
        left_out: A host that answers with such an error does not take part.
        has_vocabulary: Whether the site tells one: hosts that make nothing of it are logged.

    Raises:
        NoHostReady: None is.
    """
    clients = [GpuHostHook(name).get_conn() for name in names]
    answers = await asyncio.gather(*(client.status() for client in clients), return_exceptions=True)
    await asyncio.gather(*(client.__aexit__() for client in clients))
    measured_by_host: dict[str, float | None] = {}
    left: dict[str, CofiError] = {}
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, left_out):
            log.warning("GPU host %s is left out: %s", name, answer)
            left[name] = answer
        elif isinstance(answer, BaseException):
            raise answer
        else:
            measured_by_host[name] = answer.speed
            if has_vocabulary and not answer.hears_vocabulary:
                log.warning("[cofi] vocabulary is lost on GPU host %s: %s", name, _why(answer))
    if not measured_by_host:
        why = " ".join(str(error) for error in left.values())
        raise NoHostReady(
            f"None of the GPU hosts {', '.join(names)} is ready: start one, or choose others in 'hosts'. "
            + why
        )
    past = database.read(lambda connection: hosts.past_speeds(connection, measured_by_host))
    known = {
        name: (measured or {}).get(name) or speed or past.get(name)
        for name, speed in measured_by_host.items()
    }
    speeds = [speed for speed in known.values() if speed]
    typical = sum(speeds) / len(speeds) if speeds else 1.0
    return [HostSpeed(name, speed or typical, bool(speeds)) for name, speed in known.items()]


def _why(status: HostStatus) -> str:
    if status.hears_vocabulary is None:
        return (
            "it does not say that it hears one; run this version of cofi there. Its calls are heard without."
        )
    engine = status.engines.get(Stage.STT)
    return f"{engine.name if engine else 'its recogniser'} takes none. Its calls are transcribed without."
