"""Provider profiles: each is complete, found by name or address, and takes all that cofi sends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator

from include.emulation.providers import PROVIDERS
from include.errors import InvalidInput
from include.llm import understanding
from include.llm.audit import answers_schema
from include.llm.chat_api import Ask, conversation
from include.llm.providers.dialect import in_dialect, keywords_of, nodes_of
from include.llm.providers.profile import BOUNDS, Nullable, guessed, names, profile_of
from include.llm.providers.provider import Provider
from include.llm.settings import LlmSettings
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

EVERY = names()
CARDS = sorted(SHIPPED_SCORECARD.parent.glob("*.yaml"))
# A model of each provider that is sold in 2026-11, and those whose facts differ.
MODELS = {
    "openai": ["gpt-6.1-sol", "gpt-4.1-mini"],
    "azure": ["gpt-5.4", "gpt-4o"],
    "anthropic": ["claude-sonnet-5-5", "claude-haiku-4-5"],
    "gemini": ["gemini-3.8-flash", "gemini-2.5-flash"],
    "mistral": ["mistral-large-4"],
    "openrouter": ["anthropic/claude-sonnet-5-5", "openai/gpt-6.1-sol"],
}
ASKED = [(name, model) for name in EVERY for model in MODELS.get(name, ["qwen3-8b"])]


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that is sent; a repair sends the same again."""
    yield "llm1", understanding._schema()
    for path in CARDS:
        yield f"llm2 {path.stem}", answers_schema(load_scorecard(path).criteria)


def settings_of(name: str, model: str, **more: Any) -> LlmSettings:
    return LlmSettings(base_url="https://llm.example", provider=name, model=model, **more)


def body_of(settings: LlmSettings, schema: dict[str, Any], **ask: Any) -> dict[str, Any]:
    provider = Provider(settings)
    messages = conversation(("system", "be brief"), ("user", "the call"))
    return dict(json.loads(provider.body(Ask(messages, schema, "thing", 99, **ask))))


def test_they_are_the_ones_that_are_promised_and_each_is_emulated() -> None:
    promised = "openai azure anthropic gemini mistral vllm llama.cpp ollama openrouter generic"
    assert EVERY == sorted(promised.split()) == sorted(PROVIDERS)


@pytest.mark.parametrize("name", EVERY)
def test_a_profile_says_where_its_facts_are_from_and_what_was_not_tried(name: str) -> None:
    text = (Path("include/llm/providers") / f"{name}.yaml").read_text()
    profile = profile_of(name)
    assert profile.name == name
    assert profile.sources and profile.unchecked
    assert "2026-11" in text
    assert profile.reasons.cut_off


def test_schemas_hold_keywords_of_json_schema_and_no_others() -> None:
    found = dict(schemas())
    assert len(found) >= 2
    for schema in found.values():
        Draft202012Validator.check_schema(schema)
        assert set(keywords_of(schema)) <= set(Draft202012Validator.META_SCHEMA["properties"]) | _VOCABULARY
    assert {"maxLength", "maxItems"} <= {
        keyword for schema in found.values() for keyword in keywords_of(schema)
    }


_VOCABULARY = frozenset(
    {"type", "enum", "properties", "required", "additionalProperties", "items", "anyOf", "$ref", "$defs"}
    | {"maxLength", "maxItems", "minimum", "maximum"}
)


@pytest.mark.parametrize(("name", "model"), ASKED)
def test_every_schema_fits_every_provider(name: str, model: str) -> None:
    rules = settings_of(name, model).profile.schema_rules
    for of, schema in schemas():
        sent = in_dialect(schema, rules)
        Draft202012Validator.check_schema(sent)
        assert set(keywords_of(sent)) <= rules.keywords, of
        assert PROVIDERS[name].law.problem(sent) is None, of


@pytest.mark.parametrize(("name", "model"), ASKED)
def test_no_bound_is_lost(name: str, model: str) -> None:
    """A bound stands in the schema, or in the words of the same place."""
    rules = settings_of(name, model).profile.schema_rules
    schema = understanding._schema()
    sent = in_dialect(schema, replace_nullable(rules))
    bounded = [node for node in nodes_of(schema) if BOUNDS & set(node)]
    told = [node for node in nodes_of(sent) if BOUNDS & set(node) or "description" in node]
    assert len(bounded) == len(told) > 20
    for before, after in zip(bounded, told, strict=True):
        for key in BOUNDS & set(before):
            assert after.get(key) == before[key] or str(before[key]) in after["description"]


def replace_nullable(rules: Any) -> Any:
    return rules.model_copy(update={"nullable": Nullable.ANY_OF, "shared": False})


