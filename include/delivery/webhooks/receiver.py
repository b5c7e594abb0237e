"""The receiver of a deployment's events: signs one, sends it, and interprets the answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from include.delivery.webhooks.targets import checked_addresses
from include.errors import EventRefused, InvalidInput, ReceiverGone
from include.outside.text import decoded, one_line
from include.outside.times import LONGEST_WAIT_S, asked_wait_s

# So much of an answer that is no success is kept for the engineer.
_BODY_BYTES = 200


@dataclass(frozen=True)
class ReceiverSettings:
    """Where events go, and how.

    Attributes:
        url: The receiver's.
        secrets: Each `whsec_…` (Base64 behind it). An event carries a signature by each, so that a secret can
            be changed while both are valid.
        width: Most requests in flight.
        timeout_s: For one request, from opening the connection to the end of the answer.
        longest_wait_s: An event waits no longer for its next attempt, whatever the receiver asks for.
        allow_http: Whether events may go without TLS.
        allow_private: Whether they may go to addresses that are not public.
    """

    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    width: int = 20
    timeout_s: float = 15.0
    longest_wait_s: float = LONGEST_WAIT_S
    allow_http: bool = False
    allow_private: bool = False


class Receiver:
    """Sends events; use as `async with Receiver(settings) as receiver`.

    Entering it resolves and checks the target (see `targets.checked_addresses`).
    """

    def __init__(self, settings: ReceiverSettings) -> None:
        self.settings = settings
        self._signers = [_signer(secret) for secret in settings.secrets]
        if not self._signers:
            raise InvalidInput(
                "Connection cofi_webhook has no signing secret: put whsec_… into its password; "
                "`cofi webhooks secret` makes one."
            )
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """The URL without what may be secret in it."""
        parts = urlsplit(self.settings.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def __aenter__(self) -> Self:
        settings = self.settings
        addresses = await checked_addresses(
            settings.url, allow_http=settings.allow_http, allow_private=settings.allow_private
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.width, resolver=addresses),
            timeout=aiohttp.ClientTimeout(total=settings.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Content-Type": "application/json", "User-Agent": "cofi"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, event_id: str, payload: Mapping[str, Any]) -> int:
        """Sends an event once.

        Returns:
            The status, 200 to 299: the receiver has taken it.

        Raises:
            EventRefused: No answer, or another one; it may be sent again.
            ReceiverGone: 410: the receiver wants no more events.
        """
        if self._session is None:
            raise RuntimeError("Receiver is used outside its `async with` block")
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        try:
            # A redirect could lead anywhere, past every check.
            async with self._session.post(
                self.settings.url, data=body, headers=self._signed(event_id, body), allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    return answer.status
                refusal = decoded(await answer.content.read(_BODY_BYTES))
                raise _refusal(answer, one_line(refusal, _BODY_BYTES), self.settings.longest_wait_s)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            what = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
            raise EventRefused(f"{what}: {error}".removesuffix(": ")) from error

    def _signed(self, event_id: str, body: str) -> dict[str, str]:
        """The headers of Standard Webhooks; the timestamp is that of the attempt."""
        now = datetime.now(UTC)
        signatures = [signer.sign(event_id, now, body) for signer in self._signers]
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def _signer(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise InvalidInput(
            f"The signing secret of connection cofi_webhook is no Base64 ({error}): "
            "`cofi webhooks secret` makes one for its password."
        ) from error


def _refusal(answer: aiohttp.ClientResponse, body: str, longest_wait_s: float) -> EventRefused | ReceiverGone:
    if answer.status == 410:
        return ReceiverGone(f"it answered 410 {body}".rstrip())
    hint = ", and redirects are not followed" if 300 <= answer.status < 400 else ""
    return EventRefused(
        f"it answered {answer.status}{hint} {body}".rstrip(),
        status=answer.status,
        retry_after_s=asked_wait_s(answer.headers, longest_wait_s),
    )
