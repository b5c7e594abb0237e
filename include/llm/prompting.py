"""Builds the prompts. Both stages begin with the same bytes: a provider's prompt cache serves the second."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from string import Template
from typing import Any

from pydantic import BaseModel

from include.calls.transcript import Transcript, Turn
from include.llm.chat_api import Message, conversation
from include.llm.wording import Wording
from include.scorecards.answers import speaker_label

# A pause in the conversation that is worth telling: holds and dead air show as such.
GAP_TOLD_S = 8.0


def prompt_hash(*texts: str) -> str:
    """Identity of a prompt's wording: sha256 in hex over its parts."""
    return sha256("\0".join(texts).encode()).hexdigest()


def messages(transcript: Transcript, wording: Wording, task: str, **values: str) -> Sequence[Message]:
    """System message, then transcript and task as one user message: some chat templates take no two in a row.

    Args:
        transcript: As it may leave.
        wording: Which prompts.
        task: Name of the task's prompt file.
        values: What its `$names` stand for.
    """
    text = Template(wording.text(task)).substitute(values)
    return conversation(
        ("system", wording.text("system").strip()), ("user", f"{transcript_text(transcript)}\n\n{text}")
    )


def transcript_text(transcript: Transcript) -> str:
    """The delimited transcript. Nothing that is said can close the delimiter or begin a line."""
    lines = [f'<transcript language="{transcript.language or "unknown"}">']
    heard_until_ms = transcript.turns[0].start_ms if transcript.turns else 0
    for turn in transcript.turns:
        gap_s = (turn.start_ms - heard_until_ms) / 1000
        if gap_s >= GAP_TOLD_S:
            lines.append(f"-- {gap_s:.0f} s without speech --")
        lines.append(_line(turn))
        heard_until_ms = max(heard_until_ms, turn.end_ms)
    return "\n".join([*lines, "</transcript>"])


def _line(turn: Turn) -> str:
    said = " ".join(turn.text.split()).replace("<", "‹").replace(">", "›")
    at = f"{_clock(turn.start_ms)}-{_clock(turn.end_ms)}"
    return f"[{turn.id} | {speaker_label(turn)} | {at}] {said}"


def _clock(ms: int) -> str:
    minutes, rest_ms = divmod(ms, 60_000)
    return f"{minutes}:{rest_ms / 1000:04.1f}"


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model's JSON schema as strict APIs want it: all properties required, no others, no defaults."""
    schema: dict[str, Any] = strict(model.model_json_schema())
    return schema


def strict(schema: Any) -> Any:
    """Makes a JSON schema strict; see `strict_schema`.

    Raises:
        ValueError: It holds what is no keyword of JSON Schema: some API would refuse it.
    """
    if isinstance(schema, list):
        return [strict(value) for value in schema]
    if not isinstance(schema, Mapping):
        return schema
    if unknown := set(schema) - _KEYWORDS:
        raise ValueError(
            f"{', '.join(sorted(unknown))}: no keyword of JSON Schema. In an Annotated, a constraint has to "
            "stand before a validator; behind it, pydantic writes its own name for it into the schema."
        )
    made = {
        key: {name: strict(value) for name, value in content.items()} if key in _NAMED else strict(content)
        for key, content in schema.items()
        if key not in ("title", "default", "description")
    }
    if "properties" in made:
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    return made


# Keywords whose keys are names, not keywords.
_NAMED = {"properties", "$defs"}
# Of JSON Schema 2020-12, those that pydantic's schemas may hold.
# fmt: off
_KEYWORDS = frozenset({
    "$defs", "$ref", "additionalProperties", "allOf", "anyOf", "const", "contentEncoding", "default",
    "deprecated", "description", "discriminator", "enum", "examples", "exclusiveMaximum",
    "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
    "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties",
    "prefixItems", "properties", "propertyNames", "readOnly", "required", "title", "type", "uniqueItems",
    "writeOnly",
})
# fmt: on


def request_identity(  # noqa: PLR0917 - all of them name the request
    stage: str,
    transcript: Transcript,
    model: str,
    prompt_sha256: str,
    scorecard_hash: str | None = None,
    redact: bool = True,
    *,
    context: str = "",
) -> str:
    """Names a request by all that decides its answer, so that a stored answer is never paid for again.

    Args:
        stage: `llm1` or `llm2`.
        transcript: The original; its content counts, not the call's id.
        model: The one that is asked for.
        prompt_sha256: `prompt_hash` of the stage's wording.
        scorecard_hash: For `llm2`.
        redact: Whether the transcript is redacted on its way.
        context: What else goes into the prompt.

    Returns:
        sha256, 64 hex digits.
    """
    parts = [stage, transcript.sha256, model, prompt_sha256, scorecard_hash or "", str(redact), context]
    return sha256("\0".join(parts).encode()).hexdigest()
