"""Spans of stages and calls, and the header that carries them to hosts and LLM APIs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

from opentelemetry import trace
from opentelemetry.propagate import inject
from opentelemetry.trace import StatusCode

from include.database.work import StageJob

_TRACER = "cofi"


@contextmanager
def stage_span(job: StageJob) -> Iterator[None]:
    """A stage of a shard; it becomes a child of whatever span there is, such as the task's."""
    attributes: dict[str, str | int] = {
        "cofi.run": job.batch_id,
        "cofi.shard": job.shard,
        "cofi.host": job.host,
        "cofi.stage": str(job.stage),
        "cofi.attempt": job.attempt,
    }
    with _span(f"cofi.{job.stage}", attributes):
        yield


@contextmanager
def call_span(call_id: str, stage: str, share: float) -> Iterator[None]:
    """One call in a stage, for a share of the calls, the same ones in every stage.

    Args:
        call_id: The call's id; nothing else of the call goes into the span.
        stage: Which.
        share: Of calls that have spans of their own, 0 to 1.
    """
    if not is_sampled(call_id, share):
        yield
        return
    with _span("cofi.call", {"cofi.call_id": call_id, "cofi.stage": str(stage)}):
        yield


def is_sampled(call_id: str, share: float) -> bool:
    """Whether a call is one of the share, by its id alone."""
    return int.from_bytes(sha256(call_id.encode()).digest()[:8]) < share * 2**64


def carried() -> dict[str, str]:
    """Headers that tell a peer which span it works for (`traceparent`); none without one."""
    headers: dict[str, str] = {}
    inject(headers)
    return headers


@contextmanager
def _span(name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
    """An error leaves its kind in the span and nothing of its message: nobody knows what that quotes."""
    tracer = trace.get_tracer(_TRACER)
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("cofi.failed", str(getattr(error, "kind", type(error).__name__)))
            raise
