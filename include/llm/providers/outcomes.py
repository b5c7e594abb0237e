"""What an API's answer means: a reply, or an error of cofi's tree; and whether it is paid for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from include.errors import (
    AnswerRefused,
    CofiError,
    LlmBusy,
    LlmLost,
    LlmUnusable,
    RequestRefused,
)
from include.llm.chat_api import CUT_OFF, Reply, name_of
from include.llm.providers.profile import Profile, first_header
from include.llm.usage import Usage
from include.outside.jsons import parsed
from include.outside.text import one_line
from include.outside.times import asked_wait_s, wait_s

# Refusals of whoever asks, not of what is asked.
_ACCOUNT_ADVICE = {
    401: "check the API key of the cofi_llm connection",
    402: "the account has no credit left",
    403: "a proxy or firewall before it lets nobody through: let cofi's workers pass",
    404: "check the base URL and the model's name",
    407: "a proxy before it wants credentials: let cofi's workers pass",
}
_ADDRESS_ADVICE = "check the base URL, and the route of a proxy before it"
_ADVICE = {
    403: "check the API key's rights",
    413: "the transcript is longer than the model takes",
}
# Refusals of what is asked; whatever else is refused would be refused to every request.
_OF_A_REQUEST = frozenset({400, 403, 413, 422})
# How APIs say that a prompt is longer than the model's context.
_TOO_LONG = re.compile(
    "context[ _](size|length|window)|prompt is too long|too many (input )?tokens|maximum number of tokens",
    re.IGNORECASE,
)
_DETAIL_CHARS = 300


class SchemaRefused(RequestRefused):
    """The API does not take the answer's schema; it may take the same schema in words."""


@dataclass(frozen=True)
class Said:
    """An answer as the API's own form has it, read but not judged.

    Attributes:
        reason: Why the answer ended, in the API's own word.
        refusal: What the model, or a filter, says instead of an answer.
        error: An error that the body holds.
    """

    content: str = ""
    model: str = ""
    request_id: str = ""
    reason: str = ""
    usage: Usage | None = None
    refusal: str = ""
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a request: a reply or an error.

    Attributes:
        billed: Whether it is to be booked: a provider that has begun to answer wants to be paid.
        model: That answered; empty when nobody knows.
        usage: What it took; None when nobody knows.
    """

    reply: Reply | None
    error: CofiError | None
    billed: bool
    model: str = ""
    usage: Usage | None = None


def outcome_of(said: Said, profile: Profile, headers: Mapping[str, str]) -> Outcome:
    """What an answer of status 200 means."""
    error: CofiError | None = None
    if said.error is not None:
        error = _error_inside(said.error, profile, headers)
    elif said.reason in profile.reasons.filtered:
        detail = one_line(": ".join(filter(None, [said.reason, said.refusal])), _DETAIL_CHARS)
        error = AnswerRefused(
            f"the provider's content filter stopped the answer ({detail})", raw_answer=said.content
        )
    elif said.refusal or said.reason in profile.reasons.refused:
        detail = one_line(said.refusal or said.content, _DETAIL_CHARS) or "without a word"
        error = AnswerRefused(f"the model refuses: {detail}", raw_answer=said.refusal or said.content)
    elif said.reason in profile.reasons.failed:
        error = LlmLost(f"the LLM API broke its answer off ({said.reason})")
    reply = Reply(
        content=said.content,
        model=said.model,
        request_id=name_of(first_header(headers, profile.request_ids)) or said.request_id,
        finish_reason=CUT_OFF if said.reason in profile.reasons.cut_off else said.reason,
        usage=said.usage,
    )
    return Outcome(None if error else reply, error, billed=True, model=said.model, usage=said.usage)


def no_answer(why: str) -> Outcome:
    """The outcome of a 200 that holds no answer; its cost is unknown."""
    return Outcome(None, LlmLost(f"the LLM API answered 200 with {why}; check the base URL"), billed=True)


def refused(status: int, body: str, profile: Profile, headers: Mapping[str, str]) -> Outcome:
    """What a status other than 200 means."""
    error, is_own = _error_of(body)
    # Whoever filters a prompt has read it; Azure bills for that, and says not how much.
    filtered = not profile.errors.filtered.isdisjoint(_codes(error))
    meant = _meant(status, error, profile, headers, is_own=is_own)
    return Outcome(None, meant, billed=filtered)


def _meant(
    status: int,
    error: Mapping[str, Any],
    profile: Profile,
    headers: Mapping[str, str],
    *,
    is_own: bool = True,
) -> CofiError:
    """The error that an answer means; what is not the API's own, as a proxy's, fails no request for good."""
    text, codes, errors = _text(error), _codes(error), profile.errors
    if not errors.filtered.isdisjoint(codes):
        return AnswerRefused(f"the provider's content filter refuses the prompt ({status}): {text}")
    detail = " ".join([*codes, text]).lower()
    signs = (advice for sign, advice in errors.account.items() if sign.lower() in detail)
    if of_account := next(signs, _of_everybody(status, profile, is_own=is_own)):
        return LlmUnusable(f"the LLM API refuses ({status}): {of_account}. It says: {text}")
    asked_s = asked_wait_s(headers, resets=profile.resets) or _delay_s(error)
    if status in errors.busy:
        return LlmBusy(f"the LLM API refuses for load ({status}): {text}", retry_after_s=asked_s)
    if status >= 500 or status in errors.passing:
        return LlmLost(f"the LLM API answered {status}: {text}", retry_after_s=asked_s)
    too_long = _TOO_LONG.search(" ".join([*codes, text]))
    of_schema = any(re.search(sign, text, re.IGNORECASE) for sign in profile.schema_rules.refused)
    if not (is_own or too_long or of_schema):
        return LlmLost(f"not the LLM API itself answered {status}; {_ADDRESS_ADVICE}. It says: {text}")
    advice = _ADVICE.get(413 if too_long else status, "check the model and its settings")
    message = f"the LLM API refuses the request ({status}), {advice}. It says: {text}"
    return SchemaRefused(message) if of_schema else RequestRefused(message)


def _of_everybody(status: int, profile: Profile, *, is_own: bool) -> str | None:
    """What to mend when every request would be answered so; None when it is this one, or passes."""
    passes = status >= 500 or status in profile.errors.busy | profile.errors.passing
    if passes or (status in _OF_A_REQUEST and (is_own or status != HTTPStatus.FORBIDDEN)):
        return None
    return _ACCOUNT_ADVICE.get(status, _ADDRESS_ADVICE)


def _error_inside(error: Mapping[str, Any], profile: Profile, headers: Mapping[str, str]) -> CofiError:
    """An error inside a 200 means what its code would mean as the status; without one, the answer is lost."""
    code = error.get("code")
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    status = code if isinstance(code, int) and 400 <= code <= 599 else HTTPStatus.INTERNAL_SERVER_ERROR
    return _meant(status, error, profile, headers)


def error_in(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error that an answer's object holds, as an object; None when it holds none."""
    error = said.get("error")
    if not error:
        return said if said.get("object") == "error" else None  # Mistral's
    return error if isinstance(error, Mapping) else {"message": str(error)}


