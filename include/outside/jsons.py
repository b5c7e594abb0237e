"""Parses JSON from outside: strictly, to a depth, and with clean strings."""

import json
import math
from collections.abc import Iterable
from typing import Any

from include.outside.text import cleaned

# Nothing that cofi reads is deeper than a tenth of it; what walks through a value may do so recursively.
DEEPEST = 100
_MOST_DIGITS = 300


def parsed(text: str, deepest: int = DEEPEST) -> Any:
    """The value of a JSON text (RFC 8259), its strings cleaned.

    Raises:
        ValueError: It is none, repeats a key, holds a number that none is (NaN, Infinity, 1e999), or is too
            deep. Nothing else is raised, whatever the text.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite, parse_int=_short
        )
    except RecursionError:
        raise ValueError(f"the JSON is more than {deepest} levels deep") from None
    _check_depth(value, deepest)
    return cleaned_value(value)


def cleaned_value(value: Any) -> Any:
    """A JSON value of bounded depth with all its strings cleaned."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list):
        return [cleaned_value(one) for one in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned_value(one) for key, one in value.items()}
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        key = cleaned(name)
        if key in made:
            raise ValueError(f'the key "{key[:60]}" stands twice in one object')
        made[key] = value
    return made


def _no_number(said: str) -> float:
    raise ValueError(f"{said} is no number of JSON")


def _finite(said: str) -> float:
    number = float(said)
    if not math.isfinite(number):
        raise ValueError(f"{said[:20]} is too large for a number")
    return number


def _short(said: str) -> int:
    """An integer that a float can hold, too: whoever divides it fails else."""
    if len(said) > _MOST_DIGITS:
        raise ValueError(f"{said[:20]}… is too large for a number")
    return int(said)


def _check_depth(value: Any, deepest: int) -> None:
    """Level by level, not by recursion: the value may be as deep as the parser's own limit."""
    level = [value]
    for _ in range(deepest):
        inner = [child for one in level for child in _children(one) if isinstance(child, dict | list)]
        if not inner:
            return
        level = inner
    raise ValueError(f"the JSON is more than {deepest} levels deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
