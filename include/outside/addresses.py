"""Addresses as people may read them: without what lets somebody in."""

from urllib.parse import urlsplit


def shown_address(url: str) -> str:
    """A URL without user, password, query and fragment: `https://gpu-1:9001/v1`.

    One that cannot be read is told as that: nobody knows where its password stands.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=place, query="", fragment="").geturl()


def shown_host(url: str) -> str:
    """Its scheme and host alone: a path may be a secret, as of a chat's webhook."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
