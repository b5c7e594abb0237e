"""Lists of frequent names: what finds a person in a transcript that writes nothing with a capital."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

_FILE = "common_names.txt"


def is_given_name(word: str) -> bool:
    """Whether a folded word is somebody's first name and hardly anything else."""
    return word in _lists()["given"]


def is_name(word: str) -> bool:
    """Whether a folded word is a first or a family name, perhaps an ordinary word too."""
    return any(word in names for names in _lists().values())


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    text = resources.files("include.redaction").joinpath(_FILE).read_text("utf-8")
    lists: dict[str, set[str]] = {}
    names: set[str] = set()
    for line in text.splitlines():
        if line.startswith("["):
            names = lists.setdefault(line.strip("[]"), set())
        elif not line.startswith("#"):
            names.update(line.split())
    lists["given"] -= lists["also words"]
    return {title: frozenset(names) for title, names in lists.items()}
