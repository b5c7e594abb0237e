"""Days of tiny recordings: valid WAV files of a little more than two seconds, none like another."""

import random
from datetime import date
from pathlib import Path

_RATE_HZ = 8000
_SHORTEST_SAMPLES = 2 * _RATE_HZ + 100


def make_day(recordings: Path, day: date, calls: int) -> None:
    """Writes a day's folder. No two files have the same size, so that nobody has to compare them."""
    folder = recordings / day.isoformat()
    folder.mkdir(parents=True)
    noise = random.Random(day.toordinal()).randbytes(4 * _RATE_HZ)
    for number in range(calls):
        samples = _SHORTEST_SAMPLES + number
        (folder / f"{number:05}.wav").write_bytes(_header(samples) + noise[number : number + samples])


def _header(samples: int) -> bytes:
    """Of a mono file with 8 bits a sample."""

    def field(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little")

    form = field(1, 2) + field(1, 2) + field(_RATE_HZ, 4) + field(_RATE_HZ, 4) + field(1, 2) + field(8, 2)
    riff = b"RIFF" + field(36 + samples, 4) + b"WAVE"
    return riff + b"fmt " + field(16, 4) + form + b"data" + field(samples, 4)
