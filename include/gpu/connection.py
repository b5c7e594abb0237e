"""The connection to one GPU host: one request, one answer, and whether the host lives behind a silence."""

import asyncio
import os
from typing import Any

import aiohttp

from include.errors import CofiError, HostFault, HostLost, HostMisconfigured
from include.gpu.mends import NOT_HTTP
from include.gpu.reading import Answer, read_health
from include.gpu.refusals import BEHIND_GATEWAY, OutsideContract, Phase
from include.gpu.settings import HostSettings
from include.gpu.wire import HostHealth
from include.outside.bodies import ERROR_BYTES, MIB, read_body
from include.outside.text import one_line
from include.tracing.spans import carried

_REASON_CHARS = 300
# Each question for the health after the first waits so much longer than the one before.
_LONGER_S = 1.0


class HostConnection:
    """Sends requests to one host. No error of the HTTP library leaves it.

    Args:
        name: What errors call the host.
        base_url: `http://host:port`.
        token: Bearer token; empty when the host wants none.
        settings: Timeouts.

    Attributes:
        instance: Of the host's process, when it was last known to be ready.
    """

    def __init__(self, name: str, base_url: str, token: str, settings: HostSettings) -> None:
        self.name = name
        self.instance: str | None = None
        self._base_url = base_url.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._settings = settings
        self._health: asyncio.Task[HostHealth | None] | None = None
        self._opened: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes all connections."""
        if self._opened:
            await self._opened.close()

    async def send(self, phase: Phase, method: str, path: str, **request: Any) -> Answer:
        """Waits for the answer as long as the host lives: one without power closes no connection.

        Raises:
            HostLost: It does not answer, nor tells its health; or what answers there is no such host.
            HostFault: It breaks off though it lives, or what it sends is no HTTP.
            CofiError: What went wrong inside a streamed body.
        """
        exchange = asyncio.create_task(self._exchange(phase, method, path, **request))
        try:
            while not (await asyncio.wait([exchange], timeout=self._settings.health_every_s))[0]:
                await self._must_live("no answer yet", path)
            answer = await exchange
        finally:
            exchange.cancel()
        if phase.of_a_recording and answer.status in BEHIND_GATEWAY and not answer.problem:
            # The gateway lives; the host behind it may have died of this request.
            await self._must_live(f"a gateway answered {answer.status}", path)
        return answer

    async def renew_instance(self) -> None:
        """Takes the process that answers now for the one that is worked with."""
        health = await self._health_now()
        self.instance = health.instance if health else None

    async def _exchange(self, phase: Phase, method: str, path: str, **request: Any) -> Answer:
        longest_bytes = self._settings.longest_answer_mib * MIB
        request_options = request | {"headers": {**request.get("headers", {}), **carried()}}
        try:
            # A redirect is not followed: a recording goes where the connection says, and nowhere else.
            async with self._session().request(
                method, path, allow_redirects=False, **request_options
            ) as response:
                limit_bytes = longest_bytes if response.status in phase.successes else ERROR_BYTES
                return Answer(response.status, response.headers, await read_body(response, limit_bytes))
        except TimeoutError as error:
            if isinstance(error, aiohttp.ServerTimeoutError) or phase is Phase.READY:
                raise await self._broken_off(error, path) from None
            # Perhaps this one call is too much for it: the others go on.
            raise HostFault(f"GPU host {self.name} does not finish {path} in time.") from error
        except (aiohttp.ClientSSLError, aiohttp.InvalidURL) as error:
            raise self._misconfigured(error) from None
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            if isinstance(error.__cause__, CofiError):  # aiohttp wraps what goes wrong inside a streamed body
                raise error.__cause__ from None
            raise await self._broken_off(error, path) from None
        except (aiohttp.ClientError, ValueError) as error:  # bytes that its parser cannot read
            raise self._no_http(phase, error) from None

    def _session(self) -> aiohttp.ClientSession:
        """Made at the first request, inside the event loop that uses it.

        Raises:
            HostMisconfigured: The address is none, or has a password beside the token.
        """
        if self._opened is None:
            if self._headers and "@" in self._base_url.partition("://")[2].partition("/")[0]:
                raise HostMisconfigured(
                    f"GPU host {self.name} has a token, and a user in its address, and only one of them can "
                    "be sent: take the user out of the address of its connection, or leave the token empty."
                )
            try:
                self._opened = aiohttp.ClientSession(
                    self._base_url,
                    connector=aiohttp.TCPConnector(limit=0),  # who calls it bounds what is in flight
                    headers=self._headers,
                    timeout=aiohttp.ClientTimeout(
                        total=self._settings.stage_timeout_s, sock_connect=self._settings.connect_timeout_s
                    ),
                )
            except ValueError as error:
                raise self._misconfigured(error) from None
        return self._opened

    def _misconfigured(self, error: Exception) -> HostMisconfigured:
        certificate = isinstance(error, aiohttp.ClientConnectorCertificateError)
        if certificate:
            how = "renew its certificate, or let cofi's machine trust who signed it (SSL_CERT_FILE)"
        elif isinstance(error, aiohttp.ClientSSLError):
            how = "it speaks no TLS there: check schema (http, https) and port of its connection"
        else:
            how = "check schema, host and port of its connection"
        return HostMisconfigured(
            f"GPU host {self.name} cannot be asked at its address ({_reason(error)}): {how}."
        )

    def _no_http(self, phase: Phase, error: Exception) -> HostFault | HostMisconfigured:
        said = f"GPU host {self.name} answered with what is no HTTP ({_reason(error)}): {NOT_HTTP}."
        return HostMisconfigured(said) if phase is Phase.READY else OutsideContract(said)

    async def _must_live(self, reason: str, path: str) -> None:
        error = await self._broken_off(TimeoutError(reason), path)
        if isinstance(error, HostLost):
            raise error

    async def _broken_off(self, error: Exception, path: str) -> HostFault | HostLost:
        """One broken connection says little: a host is lost when it does not tell its health either.

        Or when it tells that it has been started anew: it may have died of this request.
        """
        reason = _reason(error)
        never_reached = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerTimeoutError)
        health = await self._health_now()
        if health is None:
            what_happened = f"does not answer ({reason}): start it, or check its connection."
        elif self.instance and health.instance and health.instance != self.instance:
            what_happened = f"was started anew while it worked on {path}: see its log for why it ended."
        else:
            return HostFault(f"GPU host {self.name} broke off {path} ({reason}), but it lives.")
        return HostLost(f"GPU host {self.name} {what_happened}", at_work=not never_reached)

    async def _health_now(self) -> HostHealth | None:
        """The host's health; None when it does not answer. Requests that break off together ask once."""
        if self._health is None or self._health.done():
            self._health = asyncio.create_task(self._asked_for_health())
        return await asyncio.shield(self._health)

    async def _asked_for_health(self) -> HostHealth | None:
        timeout = aiohttp.ClientTimeout(total=2 * self._settings.connect_timeout_s)
        for attempt in range(self._settings.attempts):
            await asyncio.sleep(attempt * _LONGER_S)
            try:
                async with self._session().get("health", timeout=timeout, allow_redirects=False) as response:
                    body = await read_body(response, ERROR_BYTES)
                    if response.status not in BEHIND_GATEWAY:
                        return read_health(body)
            except (aiohttp.ClientError, TimeoutError, ValueError, HostMisconfigured):
                continue
        return None


def _reason(error: Exception) -> str:
    """Why a connection broke, without the library's own details: the error that is raised says it in full."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        message = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
        return one_line(message, _REASON_CHARS) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"{error.host}:{error.port}: {one_line(str(error.certificate_error), _REASON_CHARS)}"
    number = error.os_error.errno
    why = os.strerror(number) if number and number > 0 else str(error.os_error)
    return f"{error.host}:{error.port}: {one_line(why, _REASON_CHARS)}"
