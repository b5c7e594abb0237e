"""The connections of what the embedded stack starts itself, as Airflow imports them."""

import json
from collections.abc import Mapping

LLM = "llm"


def connections_of(ports: Mapping[str, int], gpu_token: str) -> dict[str, dict[str, object]]:
    """A connection for each GPU host, and for the LLM endpoint.

    Args:
        ports: By the name of the service.
        gpu_token: What the GPU hosts ask for.
    """
    found: dict[str, dict[str, object]] = {}
    for name, port in ports.items():
        if name == LLM:
            url, extra = f"http://127.0.0.1:{port}/v1", json.dumps({"model": "cofi-rules-1"})
            found["cofi_llm"] = {"conn_type": "http", "host": url, "extra": extra}
        else:
            found[name] = {"conn_type": "http", "host": "127.0.0.1", "port": port, "password": gpu_token}
    return found
