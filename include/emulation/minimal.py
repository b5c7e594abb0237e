"""The least JSON value that a JSON schema takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pick = Callable[[Sequence[Any]], Any]


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def minimal(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, pick: Pick = _first) -> Any:
    """Makes a value that fits: one of an enum, null where that may be, true, nothing in lists.

    Args:
        schema: Draft 2020-12, as far as the strict mode of OpenAI's structured outputs goes.
        root: Where `$ref`s are found; the schema itself when it is left out.
        pick: Which of an enum; the first when it is left out.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        return minimal(_resolved(schema["$ref"], root), root, pick)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return pick(schema["enum"])
    if "anyOf" in schema:
        kinds = schema["anyOf"]
        return None if {"type": "null"} in kinds else minimal(kinds[0], root, pick)
    return _of_type(schema, root, pick)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any], pick: Pick) -> Any:
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: minimal(properties[name], root, pick) for name in schema.get("required", properties)}
    if kind == "array":
        return [minimal(schema["items"], root, pick) for _ in range(schema.get("minItems", 0))]
    if kind == "string":
        return "-" * schema.get("minLength", 0)
    if kind in {"integer", "number"}:
        return max(0, schema.get("minimum", 0))
    return True if kind == "boolean" else None


def _resolved(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)
