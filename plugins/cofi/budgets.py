"""What a run may pay for the LLM: its Param, or else the setting."""

from collections.abc import Mapping
from typing import Any

from cofi.settings import Settings
from include.llm.budget import Budget


def budget_of(params: Mapping[str, Any], settings: Settings) -> Budget:
    """The budget of a run; a DAG without the Param has the settings' one."""
    run_usd = params.get("llm_budget_usd")
    return Budget(
        run_usd=settings.llm_budget_per_run_usd if run_usd is None else run_usd,
        day_usd=settings.llm_budget_per_day_usd,
        timezone=settings.timezone,
    )
