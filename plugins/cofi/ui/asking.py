"""A request with what answering it takes: who asks, the database, and the record of what they get to see."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar

from fastapi import BackgroundTasks, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator
from sqlalchemy import Connection

from cofi.ui.access import PersonDep
from cofi.ui.action_log import Noted, NoteDep
from cofi.ui.data import DatabaseDep
from cofi.ui.pages import prefix_of, render
from include.access.record import Access, record_all
from include.access.rights import Person
from include.database.engine import Database
from include.outside.text import cleaned
from include.review.blindness import blind_calls

Value = TypeVar("Value")
# What people write in forms: what they paste may hold control characters.
Words = Annotated[str, BeforeValidator(lambda said: cleaned(said) if isinstance(said, str) else said)]
# Airflow's Audit Log names what was done.
_EVENTS = {
    Access.TEXT: "cofi_read_call",
    Access.BLIND: "cofi_read_call_blind",
    Access.PROMPT: "cofi_read_prompt",
    Access.SOUND: "cofi_hear_call",
    Access.AHEAD: "cofi_get_sound_ahead",
}


@dataclass(frozen=True)
class Asked:
    """A request to a page of Calls: who asks, cofi's database, and what is recorded of it.

    Attributes:
        after: What is done when the answer has been sent.
        note: Writes into Airflow's Audit Log.
    """

    request: Request
    person: Person
    database: Database
    after: BackgroundTasks
    note: Noted

    @cached_property
    def blind(self) -> frozenset[str]:
        """Calls whose scores and answers the person is not shown now: every page leaves them out by this."""
        return self.read(lambda connection: blind_calls(connection, self.person.name))

    @property
    def prefix(self) -> str:
        """What the addresses of pages begin with."""
        return prefix_of(self.request)

    def page(self, template: str, *, tab: str = "", **values: Any) -> HTMLResponse:
        """Answers with a page; see `cofi.ui.pages.render`."""
        return render(self.request, self.person, template, tab=tab, **values)

    def read(self, query: Callable[[Connection], Value]) -> Value:
        """Answers a query on cofi's database."""
        return self.database.read(query)

    def write(self, work: Callable[[Connection], Value]) -> Value:
        """Does work that writes into cofi's database, in one transaction."""
        return self.database.write(work)

    def record(self, call_id: str, what: Access) -> None:
        """Records what the person gets of a call, before they get it; Airflow's own log hears of it after."""
        self.record_all([call_id], what)

    def record_all(self, call_ids: Collection[str], what: Access) -> None:
        """Records what the person gets of several calls."""
        if call_ids:
            self.write(lambda connection: record_all(connection, self.person, call_ids, what))
            self.after.add_task(self.note, self.person, _EVENTS[what], call_ids)


async def asked(
    request: Request, person: PersonDep, database: DatabaseDep, after: BackgroundTasks, note: NoteDep
) -> Asked:
    """The request that a page answers: FastAPI gives its parts."""
    return Asked(request, person, database, after, note)


AskedDep = Annotated[Asked, Depends(asked)]
