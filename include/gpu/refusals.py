"""What an answer of 4xx or 5xx from a GPU host means, as an error of cofi's tree."""

import aiohttp

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
from include.outside.bodies import ERROR_BYTES, Body, read_body
from include.outside.jsons import parsed
from include.outside.text import one_line
from include.outside.times import asked_wait_s

_UNUSABLE = {413, 415, 422}
_BUSY = {429: HostBusy, 503: HostUnready}
_TOLD_CHARS = 2000
_PAGE_CHARS = 200


class StagesMissing(CofiError):
    """The host lacks results of earlier stages: another host made them, or this one lost its data."""

    def __init__(self, missing: list[Stage]) -> None:
        super().__init__(f"The host lacks: {', '.join(missing)}")
        self.missing = missing


async def refusal(host: str, response: aiohttp.ClientResponse, path: str, longest_wait_s: float) -> CofiError:
    """Reads the problem details of an answer. What a host says of a call goes on without card data.

    Args:
        host: Its name, for the message.
        response: Its status is 400 or more.
        path: What was asked.
        longest_wait_s: Nobody waits longer, whatever the host asks for.
    """
    body = await read_body(response, ERROR_BYTES)
    told_problem = _problem(body)
    problem = told_problem or Problem(  # a proxy answered, not the host
        title=one_line(body.text, _PAGE_CHARS) or "no explanation", status=response.status
    )
    told = masked_text(one_line(problem.detail or problem.title, _TOLD_CHARS))
    said = f"GPU host {host} answered {response.status} to {path}: {told}"
    wait_s = asked_wait_s(response.headers, longest_wait_s)
    if response.status in _BUSY:
        return _BUSY[response.status](said, retry_after_s=wait_s)
    if response.status == 409 and problem.missing:
        return _missing(problem.missing) or HostFault(f"{said}; it names stages that there are not")
    if response.status == 404 and response.method == "POST" and told_problem:
        return RecordingMissing(said)
    if response.status >= 500 or problem.retryable:
        return HostFault(said, retry_after_s=wait_s)
    if response.status in _UNUSABLE and told_problem:
        return RecordingUnusable(told)
    hint = ": set the token as the password of its connection" if response.status in {401, 403} else ""
    return RequestRefused(said + hint)


def _problem(body: Body) -> Problem | None:
    try:
        return Problem.model_validate(parsed(body.text))
    except ValueError:
        return None


def _missing(names: list[str]) -> StagesMissing | None:
    try:
        return StagesMissing([Stage(name) for name in names])
    except ValueError:
        return None
