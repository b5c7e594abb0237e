"""Alerts for chats that take Slack's incoming webhooks, as Mattermost and Rocket.Chat do, too."""

import aiohttp

from include.errors import EventRefused
from include.outside.bodies import read_body
from include.outside.text import one_line

_TIMEOUT_S = 20
_BODY_BYTES = 200


async def post(url: str, subject: str, text: str) -> None:
    """Sends one message.

    Raises:
        EventRefused: The chat did not take it; the message holds no part of the URL, which is a secret.
    """
    body = {"text": f"*{_escaped(subject)}*\n{_escaped(text)}"}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=body, allow_redirects=False) as response,
        ):
            if response.status < 300:
                return
            refusal = one_line((await read_body(response, _BODY_BYTES)).text, _BODY_BYTES)
            raise EventRefused(f"the chat answered {response.status}: {refusal}", status=response.status)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise EventRefused(f"the chat cannot be reached ({type(error).__name__})") from None


def _escaped(text: str) -> str:
    """Slack reads &, < and > as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
