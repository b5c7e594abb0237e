"""Who acts, and which agent of the recordings they are: rules such as "nobody reviews themselves" need it.

Users are Airflow's. Which of them is which agent stands in a CSV, a line for each pair; somebody with several
names or ids in the recordings has several lines:

    user,agent
    mlopez,Marta López
    mlopez,4711
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from include.errors import InvalidInput
from include.outside.system_errors import why_unreadable

_COLUMNS = ("user", "agent")


@dataclass(frozen=True)
class Actor:
    """Somebody who does something.

    Attributes:
        user: Their name in Airflow.
        agents: Names and ids that they have as an agent of recordings; empty for who is none.
    """

    user: str
    agents: frozenset[str] = frozenset()

    def speaks_in(self, names: Iterable[str | None]) -> bool:
        """Whether they are the agent of a call, by the names and ids that it has for its agent."""
        return bool(self.agents.intersection(name for name in names if name))


@dataclass(frozen=True)
class People:
    """Users and the agents that they are."""

    agents: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def actor(self, user: str) -> Actor:
        """A user with the agents that they are."""
        return Actor(user, self.agents.get(user, frozenset()))

    def users_of(self, names: Iterable[str | None]) -> list[str]:
        """The users who are the agent of a call, by the names and ids that it has for its agent."""
        wanted = {name for name in names if name}
        return sorted(user for user, own in self.agents.items() if own & wanted)


def load_people(path: Path | None) -> People:
    """Reads who is which agent; nobody is one where there is no file.

    Raises:
        InvalidInput: The file cannot be read, or a line is wrong; the message names it.
    """
    if path is None:
        return People()
    try:
        file = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _read(path, file.st_mtime_ns, file.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _modified_ns: int, _bytes: int) -> People:
    """Every page asks who its reader is: the file is read when it has changed."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if ";" in header else ",")
            rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
            return _people(path, rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput(f"Agents' users {path} cannot be read: {why_unreadable(error)}")


def _people(path: Path, rows: "csv.DictReader[str]") -> People:
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InvalidInput(f"Agents' users {path} have no column {', '.join(missing)}: add it.")
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        user, agent = ((row[name] or "").strip() for name in _COLUMNS)
        if not user or not agent:
            raise InvalidInput(f"{path}:{rows.line_num}: a cell is empty; fill it, or delete the line.")
        found[user].add(agent)
    return People({user: frozenset(agents) for user, agents in found.items()})
