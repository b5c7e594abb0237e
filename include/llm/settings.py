"""Where the LLM is and how it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from include.errors import InvalidInput
from include.llm.providers.profile import BOUNDS, Profile, guessed, profile_of

MIB = 1024 * 1024


@dataclass(frozen=True)
class LlmSettings:
    """Where the LLM is and how it is asked. What is None here is as the provider's profile has it.

    Attributes:
        base_url: Up to and with the version, such as `https://api.openai.com/v1`.
        api_key: Empty for none.
        provider: Whose API it is: a file in `include/llm/providers`; empty to tell by the address.
        connect_timeout_s: To open a connection.
        read_timeout_s: Between two pieces of an answer; a completion comes in one piece, after all thinking.
        total_timeout_s: For one attempt.
        max_attempts: Of one request, the first included.
        longest_wait_s: When the API asks for a longer wait than this, the request fails as transient and
            Airflow tries the task again later.
        outage_patience_s: How long requests wait for an API that is down before the task gives up.
        requests_per_minute: Of this client; 0 for any number. `tokens_per_minute` likewise, of prompts and
            answers together.
        longest_answer_mib: A longer answer is cut off and counts as lost.
        max_output_tokens: Of one answer, thinking included; doubled once when it was not enough.
        temperature: `profile` for the provider's; None leaves it out, for models that refuse it.
        reasoning_effort: How much a model thinks, in the provider's words; empty leaves it to the model.
        output_tokens_field: `max_tokens` or `max_completion_tokens`.
        bounds_in_schema: Whether length and range bounds stand in the schema, or are sent in words.
        schema_in_words: Whether the whole schema is written into the prompt, for APIs that take none.
        extra_headers: Sent with every request (a gateway's routing).
        extra_body: Fields sent with every request.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    provider: str = ""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    total_timeout_s: float = 180.0
    max_attempts: int = 6
    longest_wait_s: float = 120.0
    outage_patience_s: float = 600.0
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    longest_answer_mib: float = 16.0
    max_output_tokens: int | None = None
    temperature: float | Literal["profile"] | None = "profile"
    reasoning_effort: str = ""
    output_tokens_field: str | None = None
    bounds_in_schema: bool | None = None
    schema_in_words: bool = False
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuses what no request could be made of.

        Raises:
            InvalidInput: The provider, or its reasoning effort, is none that there is.
        """
        effort, allowed = self.reasoning_effort, self.profile.effort
        if effort and effort not in (allowed.values if allowed else ()):
            known = f"enter one of {', '.join(allowed.values)}" if allowed else "leave it out"
            raise InvalidInput(f"Provider {self.profile.name} has no reasoning_effort {effort}: {known}.")

    @property
    def profile(self) -> Profile:
        """The provider's profile for this model, with what is set here over it."""
        found = profile_of(self.provider or guessed(self.base_url)).of_model(self.model)
        rules = found.schema_rules
        if self.bounds_in_schema is not None:
            bounded = rules.keywords | BOUNDS if self.bounds_in_schema else rules.keywords - BOUNDS
            rules = rules.model_copy(update={"keywords": bounded})
        return found.model_copy(
            update={
                "schema_rules": rules,
                "schema_in_words": self.schema_in_words or found.schema_in_words,
                "output_tokens_field": self.output_tokens_field or found.output_tokens_field,
                "max_output_tokens": self.max_output_tokens or found.max_output_tokens,
                "temperature": found.temperature if self.temperature == "profile" else self.temperature,
            }
        )
