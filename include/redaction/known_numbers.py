"""Numbers that the call's metadata holds, wherever they or a part of them are said."""

from collections.abc import Sequence

from include.calls.call import CallMetadata
from include.redaction.dialogue import Dialogue
from include.redaction.found import Found

# Shorter ones are extensions: everybody in the company has one.
_FEWEST_DIGITS = 6
# "The one that ends in 0123": of eleven digits so few are found by chance in one of 1,250 numbers.
_FEWEST_SAID = 4


def numbers_in_metadata(metadata: CallMetadata) -> tuple[str, ...]:
    """The digits of both sides' numbers."""
    numbers = ("".join(filter(str.isdigit, text or "")) for text in (metadata.caller, metadata.called))
    return tuple(dict.fromkeys(number for number in numbers if len(number) >= _FEWEST_DIGITS))


def known_numbers(dialogue: Dialogue, numbers: Sequence[str]) -> dict[int, list[Found]]:
    """Where these numbers are said, by turn: whole, in part, or with a prefix that is not stored."""
    if not numbers:
        return {}
    found: dict[int, list[Found]] = {}
    for turn in range(len(dialogue.texts)):
        for run in dialogue.runs(turn, asked=True):
            number = next((one for one in numbers if _is(run.digits, one)), None)
            if number:
                found.setdefault(turn, []).append(Found(run.start, run.end, "PHONE", number))
    return found


def _is(said: str, number: str) -> bool:
    return number in said or (len(said) >= _FEWEST_SAID and said in number)