def _error_of(body: str) -> tuple[Mapping[str, Any], bool]:
    """The error that a body holds, and whether it is in the form of an API."""
    try:
        said = parsed(body)
    except ValueError:
        return {"message": body}, False
    if isinstance(said, list) and len(said) == 1:  # Gemini's, now and then
        said = said[0]
    found = error_in(said) if isinstance(said, Mapping) else None
    # Mistral and some gateways have the message at the top.
    if not found and isinstance(said, Mapping) and _has_message(said):
        found = said
    return found or {"message": body}, found is not None


def _has_message(said: Mapping[str, Any]) -> bool:
    return bool(said.get("message") or said.get("detail"))


def _text(error: Mapping[str, Any]) -> str:
    said = error.get("message") or error.get("detail") or ""
    return one_line(said if isinstance(said, str) else str(said), _DETAIL_CHARS) or "(nothing)"


def _codes(error: Mapping[str, Any]) -> list[str]:
    """All words in an error that name its kind."""
    inner = [error.get("innererror"), error.get("inner_error"), error.get("metadata")]
    details = error.get("details")
    inner += details if isinstance(details, list) else [details]
    holders = [error, *(each for each in inner if isinstance(each, Mapping))]
    found = [each.get(key) for each in holders for key in ("code", "type", "status", "reason", "error_type")]
    if any("flagged_input" in holder for holder in holders):  # OpenRouter's
        found.append("moderation")
    return [code for code in found if isinstance(code, str)]


def _delay_s(error: Mapping[str, Any]) -> float | None:
    """Google tells the wait in the error's details: `{"retryDelay": "34s"}`."""
    details = error.get("details")
    for each in details if isinstance(details, list) else []:
        delay = each.get("retryDelay") if isinstance(each, Mapping) else None
        if isinstance(delay, str) and (asked_s := wait_s(delay, datetime.now(UTC))) is not None:
            return asked_wait_s({"Retry-After": str(asked_s)})
    return None
