"""What the emulated LLM answers: the least that fits, or what the demo's rules find in the call."""

import json
from collections.abc import Mapping
from typing import Any

from include.demo.llm_endpoint.server import answered
from include.emulation.minimal import minimal
from include.emulation.providers.api import Asked
from include.emulation.providers.schemas import conform


def least(asked: Asked) -> str:
    """The least that fits the schema."""
    return json.dumps(minimal(asked.schema))


def by_rules(asked: Asked) -> str:
    """What the demo's rules say of the call, in the form of the schema that was sent."""
    form = {"type": "json_schema", "json_schema": {"name": asked.name, "schema": asked.schema}}
    said: Mapping[str, Any] = answered({"messages": list(asked.messages), "response_format": form})
    value = json.loads(said["choices"][0]["message"]["content"])
    return json.dumps(conform(value, asked.schema, asked.schema), ensure_ascii=False)


WRITERS = {"least": least, "rules": by_rules}
