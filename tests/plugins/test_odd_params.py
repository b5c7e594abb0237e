"""Params that nothing can come of are refused with a sentence, on both databases."""

from typing import Any

import pytest

from cofi import rescoring
from cofi.batch import open_batch
from cofi.discovering import discover
from include.errors import CofiError, InvalidInput
from include.llm.wording import SHIPPED
from tests.plugins.nights import FRIDAY, Nights
from tests.plugins.params import params

ODD: dict[str, dict[str, Any]] = {
    "a NUL in the location": {"location": "file:///tmp/a\0b"},
    "half a character in the location": {"location": "file:///tmp/\ud800"},
    "no location": {"location": " "},
    "the first day of all": {"day": "0001-01-01", "lookback_days": 60},
    "the last day of all": {"day": "9999-12-31"},
    "a host with a NUL": {"hosts": ["gpu_a\0"]},
    "a host that is half a character": {"hosts": ["\ud800"]},
    "a budget without an end": {"llm_budget_usd": 1e308},
}
RESCORE = {"last_day": None, "shadow": True, "scorecard": "service_call", "model": None, "prompts": SHIPPED}
RESCORE |= {"promote": False, "only_labelled": False}


@pytest.mark.parametrize("odd", ODD)
def test_a_run_begins_or_says_what_to_enter(nights: Nights, odd: str) -> None:
    wanted = params(nights.location, day=str(FRIDAY)) | ODD[odd]
    try:
        discover(open_batch("run-1", wanted, None, "manual"), wanted, lambda _: False)
    except CofiError as error:
        assert str(error).encode()


@pytest.mark.parametrize("odd", [{"model": "m\0"}, {"model": "\ud800"}, {"day": "0001-01-01"}])
def test_so_does_a_rescore(nights: Nights, odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"'model' holds|enter a day from 1900"):
        rescoring.open_batch("rescore-1", {**RESCORE, "day": str(FRIDAY), **odd}, None, "manual")
