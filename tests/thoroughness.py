"""How much is tried of what is made by rule: enough to notice a break each time, much more when asked for.

COFI_TEST_THOROUGH=1 make test-unit
"""

import os
import random
from collections.abc import Sequence

THOROUGH = os.environ.get("COFI_TEST_THOROUGH") == "1"


def tries(usual: int, thorough: int) -> int:
    """How many of something are tried."""
    return thorough if THOROUGH else usual


def some(those: Sequence[int], one_in: int = 4) -> list[int]:
    """The first, the last, and one in so many between them, others each time; in order."""
    if THOROUGH:
        return list(those)
    between = those[1:-1]
    drawn = random.sample(between, -(-len(between) // one_in))
    return sorted({*those[:1], *drawn, *those[-1:]})
