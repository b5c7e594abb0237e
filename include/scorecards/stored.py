"""Reads scorecards that a database holds, as older versions of cofi stored them too."""

from collections.abc import Mapping
from typing import Any

from include.scorecards.schema import Scorecard

# Fields of a criterion that older versions stored and nothing reads any more.
_GONE = frozenset({"hints"})


def stored_scorecard(content: Mapping[str, Any], sha256: str) -> Scorecard:
    """A recorded version, without what no longer exists.

    Args:
        content: The JSON that was stored.
        sha256: What it was recorded as. It stays its identity: audits and batches refer to it.
    """
    criteria = [
        {name: value for name, value in criterion.items() if name not in _GONE}
        for criterion in content["criteria"]
    ]
    return Scorecard.model_validate({**content, "criteria": criteria}).recorded_as(sha256)
