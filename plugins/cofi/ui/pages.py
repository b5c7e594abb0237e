"""Pages from templates: escaped, private, and nothing in them runs that is not served here."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cofi.settings import Settings
from cofi.ui.tabs import tabs_of
from include import site_time
from include.access.rights import Person, Right
from include.delivery import wording

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
# Styles may stand in elements: charts are inline SVG, which has them. Scripts may not.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_TIMES = (
    site_time.moment,
    site_time.time_of_day,
    site_time.second_of_day,
    site_time.day_and_time,
    site_time.date_there,
)
PRIVATE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def render(
    request: Request, person: Person | None, template: str, *, tab: str = "", status: int = 200, **values: Any
) -> HTMLResponse:
    """A page, or a part of one.

    Args:
        request: What is answered.
        person: Who asks; None where nobody is signed in.
        template: Its name below `templates`.
        tab: Key of the tab that it belongs to.
        status: HTTP status.
        values: What the template needs besides `person`, `tabs`, `Right`, `prefix` and `version`.
    """
    content = rendered(request, person, template, tab=tab, **values)
    return HTMLResponse(content, status, PRIVATE)


def rendered(request: Request, person: Person | None, template: str, *, tab: str = "", **values: Any) -> str:
    """The text of a page, or of a part of one; see `render`."""
    shared = {
        "person": person,
        "tabs": tabs_of(person) if person else [],
        "tab": tab,
        "Right": Right,
        "prefix": prefix_of(request),
        "version": static_version(),
    }
    return environment().get_template(template).render(**shared, **values)


def prefix_of(request: Request) -> str:
    """What the pages' paths begin with: below whatever Airflow itself lies under."""
    return str(request.scope.get("root_path", ""))


@cache
def environment() -> Environment:
    """Where templates come from, and what they may say."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for word in (wording.calls, wording.percent, wording.decimal, wording.duration, wording.clock):
        made.filters[word.__name__] = word
    made.filters |= {"money": wording.money, "figure": wording.count}
    for shown in _TIMES:
        made.filters[shown.__name__] = _by_the_site(shown)
    made.filters["twice"] = lambda value: (value, value)
    return made


def _by_the_site(shown: Callable[..., str]) -> Callable[..., str]:
    """Shows times by the site's clock as it is set when a page is asked for."""
    return lambda time, *form: shown(time, Settings.load().timezone, *form)


@cache
def static_version() -> str:
    """Changes when a script or style does, so that browsers may keep them."""
    files = sorted(path for path in STATIC.iterdir() if path.is_file())
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
