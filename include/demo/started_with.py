"""With what the embedded stack was started: its processes know nothing of what is set after that."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import include
from include.demo import settings

_VERSION = "the version of cofi"
_OF_GPU_HOSTS = "COFI_GPU_HOST_"


def fingerprints(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """A hash of each thing that processes are given when they start: no secret of it is kept.

    Args:
        home: AIRFLOW_HOME.
        given: Environment variables of Airflow that somebody has set.
    """
    of_hosts = {name: text for name, text in os.environ.items() if name.startswith(_OF_GPU_HOSTS)}
    values = {**settings.shipped(home), **given, **of_hosts, _VERSION: include.__version__}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in values.items()}


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What is otherwise, named for a reader.

    Args:
        before: The fingerprints at the start; none of a stack that a version without them has started.
        now: The fingerprints of what is set.
    """
    if not before:
        return [_VERSION]
    names = sorted({*before, *now})
    return [settings.called(name) for name in names if before.get(name) != now.get(name)]
