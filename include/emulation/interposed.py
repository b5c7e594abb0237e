"""What answers in the place of a GPU host: proxies, gateways, login pages, services of other protocols.

Each answer is the bytes that go over the wire, so that nothing tidies them up on their way.
"""

import json

_LOGIN = b"<!doctype html><html><title>Sign in</title><p>This network wants you to sign in.</html>"
_TLS_ALERT = bytes([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])
_HTTP_2_SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"


def http(status: int, kind: str = "page", **headers: str) -> bytes:
    """An HTTP answer.

    Args:
        status: Of it.
        kind: Of its body: `page` (HTML), `json` (an object that is not the contract's), `gateway` (problem
            details that a gateway sends), `empty`; or the host's own: `host`, `retryable`, `stages` (it lacks
            one).
        headers: More; underscores stand for hyphens.
    """
    problem = {"type": "about:blank", "title": "Not allowed here", "status": status}
    own = {**problem, "detail": "so says the host", "retryable": kind == "retryable"}
    if kind == "stages":
        own["missing"] = ["denoise"]
    content_type, body = {
        "page": ("text/html", b"<html><h1>%d</h1><p>nginx</html>" % status),
        "json": ("application/json", b'{"message": "no Route matched with those values"}'),
        "gateway": ("application/problem+json", json.dumps(problem).encode()),
        "empty": ("", b""),
        "host": ("application/problem+json", json.dumps(own).encode()),
        "retryable": ("application/problem+json", json.dumps(own).encode()),
        "stages": ("application/problem+json", json.dumps(own).encode()),
    }[kind]
    return _message(f"{status} Status", content_type, body, headers)


def _message(status: str, content_type: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


# What has no status of its own. A client may not find its way out of any of them but by the error tree.
OTHER_PROTOCOLS = {
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
    "smtp": b"220 mail.example ESMTP Postfix\r\n",
    "ftp": b"220 (vsFTPd 3.0.5)\r\n",
    "tls": _TLS_ALERT,
    "http2": _HTTP_2_SETTINGS,
    "redis": b"-ERR unknown command 'GET'\r\n",
    "garbage": bytes(range(256)) * 4,
    "nothing": b"",
}
BROKEN_HTTP = {
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Type: application/js",
    "half a body": b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"stage": ',
    "half a piece": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "a wrong piece": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a wrong length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "a wrong status": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a long header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
}
PAGES = {
    "a login page": _message("200 OK", "text/html", _LOGIN, {}),
    "nested JSON": _message("200 OK", "application/json", b"[" * 200_000, {}),
    "an empty answer": _message("200 OK", "application/json", b"", {}),
    "no content": http(204, "empty"),
    "a redirect": http(302, "empty", Location="https://login.example/?next=secret"),
    "a redirect for good": http(308, "empty", Location="https://elsewhere.example/v1"),
    "a redirect to nowhere": http(301, "empty"),
    "not modified": http(304, "empty"),
}


def answer(name: str) -> bytes:
    """The answer of this name: one of those above, or a status and a kind such as `403 page`."""
    known = {**OTHER_PROTOCOLS, **BROKEN_HTTP, **PAGES}
    if name in known:
        return known[name]
    status, _, kind = name.partition(" ")
    return http(int(status), kind or "page")
