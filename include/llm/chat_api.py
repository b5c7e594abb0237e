"""The OpenAI-compatible chat completions API: what is sent, and what an answer or a refusal means."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from include.errors import (
    AnswerInvalid,
    CofiError,
    LlmBusy,
    LlmLost,
    LlmUnusable,
    RequestRefused,
    TransientError,
)
from include.llm.usage import Usage

Message = Mapping[str, str]
JsonSchema = Mapping[str, Any]

# Refusals for load: the limiter hears of them. Other statuses from 500 up, and these, are faults that pass.
BUSY_STATUSES = frozenset({429, 503, 529})
_PASSING_STATUSES = frozenset({408, 409, 425})
# Refusals of whoever asks, not of what is asked.
_ACCOUNT_ADVICE = {
    401: "check the API key of the cofi_llm connection",
    402: "the account has no credit left",
    404: "check the base URL and the model's name",
}
# Bounds that some APIs refuse in strict schemas.
_BOUNDS = {"maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum"}
_ERROR_TEXT_CHARS = 300


@dataclass(frozen=True)
class Answer:
    """What one successful response says.

    Attributes:
        finish_reason: `stop`, `length` (cut off), `content_filter` or what else the API says.
    """

    content: str
    model: str
    request_id: str
    finish_reason: str
    usage: Usage


def response_format(name: str, schema: JsonSchema, *, bounds: bool) -> dict[str, Any]:
    """Asks for JSON of a schema, strictly.

    Args:
        name: Names the schema; letters, digits, `_` and `-`.
        schema: JSON schema; every property required, no additional ones.
        bounds: Whether length and range keywords stay in it.
    """
    sent = schema if bounds else _unbounded(schema)
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": sent}}


def _unbounded(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {key: _unbounded(value) for key, value in schema.items() if key not in _BOUNDS}
    if isinstance(schema, list):
        return [_unbounded(value) for value in schema]
    return schema


def read_answer(body: str, headers: Mapping[str, str]) -> Answer:
    """Reads a 200's body.

    Raises:
        LlmLost: It is not a chat completion (a proxy's page, a cut connection).
        AnswerInvalid: The model refuses to answer.
    """
    try:
        said = json.loads(body)
        choice = said["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content") or "", message.get("refusal")
        usage = _usage(said.get("usage") or {})
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LlmLost(
            "the LLM API answered 200 with something that is no chat completion; check the base URL"
        ) from error
    if refusal or not isinstance(content, str):
        raise AnswerInvalid(
            f"the model refuses: {str(refusal)[:_ERROR_TEXT_CHARS]}", raw_answer=str(refusal or "")
        )
    return Answer(
        content=content.replace("\x00", "").replace("\\u0000", ""),  # no database takes a NUL in a text
        model=str(said.get("model") or ""),
        request_id=headers.get("x-request-id") or str(said.get("id") or ""),
        finish_reason=str(choice.get("finish_reason") or ""),
        usage=usage,
    )


def _usage(said: Mapping[str, Any]) -> Usage:
    details = said.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=int(said.get("prompt_tokens") or 0),
        completion_tokens=int(said.get("completion_tokens") or 0),
        cached_tokens=int(details.get("cached_tokens") or 0),
    )


def refusal(status: int, body: str, headers: Mapping[str, str]) -> CofiError:
    """The error that a status other than 200 means."""
    text = _error_text(body)
    if status == 429 and "insufficient_quota" in body:
        return LlmUnusable(f"the LLM account's quota is used up; raise it with the provider. It says: {text}")
    if status in _ACCOUNT_ADVICE:
        return LlmUnusable(f"the LLM API refuses ({status}): {_ACCOUNT_ADVICE[status]}. It says: {text}")
    if status in BUSY_STATUSES:
        wait_s = retry_after_s(headers)
        return LlmBusy(f"the LLM API refuses for load ({status}): {text}", retry_after_s=wait_s)
    if status >= 500 or status in _PASSING_STATUSES:
        wait_s = retry_after_s(headers)
        return LlmLost(f"the LLM API answered {status}: {text}", retry_after_s=wait_s)
    return RequestRefused(f"the LLM API refuses the request ({status}), {_advice(status)}. It says: {text}")


def _advice(status: int) -> str:
    return {
        403: "check the API key's rights",
        413: "the transcript is longer than the model takes",
    }.get(status, "check the model and its settings")


def _error_text(body: str) -> str:
    try:
        said = json.loads(body)["error"]
        text = said["message"] if isinstance(said, dict) else said
    except (ValueError, LookupError, TypeError):
        text = body
    return " ".join(str(text).split())[:_ERROR_TEXT_CHARS] or "(nothing)"


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Reads `retry-after-ms` or `Retry-After` (seconds or an HTTP date, RFC 9110); None without either."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(milliseconds) / 1000)
        if (said := headers.get("Retry-After")) is None:
            return None
        if said.strip().replace(".", "", 1).isdigit():
            return float(said)
        at = parsedate_to_datetime(said)
        return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


def conversation(*messages: tuple[str, str]) -> Sequence[Message]:
    """Messages from (role, content) pairs."""
    return [{"role": role, "content": content} for role, content in messages]


def told(error: CofiError, item: str, attempt: int) -> CofiError:
    """The same error, naming what it happened to."""
    message = f"{item}: {error} (attempt {attempt})"
    if isinstance(error, TransientError):
        return type(error)(message, retry_after_s=error.retry_after_s)
    if isinstance(error, AnswerInvalid):
        return AnswerInvalid(message, raw_answer=error.raw_answer)
    return type(error)(message)