def test_objects_that_are_repeated_are_defined_once() -> None:
    schema = answers_schema(load_scorecard(SHIPPED_SCORECARD).criteria)
    sent = in_dialect(schema, profile_of("azure").schema_rules)
    # Nothing is lost: what fits the one fits the other.
    inline = in_dialect(_expanded(schema, schema), _unshared("azure"))
    count = [sum(len(node.get("properties", ())) for node in nodes_of(each)) for each in (inline, sent)]
    assert count[0] > 100 >= count[1]
    assert _expanded(sent, sent) == _expanded(inline, inline)


def _unshared(name: str) -> Any:
    return profile_of(name).schema_rules.model_copy(update={"shared": False})


def _expanded(schema: Any, root: Any) -> Any:
    if isinstance(schema, list):
        return [_expanded(one, root) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _expanded(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    return {key: _expanded(one, root) for key, one in schema.items() if key != "$defs"}


def test_few_alternatives_become_lists() -> None:
    schema = answers_schema(load_scorecard(SHIPPED_SCORECARD).criteria)
    sent = in_dialect(schema, profile_of("anthropic").schema_rules)
    assert "anyOf" in set(keywords_of(schema))
    assert "anyOf" not in set(keywords_of(sent))


def test_a_keyword_that_can_neither_be_sent_nor_told_is_refused() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number", "ge": 0}}}
    with pytest.raises(ValueError, match="ge is no keyword"):
        in_dialect(schema, profile_of("generic").schema_rules)


class TestChoosing:
    @pytest.mark.parametrize("name", ["opneai", "OpenAI", "vLLM", "../generic", "", " "])
    def test_a_typo_is_refused_with_the_list(self, name: str) -> None:
        if not name:
            assert settings_of(name, "m").profile.name == "generic"
            return
        with pytest.raises(InvalidInput, match=r"no LLM provider .*anthropic, azure, .*openrouter, vllm"):
            settings_of(name, "m")

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://api.openai.com/v1", "openai"),
            ("https://eu.api.openai.com/v1", "openai"),
            ("https://contoso.openai.azure.com/openai/v1", "azure"),
            ("https://contoso.services.ai.azure.com/openai/v1", "azure"),
            ("https://api.anthropic.com/v1", "anthropic"),
            ("https://API.Anthropic.com", "anthropic"),
            ("https://generativelanguage.googleapis.com/v1beta/openai/", "gemini"),
            ("https://api.mistral.ai/v1", "mistral"),
            ("https://openrouter.ai/api/v1", "openrouter"),
            ("http://gpu-1:11434/v1", "ollama"),
            ("http://user:pass@gpu-1:11434/v1", "ollama"),
            ("http://gpu-1:8000/v1", "generic"),
            ("https://api.openai.com.evil.example/v1", "generic"),
            ("https://gateway.example/openai/v1", "generic"),
            ("127.0.0.1:9100", "generic"),
        ],
    )
    def test_an_address_tells_whose_it_is(self, url: str, name: str) -> None:
        assert guessed(url) == name
        assert LlmSettings(base_url=url, model="m").profile.name == name

    @pytest.mark.parametrize(
        ("name", "base", "url"),
        [
            ("generic", "http://h:8000/v1", "http://h:8000/v1/chat/completions"),
            ("generic", "http://h:8000/v1/", "http://h:8000/v1/chat/completions"),
            ("generic", "http://h:8000", "http://h:8000/chat/completions"),
            ("openai", "https://api.openai.com", "https://api.openai.com/v1/chat/completions"),
            ("ollama", "http://h:11434", "http://h:11434/v1/chat/completions"),
            ("azure", "https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/chat/completions"),
            (
                "azure",
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
            ("anthropic", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
            ("gemini", "https://g.example/v1beta", "https://g.example/v1beta/models/m:generateContent"),
            (
                "gemini",
                "https://g.example/v1beta/openai",
                "https://g.example/v1beta/models/m:generateContent",
            ),
            ("openrouter", "https://openrouter.ai", "https://openrouter.ai/api/v1/chat/completions"),
        ],
    )
    def test_where_requests_go(self, name: str, base: str, url: str) -> None:
        assert Provider(LlmSettings(base_url=base, model="m", provider=name)).url == url

    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("generic", ("Authorization", "Bearer k")),
            ("azure", ("api-key", "k")),
            ("anthropic", ("x-api-key", "k")),
            ("gemini", ("x-goog-api-key", "k")),
        ],
    )
    def test_how_the_key_is_sent(self, name: str, header: tuple[str, str]) -> None:
        sent = Provider(settings_of(name, "m", api_key="k", extra_headers={"x-team": "qa"})).headers
        assert header in sent.items() and sent["x-team"] == "qa"
        assert len([value for value in sent.values() if "k" in value.split()]) == 1
        assert not Provider(settings_of(name, "m")).headers.keys() & {header[0]}


