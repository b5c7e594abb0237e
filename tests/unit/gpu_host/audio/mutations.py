"""Damages recordings as disks, networks, recorders and attackers do; a seed repeats it exactly."""

import struct
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytearray], bytearray]

_TELLING = (0, 1, 0x7F, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x0FFF_FFF0)
_HEADER_BYTES = 400


def _flip_bits(random: Random, data: bytearray) -> bytearray:
    for _ in range(random.choice((1, 4, 64))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _flip_header_bits(random: Random, data: bytearray) -> bytearray:
    for _ in range(random.choice((1, 2, 8))):
        data[random.randrange(min(_HEADER_BYTES, len(data)))] ^= 1 << random.randrange(8)
    return data


def _edit_header(random: Random, data: bytearray) -> bytearray:
    for _ in range(random.choice((1, 2, 4))):
        at = random.randrange(min(_HEADER_BYTES, len(data)) - 4)
        number = random.choice((*_TELLING, random.getrandbits(32)))
        data[at : at + 4] = struct.pack(random.choice("<>") + "I", number)
    return data


def _truncate(random: Random, data: bytearray) -> bytearray:
    return data[: random.choice((random.randrange(_HEADER_BYTES), random.randrange(len(data))))]


def _cut_out(random: Random, data: bytearray) -> bytearray:
    at = random.randrange(len(data))
    del data[at : at + random.choice((1, 3, 100, 5000))]
    return data


def _repeat(random: Random, data: bytearray) -> bytearray:
    at, to = random.randrange(len(data)), random.randrange(len(data))
    return data[:to] + data[at : at + random.choice((1, 8, 500, 5000))] * random.choice((1, 3)) + data[to:]


def _insert_junk(random: Random, data: bytearray) -> bytearray:
    at = random.choice((0, len(data), random.randrange(len(data))))
    return data[:at] + random.randbytes(random.choice((1, 4, 700, 9000))) + data[at:]


def _blank(random: Random, data: bytearray) -> bytearray:
    at, length = random.randrange(len(data)), random.choice((16, 600, 6000))
    data[at : at + length] = bytes([random.choice((0, 0xFF))]) * len(data[at : at + length])
    return data


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _flip_header_bits,
    _edit_header,
    _edit_header,
    _truncate,
    _cut_out,
    _repeat,
    _insert_junk,
    _blank,
)


def mutated(seed: int, recordings: list[bytes]) -> tuple[str, bytes]:
    """A damaged recording, and how it was made."""
    random = Random(seed)
    which = random.randrange(len(recordings))
    data = bytearray(recordings[which])
    steps = random.choices(_MUTATIONS, k=random.choice((1, 1, 2, 3)))
    for step in steps:
        data = step(random, data) if len(data) > 8 else data
    if random.random() < 0.05:
        other = random.choice(recordings)
        data = data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other)) :]
        steps.append(mutated)
    return f"{seed}: recording {which}, {', '.join(step.__name__ for step in steps)}", bytes(data)
