"""Days of tiny recordings: valid WAV files of two seconds and more, none like another."""

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

RATE_HZ = 8000
SHORTEST_S = 2.0125


def make_day(recordings: Path, day: date, lengths_s: Sequence[float]) -> None:
    """Writes a day's folder. No two files have the same size, so that nobody has to compare them.

    Args:
        recordings: The folder of all days.
        day: Which one.
        lengths_s: How long each recording is, `SHORTEST_S` at least.
    """
    folder = recordings / day.isoformat()
    folder.mkdir(parents=True)
    sizes = sizes_of(lengths_s)
    noise = random.Random(day.toordinal()).randbytes(max(sizes) + len(sizes))
    for number, samples in enumerate(sizes):
        (folder / f"{number:05}.wav").write_bytes(_header(samples) + noise[number : number + samples])


def sizes_of(lengths_s: Sequence[float]) -> list[int]:
    """Of recordings that are so long, in samples; a size that is taken becomes the next free one."""
    taken: set[int] = set()
    sizes = []
    following: dict[int, int] = {}
    for seconds in lengths_s:
        wanted = round(seconds * RATE_HZ)
        samples = following.get(wanted, wanted)
        while samples in taken:
            samples += 1
        taken.add(samples)
        following[wanted] = samples + 1
        sizes.append(samples)
    return sizes


def _header(samples: int) -> bytes:
    """Of a mono file with 8 bits a sample."""

    def field(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little")

    form = field(1, 2) + field(1, 2) + field(RATE_HZ, 4) + field(RATE_HZ, 4) + field(1, 2) + field(8, 2)
    riff = b"RIFF" + field(36 + samples, 4) + b"WAVE"
    return riff + b"fmt " + field(16, 4) + form + b"data" + field(samples, 4)
