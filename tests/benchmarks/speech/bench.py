"""What every part of the benchmark is given: material, hosts, the bare model, and how much to do."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from include.errors import CofiError
from include.gpu.wire import Engine
from tests.benchmarks.speech.bare import BareModel
from tests.benchmarks.speech.corpus import Clip, Corpus
from tests.benchmarks.speech.hosts import Answered, Host, Hosts, Request, in_parallel

AT_ONCE = 2

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        clips: Real recordings of each set; None for all.
        calls: Sample calls; None for all.
        composed: Composed calls for each condition.
        spoken_calls: Conditions of composed calls with known words, a call each; None for all.
        noisy_clips: Clips that the effect of enhancement is measured on.
        snrs_db: Noise levels; None is clean.
        memory_calls: Calls over which memory is watched.
        timed_calls: Sample calls that the speed is measured on.
    """

    clips: int | None
    calls: int | None
    composed: int
    spoken_calls: int | None
    noisy_clips: int
    snrs_db: tuple[float | None, ...]
    memory_calls: int
    timed_calls: int


FULL = Size(
    clips=None,
    calls=None,
    composed=2,
    spoken_calls=None,
    noisy_clips=20,
    snrs_db=(None, 20.0, 10.0, 5.0, 0.0, -5.0),
    memory_calls=200,
    timed_calls=3,
)
QUICK = Size(
    clips=4,
    calls=1,
    composed=1,
    spoken_calls=3,
    noisy_clips=5,
    snrs_db=(None, 5.0),
    memory_calls=20,
    timed_calls=1,
)


@dataclass
class Bench:
    """Everything that the parts share.

    Attributes:
        failures: Calls that the host did not answer, with what it said.
        engines: Further engines that were measured, with their stage.
    """

    size: Size
    corpus: Corpus
    hosts: Hosts
    bare: BareModel
    known: Path
    scratch: Path
    pictures: Path
    say: Callable[[str], None]
    failures: list[str] = field(default_factory=list)
    engines: list[tuple[str, Engine]] = field(default_factory=list)

    def answers(self, host: Host, requests: list[Request], what: str) -> list[Answered | None]:
        """Sends calls, two at a time; None for one that failed, which does not stop the rest."""
        return in_parallel(
            requests, lambda r: self._answer(host, r), AT_ONCE, self.progress(what, len(requests))
        )

    def progress(self, what: str, of: int) -> Callable[[int], None]:
        """Says how far something is, every ten seconds and at its end."""
        last_s = [time.monotonic()]

        def done(n: int) -> None:
            if n == of or time.monotonic() - last_s[0] > 10:
                last_s[0] = time.monotonic()
                self.say(f"  {what}: {n} of {of}")

        return done

    def _answer(self, host: Host, request: Request) -> Answered | None:
        try:
            return host.answer(request)
        except CofiError as error:
            self.failures.append(f"{request.call_id}: {error}")
            return None


def sampled(clips: list[Clip], most: int | None) -> list[Clip]:
    """At most so many of each set, spread over the set."""
    if most is None:
        return clips
    by_set: dict[str, list[Clip]] = {}
    for clip in clips:
        by_set.setdefault(clip.set_name, []).append(clip)
    return [clip for members in by_set.values() for clip in spread(members, most)]


def spread(clips: list[_Item], most: int) -> list[_Item]:
    """At most so many, evenly from the first to the last."""
    if len(clips) <= most:
        return clips
    return [clips[n * len(clips) // most] for n in range(most)]
