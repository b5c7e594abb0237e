"""Scripts, styles and the icon: served like the pages, to whoever is signed in."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from cofi.ui.pages import STATIC

router = APIRouter()

# The version in the path changes with the content. `private`: no proxy keeps what needs a login.
_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@router.get("/static/{version}/{name}")
def static(version: str, name: str) -> FileResponse:
    """A file of the pages."""
    path = STATIC / name
    # One folder, no way out of it: a name with a separator is another route.
    if path.parent != STATIC or path.suffix not in _TYPES or not path.is_file():
        raise HTTPException(404, f"There is no {name}.")
    return FileResponse(path, headers=_HEADERS, media_type=_TYPES[path.suffix])
