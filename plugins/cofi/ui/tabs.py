"""The tabs of Calls, in order. A page says by its key which one it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.access.rights import Person, Right


@dataclass(frozen=True)
class Tab:
    """A tab of Calls, and who is shown it.

    Attributes:
        key: By which a page says that it belongs to the tab.
        title: As people read it.
        path: Below the prefix of cofi's pages.
        rights: Whoever lacks one is not shown the tab.
        one_of: Whoever has none of these, likewise; empty for all.
        of_agents: Only for people who are an agent of recordings.
    """

    key: str
    title: str
    path: str
    rights: Sequence[Right]
    of_agents: bool = False
    one_of: Sequence[Right] = ()


TABS: Sequence[Tab] = (
    Tab("review", "To review", "/review", (Right.TEXT, Right.ANSWER, Right.OTHERS)),
    Tab("search", "Search", "/search", (Right.TEXT, Right.OTHERS)),
    Tab("trends", "Trends", "/trends", (Right.TEXT, Right.OTHERS)),
    Tab("mine", "My calls", "/mine", (Right.TEXT,), of_agents=True),
    Tab("disputes", "Disputes", "/disputes", (Right.TEXT, Right.DECIDE, Right.OTHERS)),
    Tab(
        "calibration",
        "Calibration",
        "/calibration",
        (Right.TEXT, Right.OTHERS),
        one_of=(Right.ANSWER, Right.DECIDE),
    ),
    Tab("days", "Days", "/days", (Right.TEXT, Right.OTHERS)),
)


def tabs_of(person: Person) -> list[Tab]:
    """The tabs that a person is shown."""
    return [tab for tab in TABS if _shown(tab, person)]


def _shown(tab: Tab, person: Person) -> bool:
    allowed = all(person.may(right) for right in tab.rights)
    allowed = allowed and (not tab.one_of or any(person.may(right) for right in tab.one_of))
    return allowed and (bool(person.agents) or not tab.of_agents)
