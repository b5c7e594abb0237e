"""Finds the JSON answer in what a model wrote, and fits it to its schema where nothing is ambiguous."""

import json
import re
from collections.abc import Iterator, Mapping, Set
from difflib import get_close_matches
from typing import Any

from include.llm.chat_api import JsonSchema
from include.llm.mending import mended, of_literal
from include.llm.providers.dialect import nullable_of
from include.outside.jsons import parsed
from include.outside.text import cleaned

# What a model thought, in the tags that open models are trained with; some templates open it in the prompt.
_TAGS = "(?:seed:)?think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|rationale|details"
_THOUGHT = re.compile(
    rf"\A.*(?:</(?:{_TAGS})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<unused95>|assistantfinal)",
    re.DOTALL | re.IGNORECASE,
)
_OPENED = re.compile(
    rf"<(?:{_TAGS})(?: [^<>]*)?>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<unused94>", re.IGNORECASE
)
# What stands before the answer proper where a server passes on gpt-oss's own marks.
_BEFORE_FINAL = re.compile(
    r"\A.*<\|channel\|>\s*(?:final\b|commentary to=)[^<]*(?:<\|constrain\|>\s*\w+)?\s*<\|message\|>",
    re.DOTALL,
)
# What says that another answer than those before it is meant.
_FINALLY = re.compile(
    r"(?:\bfinal(?:ly)?(?: (?:answer|output|json|version|result))?|\b(?:corrected|revised)(?: \w+)?"
    r"|\bhere is my (?:response|answer))[*_ ]*[:=][*_ ]*\s*(?:```\w*)?\s*\Z",
    re.IGNORECASE,
)
_FENCED = re.compile(r"\A(?:`{3,}|~{3,})\w*\s*\n(.*?)\n?\s*(?:`{3,}|~{3,})\Z", re.DOTALL)
# An answer in a call of a tool that stands in the text, in "answer", in a list of one, …
_MOST_WRAPPINGS = 3
_OPENING = re.compile(r'\{\s*["}]')
# Behind a whole object, they belong to something that it is only a part of.
_GOES_ON = frozenset("}],:")
_DECODER = json.JSONDecoder()
# Names this near to each other are one name, misspelt.
_NEAR = 0.7


def json_of(content: str) -> Any:
    """The value that an answer gives: all of it, or the one object in it.

    Fences, an introduction, what the model thought before, and the same object said twice are no reason to
    ask again.

    Raises:
        ValueError: It gives none, or several different ones.
    """
    text = cleaned(content).strip().removeprefix("\ufeff")
    try:
        whole = parsed(text)
    except ValueError as error:
        problem = str(error)
    else:
        return json_of(whole) if isinstance(whole, str) and _OPENING.search(whole) else whole
    answer = _without_thought(text)
    if (fenced := _FENCED.match(answer)) and fenced[1].startswith('"'):
        return json_of(fenced[1])
    try:
        return _only_object(answer, problem)
    except ValueError as error:
        return _mended_object(answer, problem, error)


def _mended_object(answer: str, problem: str, why: ValueError) -> Any:
    """The object of an answer that is no JSON as it stands; `why` is what it is refused for, else."""
    plain = mended(answer)
    if plain != answer:
        try:
            return _only_object(plain, problem)
        except ValueError as error:
            why = error
    try:
        return parsed(of_literal(answer))
    except ValueError:
        raise why from None


def _only_object(answer: str, problem: str) -> Any:
    texts = list(_objects(answer))
    found = [parsed(text) for text in texts]
    different = [each for n, each in enumerate(found) if each not in found[:n]]
    if not different:
        raise ValueError(f"it is no JSON: {problem}")
    if len(different) > 1 and not _FINALLY.search(answer[: answer.rfind(texts[-1])]):
        raise ValueError(f"it gives {len(different)} different JSON objects")
    return found[-1]


