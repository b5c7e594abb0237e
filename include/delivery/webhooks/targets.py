"""Where events may go: over TLS, to public addresses, and nowhere else unless the deployment allows it.

The name is resolved once, every address is checked, and connections go to the checked addresses only: a name
that answers differently the second time (DNS rebinding) leads nowhere else.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from include.errors import InvalidInput, ReceiverLost

_PORTS = {"https": 443, "http": 80}
# IPv4 addresses behind a translator (RFC 6052); the forms that wrap them otherwise, ipaddress knows itself.
_NAT64 = IPv6Network("64:ff9b::/96")


class CheckedAddresses(AbstractResolver):
    """Answers every question with the addresses that were checked."""

    def __init__(self, addresses: Sequence[ResolveResult]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses, as aiohttp asks for them."""
        return [address for address in self._addresses if family in (socket.AF_UNSPEC, address["family"])]

    async def close(self) -> None:
        """Holds nothing."""


async def checked_addresses(url: str, *, allow_http: bool, allow_private: bool) -> CheckedAddresses:
    """Resolves a receiver's name and checks all of its addresses.

    Args:
        url: The receiver's.
        allow_http: Whether events may go without TLS.
        allow_private: Whether they may go to private, loopback, link-local and other special addresses.

    Raises:
        InvalidInput: The target is not allowed; the message names the setting that would.
        ReceiverLost: The name has no address at the moment.
    """
    scheme, host, port = _parts(url)
    if scheme == "http" and not allow_http:
        raise InvalidInput(
            f"The webhook goes to http://{host}, without TLS: use https, or set [cofi] webhook_allow_http."
        )
    addresses = await _resolved(host, port)
    for address in addresses:
        if not allow_private and not is_public(address["host"]):
            raise InvalidInput(
                f"The webhook goes to {host}, which is {address['host']}, no public address: correct the "
                "connection cofi_webhook, or set [cofi] webhook_allow_private."
            )
    return CheckedAddresses(addresses)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also behind the forms that wrap IPv4 in IPv6."""
    plain = _unwrapped(ip_address(address))
    return plain.is_global and not plain.is_multicast


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo[1] if address.teredo else None
    nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return address.ipv4_mapped or address.sixtofour or teredo or nat64 or address


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInput(
            f"The URL of connection cofi_webhook is none ({error}): correct its host."
        ) from error
    if scheme not in _PORTS or not host:
        raise InvalidInput(
            "The host of connection cofi_webhook is no URL: write it like https://example.com/hook."
        )
    return scheme, host, port or _PORTS[scheme]


async def _resolved(host: str, port: int) -> list[ResolveResult]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ReceiverLost(
            f"The webhook's receiver {host} has no address ({error}): its events wait."
        ) from error
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST,
        )
        for family, _, protocol, _, address in found
    ]
