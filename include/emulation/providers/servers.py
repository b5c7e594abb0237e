"""Inference servers on one's own machines, which speak OpenAI's chat completions."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from include.emulation.providers.api import Answer, Asked, Refused
from include.emulation.providers.chat import THOUGHT, ChatApi


class Vllm(ChatApi):
    """vLLM: what a model thinks stands beside its content; it ignores fields that it does not know."""

    tells_cached = False

    @override
    def wrong_schema(self, name: str, problem: str) -> Refused:
        message = "The provided JSON schema contains features not supported by xgrammar."
        return Refused(400, f"{message} {problem}", "BadRequestError")

    @override
    def choice(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        choice = super().choice(asked, answer)
        choice["message"] |= {"reasoning": THOUGHT, "reasoning_content": THOUGHT}
        return choice | {"stop_reason": None}

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        kind = refused.kind or "BadRequestError"
        return {
            "error": {"message": str(refused), "type": kind, "param": refused.field, "code": refused.status}
        }


class LlamaCpp(ChatApi):
    """llama.cpp's server."""

    @override
    def wrong_schema(self, name: str, problem: str) -> Refused:
        return Refused(
            400,
            f"Automatic parser generation failed: JSON schema error at #: {problem}",
            "invalid_request_error",
        )

    @override
    def answer(self, asked: Asked, answer: Answer) -> dict[str, Any]:
        return super().answer(asked, answer) | {
            "system_fingerprint": "b1-emulated",
            "timings": {"cache_n": 0},
        }

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        kind = {401: "authentication_error", 503: "unavailable_error"}.get(
            refused.status, "invalid_request_error"
        )
        return {"error": {"code": refused.status, "message": str(refused), "type": kind}}


class Ollama(ChatApi):
    """Ollama: it asks for no key, and tells nothing of its cache."""

    tells_cached = False

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return ""

    @override
    def wrong_schema(self, name: str, problem: str) -> Refused:
        return Refused(400, f"invalid JSON schema in format: {problem}")

    @override
    def refusal(self, refused: Refused, retry_after_s: int) -> dict[str, Any]:
        kinds = {400: "invalid_request_error", 404: "not_found_error"}
        kind = kinds.get(refused.status, "api_error")
        return {"error": {"message": str(refused), "type": kind, "param": None, "code": None}}
