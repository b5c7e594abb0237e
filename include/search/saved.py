"""Searches that somebody wants to make again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, or_, select

from include.card_data.masking import masked_text
from include.database.engine import upsert
from include.database.models import SavedSearchRow
from include.errors import InvalidInput
from include.search.filters import Filters, filters_of

_LONGEST_NAME = 200


@dataclass(frozen=True)
class SavedSearch:
    """A search by its name; `filters` is None when this version does not know what it asks for."""

    search_id: str
    owner: str
    name: str
    shared: bool
    filters: Filters | None


def save_search(
    connection: Connection, owner: str, name: str, filters: Filters, *, shared: bool = False
) -> None:
    """Keeps a search; one of the same owner and name is replaced.

    Raises:
        InvalidInput: The name is empty or too long, or card data would be kept with it.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidInput(f"Give the search a name of 1 to {_LONGEST_NAME} characters.")
    if any(masked_text(text) != text for text in (name, filters.text)):
        raise InvalidInput(
            "It has a payment card number in it, and what is kept may not: search without keeping."
        )
    row = {
        "search_id": str(uuid4()),
        "owner": owner,
        "name": name,
        "shared": shared,
        "search": filters.asked(),
        "created_at": datetime.now(UTC),
    }
    changed = ("shared", "search", "created_at")
    upsert(connection, SavedSearchRow, [row], ["owner", "name"], changed)


def saved_searches(connection: Connection, user: str) -> list[SavedSearch]:
    """What a user sees: their own, then those that others share; each by name."""
    query = select(SavedSearchRow).where(or_(SavedSearchRow.owner == user, SavedSearchRow.shared))
    found = [
        SavedSearch(row.search_id, row.owner, row.name, row.shared, _known(row.search))
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (one.owner != user, one.name.lower()))


def forget_search(connection: Connection, owner: str, search_id: str) -> bool:
    """Deletes a search of its owner; whether there was one."""
    mine = delete(SavedSearchRow).where(SavedSearchRow.owner == owner, SavedSearchRow.search_id == search_id)
    return bool(connection.execute(mine).rowcount)


def _known(search: dict[str, object]) -> Filters | None:
    try:
        return filters_of(search)
    except InvalidInput:
        return None
