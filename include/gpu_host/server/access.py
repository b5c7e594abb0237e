"""Who may talk to the host: everyone to `/health`, holders of the bearer token to the rest."""

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from include.gpu_host.server import problems

_OPEN_PATHS = {"/health"}


class RequireToken:
    """ASGI middleware: answers 401 before a byte of the body is read.

    Args:
        app: What is behind it.
        token: What clients send as `Authorization: Bearer <token>`.
        failed: Told the kind of every refusal.
    """

    def __init__(self, app: ASGIApp, token: str, failed: Callable[[str], None]) -> None:
        self._app = app
        self._token = token.encode()
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS or self._holds_token(scope):
            await self._app(scope, receive, send)
        else:
            refusal = problems.unauthorized()
            self._failed(refusal.kind)
            await problems.response(refusal)(scope, receive, send)

    def _holds_token(self, scope: Scope) -> bool:
        scheme, _, sent = Headers(scope=scope).get("authorization", "").partition(" ")
        # In constant time, so that the token cannot be guessed byte by byte.
        is_token = hmac.compare_digest(sent.encode("latin-1"), self._token)
        return is_token and scheme.lower() == "bearer"
