"""Providers that speak OpenAI's chat completions, each in its own way."""

import time
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
from include.emulation.providers.schemas import LENGTHS, SHAPE, SIZES, SchemaLaw

# fmt: off
_FIELDS = frozenset({
    "model", "messages", "response_format", "max_tokens", "max_completion_tokens", "temperature",
    "top_p", "n", "stop", "seed", "stream", "reasoning_effort", "tools", "tool_choice", "metadata",
    "user",
})
# fmt: on
_REASONS = {"stop": "stop", "length": "length", "refusal": "stop", "filter": "content_filter"}
THOUGHT = "The caller asks for JSON. I have read the transcript."


class ChatApi(ProviderApi):
    """Any server of this kind; it takes what it does not know."""

    paths: ClassVar[tuple[str, ...]] = ("/v1/chat/completions",)
    law: ClassVar[SchemaLaw] = SchemaLaw(
        SHAPE | SIZES | LENGTHS | {"const", "pattern", "format"}, strict=False
    )
    fields: ClassVar[frozenset[str] | None] = None
    tells_cached: ClassVar[bool] = True

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("Authorization", "").removeprefix("Bearer ")

    @override
    def asked(self, body: Mapping[str, Any], headers: Mapping[str, str], path: Mapping[str, str]) -> Asked:
        if self.fields and (unknown := unknown_field(body, self.fields)):
            raise self.unknown(unknown)
        self.check(body)
        messages = [{"role": one["role"], "content": text_of(one["content"])} for one in body["messages"]]
        form = body.get("response_format")
        if form is None:
            schema = schema_in_prompt(messages)
            name = name_of(schema)
        else:
            named = form["json_schema"]
            name, schema = str(named["name"]), named["schema"]
            if problem := self.law.problem(schema):
                raise self.wrong_schema(name, problem)
        room = int(body.get("max_completion_tokens") or body.get("max_tokens") or 100_000)
        sampled = (body.get("temperature") or 0) > 0
        return Asked(name, schema, messages, str(body.get("model", "")), room, sampled)

    def unknown(self, field: str) -> Refused:
        """How a field is refused that it does not know."""
        return Refused(400, f"Unknown parameter: '{field}'.", "unknown_parameter", field)

    def check(self, body: Mapping[str, Any]) -> None:
        """What else this provider refuses."""

    def wrong_schema(self, name: str, problem: str) -> Refused:
        """How a schema is refused."""
        message = f"Invalid schema for response_format '{name}': In context=(), {problem}."
        return Refused(400, message, "invalid_request_error", "response_format")

    @override
    def answer(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.model,
            "choices": [self.choice(asked, answer)],
            "usage": self.usage(asked, answer),
        }

    def choice(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        """The one choice of an answer."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.content}
        if answer.end == "refusal":
            message |= {"content": None, "refusal": answer.refusal}
        return {"index": 0, "message": message, "finish_reason": _REASONS[answer.end], "logprobs": None}

    def usage(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        """The tokens that a request and its answer took, as this provider tells them."""
        tokens = {"prompt_tokens": asked.prompt_tokens, "completion_tokens": answer.completion_tokens}
        usage: dict[str, Any] = tokens | {"total_tokens": sum(tokens.values())}
        if self.tells_cached:
            usage["prompt_tokens_details"] = {"cached_tokens": min(answer.cached, asked.prompt_tokens)}
        return usage

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        kind = refused.kind or "invalid_request_error"
        return {"error": {"message": str(refused), "type": kind, "param": refused.field, "code": kind}}


class OpenAi(ChatApi):
    """OpenAI's own."""

    law = SchemaLaw(
        SHAPE | SIZES | {"const", "pattern", "format", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
        properties=5000,
        depth=10,
        enum_values=1000,
    )
    fields = _FIELDS

    @override
    def check(self, body: Mapping[str, Any]) -> None:
        thinks = not str(body.get("model")).startswith(("gpt-4", "gpt-3.5", "gpt-35"))
        if thinks and "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            raise Refused(
                400, message + "'max_completion_tokens' instead.", "unsupported_parameter", "max_tokens"
            )
        if thinks and body.get("temperature", 1) != 1:
            message = (
                "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default "
            )
            raise Refused(400, message + "(1) value is supported.", "unsupported_value", "temperature")
        form = body.get("response_format")
        if form and form["json_schema"].get("strict") is not True:
            raise Refused(400, "this emulation holds models to strict schemas only", "invalid_request_error")

    @override
    def headers(self, status: int, retry_after_s: int) -> dict[str, str]:
        limits = {"x-ratelimit-limit-requests": "10000", "x-ratelimit-remaining-requests": "9999"}
        resets = {"x-ratelimit-reset-requests": f"{retry_after_s}s", "x-ratelimit-reset-tokens": "6ms"}
        return limits | resets | {"x-request-id": f"req_{uuid.uuid4().hex}"}


class Azure(OpenAi):
    """Azure OpenAI: a key header of its own, no bounds in schemas, and a content filter before the model."""

    paths = ("/openai/v1/chat/completions", "/openai/deployments/{model}/chat/completions")
    law = SchemaLaw(SHAPE | {"const"}, properties=100, depth=5)

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("api-key", "")

    @override
    def choice(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        violent = answer.end == "filter"
        kinds = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual")}
        found = kinds | {"violence": {"filtered": violent, "severity": "medium" if violent else "safe"}}
        return super().choice(asked, answer) | {"content_filter_results": found}

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        if refused.kind != "content_filter":
            code = str(refused.status) if refused.status in (401, 404, 429) else refused.kind
            return {"error": {"code": code, "message": str(refused)}}
        inner = {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True}},
        }
        error = {"message": str(refused), "type": None, "param": "prompt", "code": "content_filter"}
        return {"error": error | {"status": 400, "innererror": inner}}

    @override
    def headers(self, status: int, retry_after_s: int) -> dict[str, str]:
        waits = {"retry-after-ms": str(1000 * retry_after_s)} if status == 429 else {}
        return super().headers(status, retry_after_s) | waits | {"apim-request-id": str(uuid.uuid4())}


