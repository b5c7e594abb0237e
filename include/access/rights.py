"""Rights on calls, the roles that bundle them, and the people who have them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from include.errors import InvalidInput


class Right(StrEnum):
    """What somebody may do with calls. An auth manager gives each apart, as a custom view of this name."""

    TEXT = "Calls: text"
    AUDIO = "Calls: audio"
    ANSWER = "Calls: answers"
    DECIDE = "Calls: disputes"
    OTHERS = "Calls: all agents"


# Reading is GET and writing POST, as custom views are asked for.
METHODS: Mapping[Right, str] = {
    Right.TEXT: "GET",
    Right.AUDIO: "GET",
    Right.ANSWER: "POST",
    Right.DECIDE: "POST",
    Right.OTHERS: "GET",
}
# For auth managers that cannot give rights apart. An agent sees, hears and disputes calls of their own.
ROLES: Mapping[str, frozenset[Right]] = {
    "agent": frozenset({Right.TEXT, Right.AUDIO}),
    "reader": frozenset({Right.TEXT, Right.OTHERS}),
    "analyst": frozenset({Right.TEXT, Right.AUDIO, Right.ANSWER, Right.OTHERS}),
    "compliance": frozenset({Right.TEXT, Right.AUDIO, Right.DECIDE, Right.OTHERS}),
    "admin": frozenset(Right),
}


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in.

    Attributes:
        name: As Airflow calls the user.
        may: Whether they have a right.
        agents: The agents, by name or id, that they are themselves.
    """

    name: str
    may: Callable[[Right], bool] = field(repr=False)
    agents: frozenset[str] = frozenset()

    def sees(self, *agent: str | None) -> bool:
        """Whether they may see a call of this agent, by its name and id; a call of nobody is no one's own."""
        return self.may(Right.OTHERS) or self.is_own(*agent)

    @property
    def leads(self) -> bool:
        """Whether they open calibration sessions, end them, and see all of them."""
        return self.may(Right.DECIDE) and self.may(Right.OTHERS)

    def is_own(self, *agent: str | None) -> bool:
        """Whether a call of this agent, by its name and id, is their own."""
        return any(one in self.agents for one in agent if one)


def roles_of(text: str) -> dict[str, str]:
    """Role by user from a setting like `ana: analyst, daniel: agent`.

    Raises:
        InvalidInput: It is not written so, or names a role that there is not.
    """
    return dict(_entry(entry) for entry in _entries(text))


def _entries(text: str) -> Iterable[str]:
    return (entry.strip() for entry in text.split(",") if entry.strip())


def _entry(entry: str) -> tuple[str, str]:
    user, colon, role = (part.strip() for part in entry.partition(":"))
    if not user or not colon or role not in ROLES:
        raise InvalidInput(
            f"[cofi] people: '{entry}' is no user and role: write them like 'ana: analyst'; the roles are "
            f"{', '.join(ROLES)}."
        )
    return user, role
