"""Airflow's own Audit Log: who saw and heard calls stands there too, beside what else people do in Airflow.

cofi's record (`include.access.record`) is written before anything is shown; this copy after it, so that
nobody waits for Airflow's database.
"""

import json
import logging
from collections.abc import Callable, Collection
from typing import Annotated

from fastapi import Depends

from include.access.rights import Person

log = logging.getLogger(__name__)
Noted = Callable[[Person, str, Collection[str]], None]


def note(person: Person, event: str, call_ids: Collection[str]) -> None:
    """Adds an entry for each call; a failure of Airflow's database is logged and harms nobody."""
    from airflow.models.log import Log  # noqa: PLC0415 - the database's models take a second
    from airflow.utils.session import create_session  # noqa: PLC0415

    who = {"owner": person.name, "owner_display_name": person.name}
    try:
        with create_session() as session:
            for call_id in call_ids:
                extra = json.dumps({"call_id": call_id})
                session.add(Log(event=event, task_instance=None, extra=extra, **who))
    except Exception:
        log.exception("Not in Airflow's Audit Log: %s of %s by %s", event, ", ".join(call_ids), person.name)


async def noted() -> Noted:
    """What adds entries; tests put another in its place."""
    return note


NoteDep = Annotated[Noted, Depends(noted)]