class Mistral(ChatApi):
    """Mistral's own: it refuses fields that it does not know; thoughts are a part of the content."""

    law = SchemaLaw(SHAPE | {"const"})
    fields = (_FIELDS - {"max_completion_tokens", "seed", "user"}) | {"random_seed"}
    tells_cached = False

    @override
    def unknown(self, field: str) -> Refused:
        return Refused(422, "Extra inputs are not permitted", "extra_forbidden", field)

    @override
    def choice(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        choice = super().choice(asked, answer)
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
        if answer.content:
            choice["message"]["content"] = [thought, {"type": "text", "text": answer.content}]
        return choice

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        problem = {"type": refused.kind, "loc": ["body", refused.field], "msg": str(refused)}
        message: object = {"detail": [problem]} if refused.status == 422 else str(refused)
        return {"object": "error", "message": message, "type": refused.kind, "code": None}


class OpenRouter(ChatApi):
    """OpenRouter, which holds requests to the strictest of the providers behind it."""

    paths = ("/api/v1/chat/completions",)
    law = SchemaLaw(SHAPE, unions=None)
    fields = _FIELDS | {"provider", "reasoning", "models", "transforms", "usage", "plugins"}

    @override
    def check(self, body: Mapping[str, Any]) -> None:
        if not (body.get("provider") or {}).get("require_parameters"):
            raise Refused(
                400, "without require_parameters, a provider may leave the schema out", "bad_request"
            )
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        if schema and str(body["model"]).startswith("anthropic/"):
            problem = SchemaLaw(SHAPE, unions=16).problem(schema)
            if problem:
                raise Refused(400, f"Provider returned error: {problem}", "bad_request")

    @override
    def broken(self, asked: Asked) -> dict[str, Any]:
        body = self.answer(asked, Answer(""))
        error = {"code": 502, "message": "Upstream error: the provider broke off"}
        body["choices"][0] |= {"finish_reason": "error", "native_finish_reason": "error", "error": error}
        return body

    @override
    def usage(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        return super().usage(asked, answer) | {"cost": 0.00014, "is_byok": False}

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        meta: dict[str, Any] = {"provider_name": "Emulated", "raw": str(refused)}
        if refused.kind == "content_filter":
            meta = {"reasons": ["violence"], "flagged_input": "…", "provider_name": "Emulated"}
        return {
            "error": {"code": refused.status, "message": str(refused), "metadata": meta},
            "user_id": "user_1",
        }
