"""Google's generateContent API."""

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
    unknown_field,
)
from include.emulation.providers.schemas import SHAPE, SIZES, SchemaLaw

# fmt: off
_FIELDS = frozenset({
    "contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig",
    "cachedContent",
})
# fmt: on
# fmt: off
_CONFIG = frozenset({
    "maxOutputTokens", "responseMimeType", "responseJsonSchema", "responseSchema", "temperature", "topP",
    "topK", "seed", "candidateCount", "stopSequences", "thinkingConfig",
})
# fmt: on
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Gemini(ProviderApi):
    """Native generateContent with `responseJsonSchema`."""

    paths: ClassVar[tuple[str, ...]] = ("/v1beta/models/{model}:generateContent",)
    law: ClassVar[SchemaLaw] = SchemaLaw(
        SHAPE | SIZES | {"oneOf", "prefixItems", "format", "$id", "$anchor", "propertyOrdering"},
        strict=False,
        ref_alone=True,
    )

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-goog-api-key", "")

    @override
    def asked(self, body: Mapping[str, Any], headers: Mapping[str, str], path: Mapping[str, str]) -> Asked:
        config = body.get("generationConfig", {})
        unknown = unknown_field(body, _FIELDS) or unknown_field(config, _CONFIG)
        if unknown:
            raise Refused(
                400,
                f'Invalid JSON payload received. Unknown name "{unknown}": Cannot find field.',
                field=unknown,
            )
        messages = [_message(one) for one in body["contents"]]
        schema = config.get("responseJsonSchema")
        if schema is None:
            schema = schema_in_prompt(messages)
        elif config.get("responseMimeType") != "application/json":
            raise Refused(400, "responseJsonSchema needs responseMimeType application/json")
        elif problem := self.law.problem(schema):
            raise Refused(400, f"Invalid value at 'generation_config.response_json_schema': {problem}")
        system = _message(body.get("systemInstruction", {"parts": []})) | {"role": "system"}
        room = int(config.get("maxOutputTokens", 65_536))
        sampled = (config.get("temperature") or 0) > 0
        return Asked(name_of(schema), schema, [system, *messages], path["model"], room, sampled)

    @override
    def answer(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        thought, cached = 7, min(answer.cached, asked.prompt_tokens)
        said = {
            "usageMetadata": {
                "promptTokenCount": asked.prompt_tokens,
                "candidatesTokenCount": answer.completion_tokens,
                "thoughtsTokenCount": thought,
                "cachedContentTokenCount": cached,
                "totalTokenCount": asked.prompt_tokens + answer.completion_tokens + thought,
            },
            "modelVersion": asked.model,
            "responseId": uuid.uuid4().hex,
        }
        if answer.end == "refusal":
            return said | {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        parts = [{"text": "I have read the transcript.", "thought": True}, {"text": answer.content}]
        content = {"parts": parts if answer.content else [], "role": "model"}
        candidate = {"content": content, "finishReason": _REASONS[answer.end], "index": 0}
        return said | {"candidates": [candidate]}

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        status = _STATUSES.get(refused.status, "UNKNOWN")
        details: list[dict[str, Any]] = []
        if refused.status == 429:
            details = [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after_s}s"}
            ]
        if refused.status == 401:
            details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
        error = {"code": refused.status, "message": str(refused), "status": status, "details": details}
        return {"error": error}

    @override
    def headers(self, status: int, retry_after_s: int) -> dict[str, str]:
        return {}


def _message(content: Mapping[str, Any]) -> dict[str, str]:
    text = "".join(str(part.get("text", "")) for part in content["parts"])
    role = str(content.get("role", "user"))
    return {"role": "assistant" if role == "model" else role, "content": text}
