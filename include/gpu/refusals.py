"""What an answer of a GPU host that is no result means, as an error of cofi's tree.

The whole table, status by status, stands in docs/gpu-hosts.md, and the tests hold it against this file.
"""

from enum import StrEnum

from include.calls.stage import Stage
from include.card_data.masking import masked_text
from include.errors import (
    CofiError,
    HostBusy,
    HostFault,
    HostLost,
    HostMisconfigured,
    HostUnready,
    RecordingMissing,
    RecordingUnusable,
)
from include.gpu.mends import mend
from include.gpu.reading import Answer
from include.gpu.wire import Problem
from include.outside.text import one_line
from include.outside.times import asked_wait_s

_UNUSABLE = {413, 415, 422}
_BUSY = {429: HostBusy, 503: HostUnready}
# A gateway answers so when the connection to the host behind it broke, or gave no answer.
BEHIND_GATEWAY = {502, 504}
_DETAIL_CHARS = 2000
_PAGE_CHARS = 200


class Phase(StrEnum):
    """What a host is asked for."""

    READY = "ready"
    UPLOAD = "upload"
    STAGE = "stage"
    DELETE = "delete"
    PROMPTS = "prompts"

    @property
    def successes(self) -> set[int]:
        """Statuses with which the contract grants it."""
        return {Phase.UPLOAD: {200, 201}, Phase.DELETE: {204}}.get(self, {200})

    @property
    def of_a_recording(self) -> bool:
        """Whether the answer may be about the call's recording."""
        return self in {Phase.UPLOAD, Phase.STAGE}


class StagesMissing(CofiError):
    """The host lacks results of earlier stages: another host made them, or this one lost its data."""

    def __init__(self, missing: list[Stage]) -> None:
        super().__init__(f"The host lacks: {', '.join(missing)}")
        self.missing = missing


class OutsideContract(HostFault):
    """What answered is not the host as it was agreed: a proxy, another service, a host of another version.

    It is the host's failure, never the call's. If the host does not tell that it is ready either, it is
    `HostMisconfigured`.
    """


def refusal(host: str, phase: Phase, answer: Answer, path: str, longest_wait_s: float) -> CofiError:
    """What an answer means whose status does not grant what was asked for.

    What a host says of a call goes on without card data.

    Args:
        host: Its name, for the message.
        phase: What was asked for.
        answer: Of any status.
        path: What was asked.
        longest_wait_s: Nobody waits longer, whatever the host asks for.
    """
    problem = answer.problem
    detail = _detail_of(answer)
    # What is to be done often follows, behind a colon.
    said = f"GPU host {host} answered {answer.status} to {path}: {detail.removesuffix('.')}"
    wait_s = asked_wait_s(answer.headers, longest_wait_s)
    if answer.status in _BUSY:
        return _BUSY[answer.status](said, retry_after_s=wait_s)
    if problem and phase.of_a_recording and (verdict := _of_the_call(phase, problem, said, detail)):
        return verdict
    if problem and (problem.retryable or answer.status >= 500):
        return HostFault(said, retry_after_s=wait_s)
    if phase is Phase.READY:
        return _not_ready(answer.status, said, mend(answer, host))
    return OutsideContract(f"{said}: {mend(answer, host)}", retry_after_s=wait_s)


def _of_the_call(phase: Phase, problem: Problem, said: str, detail: str) -> CofiError | None:
    """The error that the host reports about a recording or its results; None when it reports another."""
    if problem.status == 409 and problem.missing and phase is Phase.STAGE:
        return _missing(problem.missing) or HostFault(f"{said}; it names stages that there are not")
    if problem.status == 404 and phase is Phase.STAGE:
        return RecordingMissing(said)
    if problem.status in _UNUSABLE and not problem.retryable:
        return RecordingUnusable(detail)
    return None


def _not_ready(status: int, said: str, how: str) -> CofiError:
    if status in BEHIND_GATEWAY:
        return HostLost(f"{said}: {how}")
    return HostFault(said) if status >= 500 else HostMisconfigured(f"{said}: {how}")


def _detail_of(answer: Answer) -> str:
    if problem := answer.problem:
        return masked_text(one_line(problem.detail or problem.title, _DETAIL_CHARS))
    return masked_text(one_line(answer.body.text, _PAGE_CHARS)) or "no explanation"


def _missing(names: list[str]) -> StagesMissing | None:
    try:
        return StagesMissing([Stage(name) for name in names])
    except ValueError:
        return None
