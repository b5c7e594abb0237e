"""The tabs of Calls, in order. A page says by its key which one it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.access.rights import Person, Right


@dataclass(frozen=True)
class Tab:
    """One of them.

    Attributes:
        path: Below the prefix of cofi's pages.
        rights: Whoever lacks one is not shown the tab.
        of_agents: Only for people who are an agent of recordings.
    """

    key: str
    title: str
    path: str
    rights: Sequence[Right]
    of_agents: bool = False


TABS: Sequence[Tab] = (
    Tab("review", "To review", "/review", (Right.TEXT, Right.ANSWER, Right.OTHERS)),
    Tab("search", "Search", "/search", (Right.TEXT,)),
    Tab("trends", "Trends", "/trends", (Right.TEXT,)),
    Tab("mine", "My calls", "/mine", (Right.TEXT,), of_agents=True),
    Tab("disputes", "Disputes", "/disputes", (Right.TEXT, Right.DECIDE, Right.OTHERS)),
    Tab("days", "Days", "/days", (Right.TEXT, Right.OTHERS)),
)


def tabs_of(person: Person) -> list[Tab]:
    """The tabs that a person is shown."""
    return [
        tab
        for tab in TABS
        if all(person.may(right) for right in tab.rights) and (person.agents or not tab.of_agents)
    ]
