"""An S3 store on loopback, and a proxy before it that counts requests and breaks them on demand."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY_ID, SECRET, REGION = "AKIATEST", "secret", "us-east-1"
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Request:
    """A request as the proxy sees it; `kind`: `list`, `head`, `get`, or another method in lower case."""

    kind: str
    path: str
    query: dict[str, list[str]]
    number: int


@dataclass(frozen=True)
class Refusal:
    """An answer of S3's own form in place of the store's."""

    status: int
    code: str
    message: str = "told by the proxy"

    @property
    def body(self) -> bytes:
        inner = f"<Code>{self.code}</Code><Message>{self.message}</Message>"
        return f'<?xml version="1.0" encoding="UTF-8"?><Error>{inner}</Error>'.encode()


@dataclass(frozen=True)
class Cut:
    """The store's own answer, broken off after so many bytes of its body."""

    after_bytes: int


Fault = Callable[[Request], Refusal | Cut | None]


@dataclass
class ObjectStore:
    """A running store: what is in it, what was asked of it, and how it fails."""

    url: str
    behind: str
    asked: Counter[str] = field(default_factory=Counter)
    fault: Fault | None = None

    def client(self) -> Any:
        """boto3's, past the proxy."""
        import boto3

        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region_name": REGION}
        return boto3.client("s3", endpoint_url=self.behind, **keys)

    def put(self, bucket: str, **objects: bytes) -> None:
        """Makes a bucket and fills it."""
        client = self.client()
        client.create_bucket(Bucket=bucket)
        for key, content in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=content)

    def connection(self, **changes: Any) -> dict[str, Any]:
        """The fields of an Airflow connection to it, with little patience."""
        patience = {"retries": {"max_attempts": 1}, "connect_timeout": 3, "read_timeout": 5}
        extra = {"endpoint_url": self.url, "region_name": REGION, "config_kwargs": patience}
        described = {"conn_type": "aws", "login": KEY_ID, "password": SECRET, "extra": extra}
        return described | changes


@contextmanager
def started() -> Iterator[ObjectStore]:
    """Starts moto's server and the proxy, each on a free port of loopback."""
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    proxy = _Proxy(("127.0.0.1", 0), _Handler)
    proxy.daemon_threads = True
    store = ObjectStore(f"http://127.0.0.1:{proxy.server_port}", f"http://{host}:{port}")
    proxy.store, proxy.behind = store, (host, port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield store
    finally:
        proxy.shutdown()
        proxy.server_close()
        moto.stop()


class _Proxy(ThreadingHTTPServer):
    store: ObjectStore
    behind: tuple[str, int]


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        store, request = self.server.store, self._request()
        store.asked[request.kind] += 1
        fault = store.fault(request) if store.fault else None
        if isinstance(fault, Refusal):
            self._answer(fault.status, {"Content-Type": "application/xml"}, fault.body)
            return
        status, headers, body = self._from_store()
        if isinstance(fault, Cut):
            self._answer(status, headers, body, cut=fault.after_bytes)
            return
        self._answer(status, headers, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass

    def _request(self) -> Request:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        kind = "list" if self.command == "GET" and "list-type" in query else self.command.lower()
        return Request(kind, url.path, query, self.server.store.asked[kind] + 1)

    def _from_store(self) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.server.behind, timeout=30)
        length = int(self.headers.get("Content-Length") or 0)
        connection.request(self.command, self.path, self.rfile.read(length), dict(self.headers.items()))
        answer = connection.getresponse()
        body = answer.read()
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP}
        connection.close()
        return answer.status, headers, body

    def _answer(self, status: int, headers: dict[str, str], body: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
