"""What providers let stand in the schema of an answer, and how much of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAMED = ("properties", "$defs")
# Every API takes these.
SHAPE = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs"}
    | {"title", "description"}
)
SIZES = frozenset({"minItems", "maxItems", "minimum", "maximum"})
LENGTHS = frozenset({"minLength", "maxLength"})


@dataclass(frozen=True)
class SchemaLaw:
    """A provider's rules; None where it has none.

    Attributes:
        strict: Every property is required, and no others are allowed.
        properties: In all, each definition counted once.
        depth: Objects in objects.
        unions: Properties that may be of several kinds, each use of a definition counted.
        ref_alone: Nothing may stand beside a `$ref`.
    """

    keywords: frozenset[str]
    strict: bool = True
    properties: int | None = None
    depth: int | None = None
    enum_values: int | None = None
    unions: int | None = None
    ref_alone: bool = False

    def problem(self, schema: Mapping[str, Any]) -> str | None:
        """Why the provider refuses a schema; None when it takes it."""
        if schema.get("type") != "object":
            return "schema must be of type object"
        problems = (self._of_node(node) for node in nodes(schema))
        try:
            return next(filter(None, problems), None) or self._too_much(schema)
        except RecursionError:
            return "recursive schemas are not supported"

    def _too_much(self, schema: Mapping[str, Any]) -> str | None:
        for what, limit, count in (
            ("object properties", self.properties, property_count),
            ("enum values", self.enum_values, enum_count),
            ("levels of nesting", self.depth, lambda each: depth(each, each)),
        ):
            if limit is not None and (found := count(schema)) > limit:
                return f"{found} {what} exceeds limit of {limit}"
        return self._too_many_unions(schema)

    def _of_node(self, node: Mapping[str, Any]) -> str | None:
        unknown = sorted(set(node) - self.keywords)
        if unknown:
            return f"'{unknown[0]}' is not permitted"
        if "$ref" in node and self.ref_alone and len(node) > 1:
            return "nothing may stand beside $ref"
        if not self.strict or "properties" not in node:
            return None
        if node.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if set(node.get("required", ())) != set(node["properties"]):
            return (
                "'required' is required to be supplied and to be an array including every key in properties"
            )
        return None

    def _too_many_unions(self, schema: Mapping[str, Any]) -> str | None:
        if self.unions is None:
            return None
        count = sum(_is_union(node) for node in expanded(schema, schema))
        if count <= self.unions:
            return None
        return (
            f"Schemas contains too many parameters with union types ({count} parameters with type arrays or "
            f"anyOf) which exceeds the limit: {self.unions}"
        )


def nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and all schemas in it, each definition once."""
    if isinstance(schema, list):
        for one in schema:
            yield from nodes(one)
    elif isinstance(schema, Mapping):
        yield schema
        for key, content in schema.items():
            if key in _NAMED:
                yield from nodes(list(content.values()))
            elif key in ("items", "anyOf", "allOf", "oneOf", "prefixItems"):
                yield from nodes(content)


def expanded(schema: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and all in it, definitions where they are used."""
    if isinstance(schema, list):
        for one in schema:
            yield from expanded(one, root)
        return
    if "$ref" in schema:
        yield from expanded(_resolved(schema, root), root)
        return
    yield schema
    yield from expanded(list(schema.get("properties", {}).values()), root)
    for key in ("items", "anyOf", "allOf"):
        if key in schema:
            yield from expanded(schema[key], root)


def depth(schema: Any, root: Mapping[str, Any]) -> int:
    """How many objects stand in each other at most."""
    if isinstance(schema, list):
        return max((depth(one, root) for one in schema), default=0)
    if "$ref" in schema:
        return depth(_resolved(schema, root), root)
    inner = [
        list(schema.get("properties", {}).values()),
        *(schema[k] for k in ("items", "anyOf") if k in schema),
    ]
    return ("properties" in schema) + max((depth(one, root) for one in inner), default=0)


def property_count(schema: Mapping[str, Any]) -> int:
    """Properties of all objects, each definition counted once."""
    return sum(len(node.get("properties", ())) for node in nodes(schema))


def enum_count(schema: Mapping[str, Any]) -> int:
    """Values of all enums."""
    return sum(len(node.get("enum", ())) for node in nodes(schema))


def conform(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A value in the form of a schema that has a list of at most one in place of a value or null."""
    schema = _resolved(schema, root) if "$ref" in schema else schema
    if schema.get("type") == "array":
        values = value if isinstance(value, list) else [] if value is None else [value]
        return [conform(one, schema["items"], root) for one in values]
    if isinstance(value, dict) and "properties" in schema:
        return {key: conform(one, schema["properties"].get(key, {}), root) for key, one in value.items()}
    if "anyOf" in schema and value is not None:
        return conform(value, next(kind for kind in schema["anyOf"] if kind.get("type") != "null"), root)
    return value


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(root["$defs"][schema["$ref"].removeprefix("#/$defs/")])


def _is_union(schema: Mapping[str, Any]) -> bool:
    return "anyOf" in schema or isinstance(schema.get("type"), list)
