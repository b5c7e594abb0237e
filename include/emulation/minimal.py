"""The least JSON value that a JSON schema takes."""

from collections.abc import Mapping
from typing import Any


def minimal(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """Makes a value that fits: the first of an enum, null where that may be, true, nothing in lists.

    Args:
        schema: Draft 2020-12, as far as the strict mode of OpenAI's structured outputs goes.
        root: Where `$ref`s are found; the schema itself when it is left out.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        return minimal(_resolved(schema["$ref"], root), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        kinds = schema["anyOf"]
        return None if {"type": "null"} in kinds else minimal(kinds[0], root)
    return _of_type(schema, root)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: minimal(properties[name], root) for name in schema.get("required", properties)}
    if kind == "array":
        return [minimal(schema["items"], root) for _ in range(schema.get("minItems", 0))]
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
