"""Uploads and access: the HTTP contract of `include/gpu/wire.py`, status by status."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

from include.gpu_host.settings import Settings

AUDIO = "/v1/calls/c1/audio"
Wav = Callable[..., bytes]
Check = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic s3cret", "Bearer s3cret "])
async def test_all_but_health_needs_the_token(
    assert_problem: Check, client: httpx.AsyncClient, header: str
) -> None:
    client.headers["Authorization"] = header
    assert (await client.get("/health")).status_code == 200
    for method, path in [
        ("GET", "/ready"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("DELETE", "/v1/calls/c1"),
    ]:
        assert_problem(await client.request(method, path), 401)
    assert_problem(await client.put(AUDIO, content=b"x"), 401)


async def test_upload_is_answered_with_the_hash_of_what_arrived(client: httpx.AsyncClient, wav: Wav) -> None:
    body = wav()
    first, again = [await client.put(AUDIO, content=body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {
        "call_id": "c1", "size_bytes": len(body), "sha256": sha256(body).hexdigest(),
    }  # fmt: skip


async def test_announced_and_stored_content_is_not_read_again(client: httpx.AsyncClient, wav: Wav) -> None:
    body = wav()
    announced = {"X-Content-SHA256": sha256(body).hexdigest().upper(), "Content-Length": str(len(body))}
    assert (await client.put(AUDIO, content=body, headers=announced)).status_code == 201

    async def never_sent() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    assert (await client.put(AUDIO, content=never_sent(), headers=announced)).status_code == 200


async def test_content_that_differs_from_its_announced_hash_is_sent_again(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, settings: Settings
) -> None:
    problem = assert_problem(
        await client.put(AUDIO, content=wav(), headers={"X-Content-SHA256": "0" * 64}), 422, retryable=True
    )
    assert "0" * 64 in problem["detail"]
    assert_problem(await client.post("/v1/calls/c1/denoise"), 404)
    assert not list((settings.data_dir / "incoming").iterdir())


async def test_refused_uploads_say_why(assert_problem: Check, client: httpx.AsyncClient, wav: Wav) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        yield wav()

    assert_problem(await client.put(AUDIO, content=chunked()), 411)
    assert_problem(await client.put(AUDIO, content=bytes((1 << 20) + 1)), 413)
    not_audio = assert_problem(await client.put(AUDIO, content=b"This is a text named call.wav.\n" * 99), 415)
    assert "c1" in not_audio["detail"]
    assert_problem(await client.put(AUDIO, content=b""), 422)
    assert "breaks off" in assert_problem(await client.put(AUDIO, content=wav()[:-9000]), 422)["detail"]
    assert_problem(await client.put("/v1/calls/a.b/audio", content=wav()), 400)


async def test_an_upload_that_breaks_off_never_becomes_visible(
    assert_problem: Check, client: httpx.AsyncClient, wav: Wav, settings: Settings
) -> None:
    body = wav()
    assert (await client.put(AUDIO, content=body)).status_code == 201

    async def half() -> AsyncIterator[bytes]:
        yield wav(seed=2)[:4000]
        raise ClientDisconnect

    headers = {"Content-Length": str(len(body))}
    assert_problem(await client.put(AUDIO, content=half(), headers=headers), 400, retryable=True)
    assert (await client.put(AUDIO, content=body)).status_code == 200
    assert not list((settings.data_dir / "incoming").iterdir())


@pytest.mark.long
async def test_the_contract_is_published(client: httpx.AsyncClient) -> None:
    contract = (await client.get("/openapi.json")).json()
    put = contract["paths"]["/v1/calls/{call_id}/audio"]["put"]
    assert {"200", "201", "default"} <= put["responses"].keys()
    assert "SttResult" in contract["components"]["schemas"]