def _without_thought(text: str) -> str:
    answer = _THOUGHT.sub("", _BEFORE_FINAL.sub("", text))
    return "" if _OPENED.match(answer.lstrip()) else answer


def _objects(text: str) -> Iterator[str]:
    """The outermost JSON objects in a text.

    Raises:
        ValueError: One breaks off, or is a part of something.
    """
    at = 0
    while opening := _OPENING.search(text, at):
        begin = opening.start()
        try:
            _, end = _DECODER.raw_decode(text, begin)
        except RecursionError:
            raise ValueError("its JSON is too deep") from None
        if _goes_on(text[:begin].rstrip(), text[end:].strip()):
            raise ValueError("its JSON object is followed by more of it")
        yield text[begin:end]
        at = end


def _goes_on(before: str, after: str) -> bool:
    """Whether an object is a part of something; it is not, alone in a list or with a comma that ends all."""
    if after[:1] == "]" and before.endswith("["):
        return False
    return bool(after) and after[0] in _GOES_ON and after not in {",", ":"}


def fitted(value: Any, schema: JsonSchema) -> Any:
    """The value in the form of its schema, where it is plain which that is.

    An object that stands alone in another one, or in a list, is the answer where only it has fields of the
    schema. A field that may be null and is absent is null, unknown fields are left out, and a list of at most
    one stands for a value that may be null (see `include.llm.providers.dialect`). A field that is absent
    while an unknown one has nearly its name stays absent: it is misspelt.

    Args:
        value: Of bounded depth.
        schema: With its definitions.
    """
    return _fitted(_unwrapped(value, frozenset(schema.get("properties", ()))), schema, schema)


def _unwrapped(value: Any, names: Set[str]) -> Any:
    """The answer in a call of a tool, `{"answer": …}` or a list of one; the value where there is none."""
    inner = value
    for _ in range(_MOST_WRAPPINGS):
        if isinstance(inner, Mapping) and names & inner.keys():
            return inner
        each = inner.values() if isinstance(inner, Mapping) else inner if isinstance(inner, list) else ()
        objects = [one for one in map(_as_object, each) if isinstance(one, dict)]
        if len(objects) != 1:
            break
        inner = objects[0]
    return inner if isinstance(inner, Mapping) and names & inner.keys() else value


def _as_object(value: Any) -> Any:
    """What a string of JSON gives: arguments of tools are such."""
    if not isinstance(value, str) or not _OPENING.match(value.lstrip()):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value


def _fitted(value: Any, schema: Mapping[str, Any], root: JsonSchema) -> Any:
    schema = _resolved(schema, root)
    inner = nullable_of(schema)
    if inner is not None:
        return _unlisted(value, _resolved(inner, root), root)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [_fitted(one, schema["items"], root) for one in value]
    if isinstance(value, dict) and isinstance(schema.get("properties"), Mapping):
        return _object(value, schema, root)
    return value


def _unlisted(value: Any, inner: Mapping[str, Any], root: JsonSchema) -> Any:
    if isinstance(value, list) and inner.get("type") != "array" and len(value) <= 1:
        value = value[0] if value else None
    return None if value is None else _fitted(value, inner, root)


def _object(value: dict[str, Any], schema: Mapping[str, Any], root: JsonSchema) -> dict[str, Any]:
    properties = schema["properties"]
    unknown = [key for key in value if key not in properties]
    made = {
        key: _fitted(one, properties[key], root) if key in properties else one
        for key, one in value.items()
        if key in properties or schema.get("additionalProperties") is not False
    }
    for name, kind in properties.items():
        may_be_null = nullable_of(_resolved(kind, root)) is not None
        if name not in value and may_be_null and not get_close_matches(name, unknown, n=1, cutoff=_NEAR):
            made[name] = None
    return made


def _resolved(schema: Mapping[str, Any], root: JsonSchema) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/$defs/"):
        return schema
    return dict(root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {}))
