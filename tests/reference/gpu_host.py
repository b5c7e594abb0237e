"""The HTTP contract of GPU hosts, from the reference host's own OpenAPI."""

from dataclasses import MISSING, fields
from typing import Any
from unittest.mock import Mock

from include.gpu_host.server.app import create_app
from include.gpu_host.settings import ENV_PREFIX, Settings


def page() -> str:
    """A line for each route, and what each model holds."""
    spec = _openapi()
    parts = [
        "# HTTP contract of GPU hosts\n",
        "What cofi asks of a host, and what yours has to speak if it is another than ours. A running host "
        "publishes the same as OpenAPI at `/openapi.json`. Every route but `/health` wants `Authorization: "
        "Bearer <token>`; errors are RFC 9457 problems (`application/problem+json`) with `retryable`.\n",
        "| | |",
        "| --- | --- |",
    ]
    for path, methods in sorted(spec["paths"].items()):
        for method, route in sorted(methods.items()):
            parts.append(f"| `{method.upper()} {path}` | {_first_sentence(route)} |")
    parts.append("")
    for name, schema in sorted(spec.get("components", {}).get("schemas", {}).items()):
        if schema.get("properties"):
            parts += [f"## `{name}`\n", "| field | type | |", "| --- | --- | --- |"]
            required = schema.get("required", [])
            parts += [
                f"| `{field}` | {_type(told)} | {'' if field in required else 'optional'} |"
                for field, told in schema["properties"].items()
            ]
            parts.append("")
    return "\n".join(parts)


def _first_sentence(route: dict[str, Any]) -> str:
    told = route.get("description") or route.get("summary", "")
    return " ".join(told.split("\n\n")[0].split()).replace("|", "\\|")


def _type(told: dict[str, Any]) -> str:
    if "$ref" in told:
        return f"`{told['$ref'].rsplit('/', 1)[-1]}`"
    if "anyOf" in told:
        return " or ".join(dict.fromkeys(_type(one) for one in told["anyOf"]))
    if told.get("type") == "array":
        return f"list of {_type(told.get('items', {}))}"
    return str(told.get("type", "any"))


def _openapi() -> dict[str, Any]:
    spec: dict[str, Any] = create_app(Mock(), "token").openapi()
    return spec


def settings_page() -> str:
    """A line for each environment variable of a host."""
    parts = [
        "# Settings of a GPU host\n",
        "Environment variables, or lines of `.env`, of `cofi gpu-host`.\n",
        "| variable | default | |",
        "| --- | --- | --- |",
    ]
    for one in fields(Settings):
        default = "–" if one.default in (MISSING, None, "") else f"`{one.default}`"
        told = str(one.metadata.get("help", "")).replace("|", "\\|")
        parts.append(f"| `{ENV_PREFIX}{one.name.upper()}` | {default} | {told} |")
    return "\n".join([*parts, ""])
