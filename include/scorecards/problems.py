"""Something wrong in a scorecard, and where."""

from dataclasses import dataclass

# Keys and 0-based positions from the top of the file.
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place of the file; the message says what to write."""

    place: Place
    message: str
