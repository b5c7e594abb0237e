"""Turns that a model refers to, looked up in the call: `t4`, `Turn 4`, or a whole line of the transcript."""

import re
from collections.abc import Iterable, Iterator

# `t4`, `T04`, `turn 4`, `turn t4`, `turno 4`: marked as a turn's id.
_MARKED = re.compile(r"\bt(?:ur(?:n(?:os?|s)?)?(?:[\s_#.:-]*t)?)?[\s_#.:-]*0*(\d+)(?!\w)", re.IGNORECASE)
# Further ones of a list, whose mark may be left out: `t1, t2`, `turns 3, 4 and 6`, `t3-t5`.
_NEXT = re.compile(
    r"\s*(?:[,;/&+–—-]|…|\.\.+|\band\b|\bto\b|\by\b|\ba\b|\s(?=t\d))[\s,;]*(?:and\s+|y\s+)?"
    r"(?:t(?:ur(?:n(?:os?|s)?)?)?[\s_#.:-]*)?0*(\d+)(?![\w:.%])",
    re.IGNORECASE,
)
# Without any mark, only where nothing else is said: a time or an amount is no turn.
_NUMBER = re.compile(r"[\s(#]*0*(\d+)(?=\s*(?:$|[,;/&+)–—…-]|\.(?!\d)|\b(?:and|to|y|a)\b))", re.IGNORECASE)
# What follows the id in a line of the transcript: its speaker and times, then what was said.
_REST_OF_LINE = re.compile(r"\s*\|.*|(?<=\d)\s+(?:agent|customer|speaker_\d+)\b.*", re.IGNORECASE | re.DOTALL)
# A longer text may say "turn 5" without meaning a turn.
_REFERENCE_CHARS = 40


class TurnReferences:
    """Looks turns up by what a model writes.

    Args:
        turn_ids: Of the call's turns.
    """

    def __init__(self, turn_ids: Iterable[str]) -> None:
        self._ids = {turn_id.casefold(): turn_id for turn_id in turn_ids}
        self._by_number: dict[str, str] = {}
        for turn_id in self._ids.values():
            if number := re.search(r"(?<!\d)0*(\d+)$", turn_id):
                self._by_number.setdefault(number[1], turn_id)

    def looked_up(self, references: Iterable[str]) -> tuple[list[str], int]:
        """The turns of the call that are named, each once, and how often one that it has not is named."""
        found: dict[str, None] = {}
        dropped = 0
        for reference in references:
            for turn_id in self._named(reference):
                if turn_id is None:
                    dropped += 1
                else:
                    found[turn_id] = None
        return list(found), dropped

    def _named(self, reference: str) -> Iterator[str | None]:
        """What is named: turns of the call; None for one that it has not, or where none is named."""
        stripped = reference.strip()
        head = _REST_OF_LINE.sub("", stripped.removeprefix("[").split("]")[0])
        for text in (stripped, head):
            if known := self._ids.get(text.strip(" \t[](){}<>#'\"“”.,:;").casefold()):
                yield known
                return
        first = _MARKED.search(head) if len(head) <= _REFERENCE_CHARS else _MARKED.match(head)
        first = first or _NUMBER.match(head)
        if first is None:
            yield None
        while first:
            yield self._by_number.get(first[1])
            first = _NEXT.match(head, first.end())
