"""What may stand in a scorecard: its fields as its schema has them, and a whole example."""

import inspect
import re
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from include.scorecards.comparisons import known_facts
from include.scorecards.conditions import METRICS_PREFIX, CriterionCondition, FieldCondition
from include.scorecards.loading import parse_scorecard
from include.scorecards.metrics import FIGURES, CallMetrics
from include.scorecards.parts import Band, EvidenceRule, MetricRule, PromptRule, Section, Window
from include.scorecards.rules import RULES
from include.scorecards.schema import Criterion, Option, Scorecard

EXAMPLE = Path(__file__).with_suffix(".yaml")
# In the order in which somebody who writes one meets them, with where each stands.
MODELS: dict[type[BaseModel], str] = {
    Scorecard: "The file",
    Band: "A line of `bands`",
    Section: "A line of `sections`",
    Criterion: "An entry of `criteria`",
    Option: "An entry of a criterion's `options`",
    EvidenceRule: "A criterion's `evidence`",
    Window: "A `window`",
    FieldCondition: "`applies_if`, of a fact",
    CriterionCondition: "`applies_if`, of another criterion",
    MetricRule: "A criterion's `metric`",
    PromptRule: "A criterion's `settled_by_prompt`",
}
_PLAIN = {str: "text", float: "number", int: "whole number", bool: "true or false"}


def page() -> str:
    """The example, a table for each part, and what conditions, metrics and rules may name."""
    example = EXAMPLE.read_text()
    parse_scorecard(example, source=str(EXAMPLE))
    parts = [
        "# What stands in a scorecard\n",
        "A scorecard is a YAML file; `cofi scorecard FILE` checks it. [Scorecards](../scorecards.md) tells "
        "how it is used, and what becomes of its answers.\n",
        "## An example, whole\n",
        f"```yaml\n{example}```\n",
    ]
    for model, title in MODELS.items():
        parts += [f"## {title}\n", f"{_summary(model)}\n", "| field | type | default | |"]
        parts += ["| --- | --- | --- | --- |", *_rows(model), ""]
    return "\n".join([*parts, *_facts(), *_figures(), *_rules()])


def told(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring's `Attributes` say of each field."""
    _, _, listed = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _summary(model: type[BaseModel]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].split())


def _rows(model: type[BaseModel]) -> list[str]:
    texts = told(model)
    return [
        f"| `{name}` | {_type(field.annotation)}{_bounds(field)} | {_default(field)} | {texts[name]} |"
        for name, field in model.model_fields.items()
    ]


def _type(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(one) for one in inner if one is not NoneType))
    if origin is list:
        return f"list of {_type(inner[0])}"
    return _choice(inner) if origin is Literal else _simple(kind)


def _simple(kind: type) -> str:
    if kind in MODELS:
        return f"[{MODELS[kind][:1].lower()}{MODELS[kind][1:]}](#{_anchor(MODELS[kind])})"
    return _choice(kind) if issubclass(kind, StrEnum) else _PLAIN[kind]


def _choice(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-")


def _bounds(field: FieldInfo) -> str:
    signs = {"gt": "above", "ge": "from", "le": "to"}
    found = [
        f"{word} {getattr(rule, sign):g}"
        for rule in field.metadata
        for sign, word in signs.items()
        if getattr(rule, sign, None) is not None
    ]
    least = next((rule.min_length for rule in field.metadata if hasattr(rule, "min_length")), None)
    found += [f"at least {least}"] if least and field.annotation is not str else []
    found += (
        ["small letters, digits and _"] if any(hasattr(rule, "pattern") for rule in field.metadata) else []
    )
    return f", {' '.join(found)}" if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None or value in ("", []) or isinstance(value, BaseModel):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _facts() -> list[str]:
    rows = [
        f"| `{name}` | {_choice(fact.operators)} | {_choice(fact.known) or _UNLISTED[name]} |"
        for name, fact in known_facts().items()
        if name.removeprefix(METRICS_PREFIX) not in FIGURES
    ]
    return [
        "## Facts that conditions ask for\n",
        "A fact that nobody knows makes no condition hold. Beside these, a criterion's condition may ask for "
        "the figures below, as `metrics.NAME`.\n",
        *("| field | op | value |", "| --- | --- | --- |", *rows, ""),
    ]


_UNLISTED = {"analysable": "`true`, `false`", "language": "a code of ISO 639-1: `en`, `es`"}


def _figures() -> list[str]:
    texts = told(CallMetrics)
    return [
        "## Figures of a call\n",
        "For `metric`, and as `metrics.NAME` for `applies_if` of a criterion. Seconds are of the original "
        "recording, shares 0..1. The conversation runs from the agent's first turn to the end of the last.\n",
        *("| figure | |", "| --- | --- |", *(f"| `{name}` | {texts[name]} |" for name in FIGURES), ""),
    ]


def _rules() -> list[str]:
    rows = [
        f"| `{name}` | {inspect.cleandoc(rule.__doc__ or '').splitlines()[0]} |"
        for name, rule in RULES.items()
    ]
    return ["## Rules\n", "| rule | |", "| --- | --- |", *rows, ""]
