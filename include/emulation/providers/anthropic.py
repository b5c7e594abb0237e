"""Anthropic's Messages API."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from include.emulation.providers.api import (
    Answer,
    Asked,
    ProviderApi,
    Refused,
    name_of,
    schema_in_prompt,
    text_of,
    unknown_field,
)
from include.emulation.providers.schemas import SHAPE, SchemaLaw, nodes

# fmt: off
_FIELDS = frozenset({
    "model", "messages", "max_tokens", "system", "output_config", "thinking", "temperature", "top_p",
    "top_k", "stop_sequences", "stream", "tools", "tool_choice", "metadata", "service_tier",
    "cache_control",
})
# fmt: on
_REASONS = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal", "filter": "refusal"}
_OLDER = ("claude-3", "claude-opus-4", "claude-sonnet-4", "claude-haiku-4")
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


class Anthropic(ProviderApi):
    """Native messages with `output_config.format`."""

    paths: ClassVar[tuple[str, ...]] = ("/v1/messages",)
    law: ClassVar[SchemaLaw] = SchemaLaw(
        SHAPE | {"const", "allOf", "format", "minItems"}, strict=False, unions=16
    )

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "")

    @override
    def asked(self, body: Mapping[str, Any], headers: Mapping[str, str], path: Mapping[str, str]) -> Asked:
        self._check(body, headers)
        messages = [{"role": one["role"], "content": text_of(one["content"])} for one in body["messages"]]
        form = (body.get("output_config") or {}).get("format")
        schema = schema_in_prompt(messages) if form is None else form["schema"]
        if form is not None and (problem := self._problem(schema)):
            raise Refused(400, f"output_config.format.schema: {problem}")
        system = [{"role": "system", "content": text_of(body.get("system", ""))}]
        sampled = (body.get("temperature") or 0) > 0
        room = int(body["max_tokens"])
        return Asked(name_of(schema), schema, system + messages, str(body["model"]), room, sampled)

    @staticmethod
    def _check(body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        if "anthropic-version" not in headers:
            raise Refused(400, "anthropic-version: header is required")
        if unknown := unknown_field(body, _FIELDS):
            raise Refused(400, f"{unknown}: Extra inputs are not permitted")
        if "max_tokens" not in body:
            raise Refused(400, "max_tokens: Field required")
        if "temperature" in body and not str(body["model"]).startswith(_OLDER):
            raise Refused(400, "temperature: sampling parameters are not supported for this model")
        roles = [one["role"] for one in body["messages"]]
        if not set(roles) <= {"user", "assistant"} or roles[-1:] != ["user"]:
            raise Refused(400, "messages: the conversation must end with a user message")

    def _problem(self, schema: Mapping[str, Any]) -> str | None:
        for node in nodes(schema):
            if node.get("minItems", 0) not in (0, 1):
                return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
            if "properties" in node and node.get("additionalProperties") is not False:
                return "For 'object' type, 'additionalProperties' must be explicitly set to false"
        return self.law.problem(schema)

    @override
    def answer(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = [{"type": "thinking", "thinking": "", "signature": "c2ln"}]
        if answer.content:
            blocks.append({"type": "text", "text": answer.content})
        cached = min(answer.cached, asked.prompt_tokens)
        refused = answer.end in ("refusal", "filter")
        detail = {"type": "refusal", "category": "general_harms", "explanation": answer.refusal}
        return {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": [] if refused else blocks,
            "stop_reason": _REASONS[answer.end],
            "stop_details": detail if refused else None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": asked.prompt_tokens - cached,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": cached,
                "output_tokens": answer.completion_tokens,
                "service_tier": "standard",
            },
        }

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        error = {"type": refused.kind or _KINDS.get(refused.status, "api_error"), "message": str(refused)}
        return {"type": "error", "error": error, "request_id": f"req_{uuid.uuid4().hex[:24]}"}

    @override
    def headers(self, status: int, retry_after_s: int) -> dict[str, str]:
        limits = {
            "anthropic-ratelimit-requests-limit": "4000",
            "anthropic-ratelimit-requests-remaining": "3999",
        }
        named = {"request-id": f"req_{uuid.uuid4().hex[:24]}"}
        return super().headers(status, retry_after_s) | limits | named
