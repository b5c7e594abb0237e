"""A run's Params."""

from pathlib import Path
from typing import Any

DEFAULTS: dict[str, Any] = {
    "day": "2026-11-16",
    "location": "",
    "redo": "skip",
    "first_stage": "distribute",
    "limit": None,
    "lookback_days": None,
    "scorecard": "service_call",
    "hosts": [],
    "llm_requests": 10,
}


def params(store: Path, **changes: object) -> dict[str, Any]:
    """The defaults over a store, with changes."""
    return {**DEFAULTS, "location": f"file://{store}", **changes}
