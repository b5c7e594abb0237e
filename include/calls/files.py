"""The files of a day by kind: the ledger counts recordings, and what lies beside them is counted here."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# A report names so many problems; the log names all.
PROBLEMS_KEPT = 50


@dataclass(frozen=True)
class DayFiles:
    """What lies in a day's folders beside the recordings that the ledger counts.

    Attributes:
        recordings: Calls that have a file: those of two sides count once.
        sides: Further files of calls whose sides were recorded apart.
        sidecars: Files with metadata whose recording is there.
        sidecars_alone: Those whose recording is not there.
        sidecars_unread: Those that could not be read.
        without_sidecar: Recordings without one, where the recorder writes them.
        ignored: Files that are neither, by ending: those that the recorder's file names, and those that
            systems and programs leave anywhere.
        unknown: Files that the recorder's file does not know, by ending.
        other_days: Recordings in these folders that belong to other days.
        being_written: Files that are left for the next look: they may still grow.
        manifest_problems: What of the manifest was not read, or does not count.
        problems: What somebody should look at, a sentence each, the first ones.
    """

    recordings: int = 0
    sides: int = 0
    sidecars: int = 0
    sidecars_alone: int = 0
    sidecars_unread: int = 0
    without_sidecar: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    other_days: int = 0
    being_written: int = 0
    manifest_problems: int = 0
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "DayFiles":
        """Reads the counts from a database column; fields of other versions are left out."""
        known = {name: value for name, value in stored.items() if name in cls.__dataclass_fields__}
        return cls(**{**known, "problems": tuple(known.get("problems", ()))})

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON for a database column."""
        return {**asdict(self), "problems": list(self.problems)}

    def __str__(self) -> str:
        """`24 sidecars, 2 ignored files (2 .txt)`; kinds without files are left out."""
        parts = [
            _of(self.sides, "second side", "of a call", "of calls"),
            _of(self.sidecars, "sidecar"),
            _of(self.sidecars_alone, "sidecar", "without its recording", "without their recordings"),
            _of(self.sidecars_unread, "sidecar", "that cannot be read"),
            _of(self.without_sidecar, "recording", "without a sidecar"),
            _by_ending(self.ignored, "ignored file"),
            _by_ending(self.unknown, "unknown file"),
            _of(self.other_days, "recording", "of another day", "of other days"),
            _of(self.being_written, "file", "still being written"),
            _of(self.manifest_problems, "problem", "in the manifest"),
        ]
        return ", ".join(filter(None, parts)) or "nothing"


def by_ending(paths: Iterable[str]) -> dict[str, int]:
    """Counts paths by their endings, `.txt`; the most frequent first."""
    names = (path.rpartition("/")[2] for path in paths)
    endings = (f".{name.rpartition('.')[2].lower()[:12]}" if "." in name else "(none)" for name in names)
    return dict(sorted(Counter(endings).items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Some:
    """How many paths there are, and the first of them in order."""

    count: int = 0
    first: str = ""

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Some":
        """Counts them, and keeps none but one."""
        count, first = 0, ""
        for path in paths:
            count, first = count + 1, min(first, path) if count else path
        return cls(count, first)

    def with_trouble(self, noun: str, trouble: str, mend: str) -> str | None:
        """`no recording for 3 sidecars, such as a.json: …`; None when there are none."""
        if not self.count:
            return None
        such = f", such as {self.first}" if self.count > 1 else f" {self.first}"
        return f"{trouble} {_of(self.count, noun)}{such}: {mend}"


def _of(count: int, noun: str, after: str = "", after_many: str = "") -> str:
    if not count:
        return ""
    rest = after if count == 1 else after_many or after
    many = noun if count == 1 else f"{noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{count:,} {many}{f' {rest}' if rest else ''}"


def _by_ending(counts: Mapping[str, int], noun: str) -> str:
    listed = ", ".join(f"{count:,} {ending}" for ending, count in counts.items())
    return f"{_of(sum(counts.values()), noun)} ({listed})" if counts else ""
