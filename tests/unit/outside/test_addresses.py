"""Addresses are shown without what lets somebody in."""

import pytest

from include.outside.addresses import shown_address, shown_host


@pytest.mark.parametrize(
    ("url", "address", "host"),
    [
        ("http://gpu-1:9001", "http://gpu-1:9001", "http://gpu-1:9001"),
        ("http://me:s3cret@gpu-1:9001/v1", "http://gpu-1:9001/v1", "http://gpu-1:9001"),
        ("https://s3cret@[::1]:9001/v1?key=s3cret#s3cret", "https://[::1]:9001/v1", "https://[::1]:9001"),
        ("http://me:s3@cret@gpu-1", "http://gpu-1", "http://gpu-1"),
        ("https://chat.example/hooks/T0/s3cret", None, "https://chat.example"),
        ("http://me:s3cret@[broken", "an address that cannot be read", "an address that cannot be read"),
    ],
)
def test_no_address_tells_a_password(url: str, address: str | None, host: str) -> None:
    if address:
        assert shown_address(url) == address
    assert shown_host(url) == host
