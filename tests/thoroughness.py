"""How much is tried of what is made by rule: enough to notice a break each time, much more when asked for.

COFI_TEST_THOROUGH=1 make test-unit
"""

import os

THOROUGH = os.environ.get("COFI_TEST_THOROUGH") == "1"


def tries(usual: int, thorough: int) -> int:
    """How many of something are tried."""
    return thorough if THOROUGH else usual
