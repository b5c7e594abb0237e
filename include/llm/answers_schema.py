"""The JSON schema of LLM2's reply: what each criterion may be answered, in as few tokens as that takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from include.llm.prompting import strict, strict_schema
from include.scorecards.answers import CANNOT_DETERMINE, NOT_APPLICABLE, AuditReply, GivenAnswer
from include.scorecards.asking import may_be_left_out
from include.scorecards.schema import Criterion


def answers_schema(criteria: Sequence[Criterion]) -> dict[str, Any]:
    """One property per criterion, with its own options and no others; null where code may settle it.

    Criteria with the same options share a definition. An answer's parts are definitions too, so that each
    further set of options costs little.
    """
    schema = strict_schema(AuditReply)
    answer = schema["properties"].pop("answers")["additionalProperties"]
    parts = {name: content for name, content in answer["properties"].items() if name != "answer"}
    definitions = {**schema.get("$defs", {}), **parts}
    names: dict[tuple[str, ...], str] = {}
    by_id: dict[str, Any] = {}
    for criterion in criteria:
        allowed = allowed_answers(criterion)
        name = names.setdefault(tuple(allowed), f"answer{len(names) + 1}")
        definitions[name] = _answer(answer, allowed, parts)
        by_id[criterion.id] = _or_null({"$ref": f"#/$defs/{name}"}, may_be=may_be_left_out(criterion))
    answers = strict({"type": "object", "properties": by_id})
    return {
        "$defs": definitions,
        **schema,
        "properties": {"answers": answers, **schema["properties"]},
    }


def allowed_answers(criterion: Criterion) -> list[str]:
    """The option keys, NA where the criterion allows it, and CANNOT_DETERMINE."""
    keys = [option.key for option in criterion.options]
    return [*keys, *([NOT_APPLICABLE] if criterion.na_allowed else []), CANNOT_DETERMINE]


def answer_schema(allowed: list[str]) -> dict[str, Any]:
    """The schema of one answer by itself, with these keys and no others."""
    general = strict_schema(GivenAnswer)
    return general | {"properties": general["properties"] | {"answer": {"type": "string", "enum": allowed}}}


def _answer(general: Mapping[str, Any], allowed: list[str], parts: Mapping[str, Any]) -> dict[str, Any]:
    properties = {
        name: {"$ref": f"#/$defs/{name}"} if name in parts else {"type": "string", "enum": allowed}
        for name in general["properties"]
    }
    return {**general, "properties": properties}


def _or_null(schema: dict[str, Any], *, may_be: bool) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]} if may_be else schema
