"""What stands in a text where card data was."""

import re

SECURITY_CODE = "[card security code]"
MASK = re.compile(r"\[card number ending (\d{1,4})\]|\[card security code\]")


def card_number(digits: str) -> str:
    """The mask of a card number: of its digits the last four stay (PCI DSS 4.0.1, 3.4.1 allows them)."""
    return f"[card number ending {digits[-4:]}]"
