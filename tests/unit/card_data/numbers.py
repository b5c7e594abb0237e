"""Card numbers made by rule, and the ways in which recognisers and models write them."""

import random
import re
from collections.abc import Iterator

from include.card_data.formats import luhn_valid

_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_ISSUERS = {"4": 16, "51": 16, "55": 16, "2221": 16, "34": 15, "37": 15, "36": 14, "6011": 16}


def card_numbers(count: int, seed: int = 1) -> Iterator[str]:
    """Numbers of the large schemes that pass Luhn's check."""
    chance = random.Random(seed)
    for _ in range(count):
        prefix = chance.choice(list(_ISSUERS))
        body = prefix + "".join(chance.choices("0123456789", k=_ISSUERS[prefix] - len(prefix) - 1))
        yield next(body + check for check in "0123456789" if luhn_valid(body + check))


def ways_to_say(number: str) -> list[str]:
    """In figures, in groups, in words."""
    groups = re.findall(r"\d{1,4}", number)
    return [
        number,
        " ".join(groups),
        "-".join(groups),
        ", ".join(" ".join(_WORDS[int(digit)] for digit in group) for group in groups),
        " ".join(number),
    ]