class TestSettingsOverTheProfile:
    SCHEMA: ClassVar = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 5}},
        "required": ["a"],
    }

    def test_what_the_connection_says_goes_before_the_profile(self) -> None:
        plain = body_of(settings_of("openai", "gpt-6.1-sol"), self.SCHEMA)
        assert "temperature" not in plain and plain["max_completion_tokens"] == 99
        said = settings_of(
            "openai",
            "gpt-6.1-sol",
            temperature=0.3,
            output_tokens_field="max_tokens",
            bounds_in_schema=True,
            reasoning_effort="low",
            extra_body={"service_tier": "flex"},
        )
        body = body_of(said, self.SCHEMA)
        assert (body["temperature"], body["max_tokens"], body["service_tier"]) == (0.3, 99, "flex")
        assert body["reasoning_effort"] == "low"
        assert body["response_format"]["json_schema"]["schema"]["properties"]["a"]["maxLength"] == 5

    def test_temperature_can_be_left_out(self) -> None:
        assert body_of(settings_of("generic", "m"), self.SCHEMA)["temperature"] == 0
        assert "temperature" not in body_of(settings_of("generic", "m", temperature=None), self.SCHEMA)

    def test_models_differ(self) -> None:
        assert body_of(settings_of("openai", "gpt-4.1-mini"), self.SCHEMA)["temperature"] == 0
        profile = settings_of("openrouter", "anthropic/claude-sonnet-5-5").profile
        assert profile.schema_rules.nullable is Nullable.LIST
        assert (
            settings_of("openrouter", "openai/gpt-6.1-sol").profile.schema_rules.nullable is Nullable.ANY_OF
        )

    @pytest.mark.parametrize(
        ("name", "where"),
        [
            ("anthropic", ("output_config", "effort")),
            ("openrouter", ("reasoning", "effort")),
            ("vllm", ("reasoning_effort",)),
            ("gemini", ("generationConfig", "thinkingConfig", "thinkingLevel")),
        ],
    )
    def test_where_effort_stands(self, name: str, where: tuple[str, ...]) -> None:
        body: Any = body_of(settings_of(name, "m", reasoning_effort="low"), self.SCHEMA)
        for part in where:
            body = body[part]
        assert body == ("LOW" if name == "gemini" else "low")

    @pytest.mark.parametrize(
        ("name", "told"), [("openai", "enter one of none, minimal"), ("llama.cpp", "leave")]
    )
    def test_an_effort_that_there_is_not_is_refused(self, name: str, told: str) -> None:
        with pytest.raises(InvalidInput, match=told):
            settings_of(name, "m", reasoning_effort="lots")

    def test_a_schema_can_be_told_in_words(self) -> None:
        body = body_of(settings_of("generic", "m"), self.SCHEMA, in_words=True)
        assert "response_format" not in body
        text = body["messages"][-1]["content"]
        assert text.startswith("the call\n\n") and json.dumps(self.SCHEMA, separators=(",", ":")) in text
        assert settings_of("ollama", "qwen3-cloud").profile.schema_in_words
        assert settings_of("generic", "m", schema_in_words=True).profile.schema_in_words

    def test_what_is_shared_by_all_prompts_is_marked_where_the_provider_keeps_it(self) -> None:
        mark = {"type": "ephemeral"}
        body = body_of(settings_of("anthropic", "claude-sonnet-5-5"), self.SCHEMA)
        assert body["system"] == [{"type": "text", "text": "be brief", "cache_control": mark}]
        body = body_of(settings_of("openrouter", "anthropic/claude-sonnet-5-5"), self.SCHEMA)
        assert body["messages"][0]["content"][0]["cache_control"] == mark
        for name in ("openai", "vllm", "gemini", "openrouter"):
            assert "cache_control" not in json.dumps(body_of(settings_of(name, "m"), self.SCHEMA))

    def test_text_that_nothing_can_encode_is_sent_clean(self) -> None:
        settings = settings_of("generic", "m")
        ask = Ask(conversation(("user", "he\ud800llo\x00")), self.SCHEMA, "thing", 9)
        sent = json.loads(Provider(settings).body(ask))
        assert sent["messages"][0]["content"] == "he\ufffdllo"

    def test_settings_can_be_replaced(self) -> None:
        settings = replace(settings_of("openai", "gpt-6.1-sol"), model="gpt-4.1")
        assert settings.profile.temperature == 0
