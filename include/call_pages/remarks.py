"""A remark of a call page that points to the moments of the call that it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Remark:
    """A text, and the moments when it was said, in ms of the original recording."""

    text: str
    starts_ms: Sequence[int] = ()


def times(turn_ids: Iterable[str | None], starts: Mapping[str, int]) -> tuple[int, ...]:
    """When turns begin; those that the call has not are left out."""
    return tuple(starts[turn_id] for turn_id in turn_ids if turn_id and turn_id in starts)
