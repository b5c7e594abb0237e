"""Builds the prompts: what all calls have in common comes first, for a provider's prefix cache.

The system message holds the rules, the task and its lists, the same for every call of a stage. The user
message holds the transcript and one closing line with what is known of this call alone. So a day's calls
share all but their own words. LLM2 does not find LLM1's transcript in a cache then; that would save less: a
transcript is shared by two requests, the rest by all of a day, and a prefix ends at the first difference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from string import Template
from typing import Any

from pydantic import BaseModel

from include.calls.transcript import Transcript, Turn
from include.llm.chat_api import Message, conversation
from include.llm.circumstances import Circumstances, circumstances_of, one_line, seconds
from include.llm.wording import Wording
from include.scorecards.answers import speaker_label


def prompt_hash(*texts: str) -> str:
    """Identity of a prompt's wording: sha256 in hex over its parts."""
    return sha256("\0".join(texts).encode()).hexdigest()


def wording_texts(wording: Wording, task: str) -> list[str]:
    """All that a stage's prompts are made of, but for what they are filled with."""
    return [wording.text(name) for name in ("system", task, _closing(task))]


def messages(
    transcript: Transcript,
    wording: Wording,
    task: str,
    *,
    circumstances: Circumstances | None = None,
    **values: str,
) -> Sequence[Message]:
    """System message with the task, then the transcript and a closing line as the user's.

    Args:
        transcript: As it may leave.
        wording: Which prompts.
        task: Name of the task's prompt file; `{task}_end` is that of its closing line.
        circumstances: What the transcript's words do not tell.
        values: What the files' `$names` stand for; those of one call belong into the closing line.
    """
    system, *filled = wording_texts(wording, task)
    asked, closing = (Template(text).substitute(values).strip() for text in filled)
    return conversation(
        ("system", f"{system.strip()}\n\n{asked}"),
        ("user", f"{transcript_text(transcript, circumstances)}\n\n{closing}"),
    )


def _closing(task: str) -> str:
    return f"{task}_end"


def transcript_text(transcript: Transcript, circumstances: Circumstances | None = None) -> str:
    """The delimited transcript. Nothing that is said can close the delimiter or begin a line.

    Args:
        transcript: As it may leave.
        circumstances: Of the original; without them, what the turns themselves tell.
    """
    notes = circumstances_of(transcript) if circumstances is None else circumstances
    lines = [f'<transcript language="{one_line(transcript.language or "unknown")}">']
    for place, turn in enumerate(transcript.turns):
        lines += [*notes.before(place), _line(turn)]
    return "\n".join([*lines, *notes.before(len(transcript.turns)), "</transcript>"])


def _line(turn: Turn) -> str:
    return f"[{one_line(turn.id)} {speaker_label(turn)} {seconds(turn.start_ms)}] {one_line(turn.text)}"


def strict_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model's JSON schema as strict APIs want it: all properties required, no others, no defaults.

    What stands in several places is a definition, what stands in one is written there: servers that show the
    schema to the model count its tokens.
    """
    schema: dict[str, Any] = strict(model.model_json_schema())
    return _without_single_definitions(schema)


def inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema without references, longer, for APIs that take none."""
    made: dict[str, Any] = _written_out(schema, schema.get("$defs", {}))
    made.pop("$defs", None)
    return made


def _without_single_definitions(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.get("$defs", {})
    times = Counter(_references(schema))
    single = {name: content for name, content in definitions.items() if times[name] == 1}
    made: dict[str, Any] = _written_out(schema, single)
    made["$defs"] = {name: content for name, content in made.get("$defs", {}).items() if name not in single}
    if not made["$defs"]:
        del made["$defs"]
    return made


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix(_DEFINED)
        for content in schema.values():
            yield from _references(content)
    elif isinstance(schema, list):
        for content in schema:
            yield from _references(content)


def _written_out(schema: Any, single: Mapping[str, Any]) -> Any:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (name := reference.removeprefix(_DEFINED)) in single:
            return _written_out(single[name], single)
        return {name: _written_out(content, single) for name, content in schema.items()}
    return [_written_out(content, single) for content in schema] if isinstance(schema, list) else schema


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
_DEFINED = "#/$defs/"


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
