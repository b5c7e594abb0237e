"""What is known of a call beside its text: who may be named in it, and which names are nobody's."""

import re
from dataclasses import dataclass
from functools import cache

# No letter: nothing that looks for names finds one in it, or goes on over it.
HIDING = "_"


@dataclass(frozen=True)
class Known:
    """What is known of a call from its metadata.

    Attributes:
        names: People's names, to replace wherever they stand.
        places: Where somebody lives, to replace too.
        numbers: Digits of numbers that belong to somebody, to replace wherever they or a part are said.
        kept: Names that are nobody's, such as the company's: where one is said, no part of it is taken for a
            person's name, a place or an address.
    """

    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def hidden(self, text: str) -> str:
        """The text, as long as it was, with the kept names out of sight; their case does not matter."""
        return _pattern(self.kept).sub(lambda name: HIDING * len(name.group()), text)


NOTHING = Known()


@cache
def _pattern(kept: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(re.escape(name) for name in sorted(kept, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)" if listed else r"(?!)", re.IGNORECASE)
