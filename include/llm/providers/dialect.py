"""Brings an answer's schema into the form that a provider takes, without losing what it asks for.

Bounds that may not stand in the schema are written into its descriptions. Where providers bound how many
fields a schema may have, objects that stand in it more than once are defined once: a scorecard's schema names
the same five fields for each criterion. Where a schema may have few alternatives, a value that may be null is
a list of at most one instead; `include.llm.reading.fitted` turns it back.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from include.llm.chat_api import JsonSchema
from include.llm.providers.profile import BOUNDS, Nullable, SchemaRules

# Keywords whose keys are names, not keywords.
NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
# Keywords whose content is a value, not a schema.
_VALUES = frozenset({"enum", "const", "default", "examples", "required", "type"})
_NULL = {"type": "null"}
_IN_WORDS = {
    "maxLength": "at most {} characters",
    "minLength": "at least {} characters",
    "maxItems": "at most {} items",
    "minItems": "at least {} items",
    "maximum": "at most {}",
    "minimum": "at least {}",
}
_ONE_OR_NONE = "a list of one, or an empty list where there is none"


def in_dialect(schema: JsonSchema, rules: SchemaRules) -> dict[str, Any]:
    """The schema as this provider takes it.

    Args:
        schema: Strict: every property required, no additional ones.
        rules: The provider's.

    Returns:
        A schema that others have too: it is not to be changed.

    Raises:
        ValueError: It holds a keyword that can neither be sent nor be put into words.
    """
    return _in_dialect(json.dumps(schema), rules)


# Calls of a run are asked the same; writing it anew for each would take longer than all else of a request.
@lru_cache(maxsize=64)
def _in_dialect(schema: str, rules: SchemaRules) -> dict[str, Any]:
    made: dict[str, Any] = _written(json.loads(schema), rules)
    return _shared(made) if rules.shared else made


def keywords_of(schema: Any) -> Iterator[str]:
    """All keywords that stand in a schema, again and again."""
    for node in nodes_of(schema):
        yield from node


def nodes_of(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and all schemas in it; a `$ref` is not followed."""
    if isinstance(schema, list):
        for one in schema:
            yield from nodes_of(one)
    elif isinstance(schema, Mapping):
        yield schema
        for key, content in schema.items():
            if key in NAMED:
                yield from nodes_of(list(content.values()))
            elif key not in _VALUES:
                yield from nodes_of(content)


def nullable_of(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a value is when it is not null; None for a schema that does not allow null."""
    kinds = schema.get("anyOf")
    if isinstance(kinds, list) and len(kinds) == 2 and _NULL in kinds:
        (kind,) = [kind for kind in kinds if kind != _NULL]
        return dict(kind)
    return None


def _written(schema: Any, rules: SchemaRules) -> Any:
    if isinstance(schema, list):
        return [_written(one, rules) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    inner = nullable_of(schema)
    if inner is not None and rules.nullable is Nullable.LIST:
        listed = {"type": "array", "items": _written(inner, rules)}
        bound = {"maxItems": 1} if "maxItems" in rules.keywords else {}
        return listed | bound | ({"description": _ONE_OR_NONE} if "description" in rules.keywords else {})
    made: dict[str, Any] = {}
    for key, content in schema.items():
        if key in rules.keywords:
            made[key] = _content(key, content, rules)
        elif key not in BOUNDS:
            raise ValueError(
                f"{key} is no keyword that this provider takes, and no bound to be put into words"
            )
    words = [_IN_WORDS[key].format(schema[key]) for key in schema if key in BOUNDS - rules.keywords]
    if words and "description" in rules.keywords:
        made["description"] = ", ".join([*filter(None, [schema.get("description")]), *words])
    return made


def _content(key: str, content: Any, rules: SchemaRules) -> Any:
    if key in NAMED:
        return {name: _written(one, rules) for name, one in content.items()}
    return content if key in _VALUES else _written(content, rules)


def _shared(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every object that stands in it more than once defined once."""
    times = Counter(_identity(node) for node in nodes_of(schema) if _is_object(node))
    repeated = {identity for identity, count in times.items() if count > 1}
    if not repeated:
        return schema
    defined: dict[str, Any] = {}
    made = {key: _referring(content, key, repeated, defined) for key, content in schema.items()}
    return made | {"$defs": {**made.get("$defs", {}), **defined}}


def _referring(content: Any, key: str, repeated: set[str], defined: dict[str, Any]) -> Any:
    """What stands behind a keyword, with references in place of repeated objects."""
    if key in _VALUES:
        return content
    if key in NAMED:
        return {name: _reference(one, repeated, defined) for name, one in content.items()}
    if isinstance(content, list):
        return [_reference(one, repeated, defined) for one in content]
    return _reference(content, repeated, defined)


def _reference(schema: Any, repeated: set[str], defined: dict[str, Any]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    made = {key: _referring(content, key, repeated, defined) for key, content in schema.items()}
    if not _is_object(schema) or (identity := _identity(schema)) not in repeated:
        return made
    defined[identity] = made
    return {"$ref": f"#/$defs/{identity}"}


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" and "properties" in schema


def _identity(schema: Mapping[str, Any]) -> str:
    """Names a schema by what it says, the order of its properties included."""
    return f"object_{sha256(json.dumps(schema).encode()).hexdigest()[:8]}"
