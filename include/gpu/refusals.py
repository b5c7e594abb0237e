"""What an answer of 4xx or 5xx from a GPU host means, as an error of cofi's tree."""

import aiohttp
from pydantic import ValidationError

from include.calls.stage import Stage
from include.card_data.masking import masked_text
from include.errors import (
    CofiError,
    HostBusy,
    HostFault,
    HostUnready,
    RecordingMissing,
    RecordingUnusable,
    RequestRefused,
)
from include.gpu.wire import Problem

_UNUSABLE = {413, 415, 422}
_BUSY = {429: HostBusy, 503: HostUnready}


class StagesMissing(CofiError):
    """The host lacks results of earlier stages: another host made them, or this one lost its data."""

    def __init__(self, missing: list[Stage]) -> None:
        super().__init__(f"The host lacks: {', '.join(missing)}")
        self.missing = missing


async def refusal(host: str, response: aiohttp.ClientResponse, path: str) -> CofiError:
    """Reads the problem details of an answer. What a host says of a call goes on without card data.

    Args:
        host: Its name, for the message.
        response: Its status is 400 or more.
        path: What was asked.
    """
    body = await response.read()
    problem = (
        _problem(body)
        or Problem(  # a proxy answered, not the host
            title=body[:200].decode(errors="replace") or "no explanation", status=response.status
        )
    )
    told = masked_text(problem.detail or problem.title)
    said = f"GPU host {host} answered {response.status} to {path}: {told}"
    wait_s = _retry_after_s(response)
    if response.status in _BUSY:
        return _BUSY[response.status](said, retry_after_s=wait_s)
    if response.status == 409 and problem.missing:
        return StagesMissing([Stage(stage) for stage in problem.missing])
    if response.status == 404 and response.method == "POST" and _problem(body):
        return RecordingMissing(said)
    if response.status >= 500 or problem.retryable:
        return HostFault(said, retry_after_s=wait_s)
    if response.status in _UNUSABLE and _problem(body):
        return RecordingUnusable(told)
    hint = ": set the token as the password of its connection" if response.status in {401, 403} else ""
    return RequestRefused(said + hint)


def _problem(body: bytes) -> Problem | None:
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        return None


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
