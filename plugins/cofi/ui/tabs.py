"""The tabs of Calls, in order. A page says by its key which one it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.access.rights import Person, Right


@dataclass(frozen=True)
class Tab:
    """One of them.

    Attributes:
        path: Below the prefix of cofi's pages.
        right: Whoever lacks it is not shown the tab; None for anybody.
    """

    key: str
    title: str
    path: str
    right: Right | None = None


TABS: Sequence[Tab] = (
    Tab("search", "Search", "/search", Right.TEXT),
    Tab("trends", "Trends", "/trends", Right.TEXT),
    Tab("days", "Days", "/days", Right.TEXT),
)


def tabs_of(person: Person) -> list[Tab]:
    """The tabs that a person is shown."""
    return [tab for tab in TABS if tab.right is None or person.may(tab.right)]
