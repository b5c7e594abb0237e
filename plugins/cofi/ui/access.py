"""Who asks: the user that Airflow knows, with the rights that its auth manager gives them on calls."""

from collections.abc import Callable
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager, ResourceMethod
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request

from cofi.settings import Settings
from include.access.rights import METHODS, ROLES, Person, Right, roles_of

WRITE_HEADER = "X-Cofi"
NO_RIGHTS = (
    "Your account has no right to see calls. Whoever looks after Airflow gives it: a role in [cofi] people, "
    f"or the custom view '{Right.TEXT}' in the auth manager."
)


# What only looks at what is there is asynchronous: FastAPI hands each other function to a thread, and where
# many people ask at once each handing over waits for its turn.
async def auth_manager() -> BaseAuthManager[Any]:
    """Airflow's own; tests put another in its place."""
    return get_auth_manager()


def person_of(
    request: Request, user: GetUserDep, manager: Annotated[BaseAuthManager[Any], Depends(auth_manager)]
) -> Person:
    """The person behind a request; 401 without one. The page that refuses them something knows them, too."""
    settings = Settings.load()
    if isinstance(manager, SimpleAuthManager):
        may = _by_role(user, settings)
    else:
        may = _by_custom_views(user, manager)
    person = Person(user.get_name(), may, settings.known_people.actor(user.get_name()).agents)
    request.state.person = person
    return person


def _by_role(user: Any, settings: Settings) -> Callable[[Right], bool]:
    """The simple auth manager says yes to every viewer, whatever is asked: a setting decides.

    Its admins may do all, if the setting names no other role for them.
    """
    fallback = "admin" if str(user.role).lower() == "admin" else ""
    role = roles_of(settings.people).get(user.get_name(), fallback)
    return ROLES.get(role, frozenset()).__contains__


def _by_custom_views(user: Any, manager: BaseAuthManager[Any]) -> Callable[[Right], bool]:
    """All of them at once, as nearly all are asked for by every page: its tabs are by them."""

    def may(right: Right) -> bool:
        method = cast(ResourceMethod, METHODS[right])
        return manager.is_authorized_custom_view(method=method, resource_name=right.value, user=user)

    return frozenset(right for right in Right if may(right)).__contains__


PersonDep = Annotated[Person, Depends(person_of)]
# What answering calls takes: a queue, and a session, hold calls of all agents.
REVIEWS = (Right.ANSWER, Right.OTHERS)


def reviewers(settings: Settings) -> list[str]:
    """Who may answer, as far as the setting tells; where the auth manager gives rights, nobody knows here."""
    roles = roles_of(settings.people)
    return [name for name, role in roles.items() if ROLES[role].issuperset(REVIEWS)]


def requires(*rights: Right) -> Any:
    """A dependency that answers 403 to whoever lacks one of these."""

    async def inner(person: PersonDep) -> None:
        for right in rights:
            if not person.may(right):
                raise HTTPException(
                    403, f"Your account lacks the right '{right.value}': ask whoever gives rights."
                )

    return Depends(inner)


async def same_origin(request: Request) -> None:
    """A write comes from a page of ours: other sites can send a cookie along, but no header of their own."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("Host")
    # A proxy may rename the host; browsers that say where a request comes from are believed first.
    if (
        WRITE_HEADER not in request.headers
        or site != "same-origin"
        or (foreign and not _names_its_site(request))
    ):
        raise HTTPException(403, f"Writes come from cofi's own pages, with the header {WRITE_HEADER}.")


def _names_its_site(request: Request) -> bool:
    return "Sec-Fetch-Site" in request.headers


WRITES = Depends(same_origin)
