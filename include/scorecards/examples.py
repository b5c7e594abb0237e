"""Marks quoted examples in a scorecard's texts, so that no model takes them for words of the call."""

import re
from collections.abc import Collection

# Quotation marks that open, and what closes them. A straight single one is an apostrophe inside a word.
_QUOTED = re.compile(
    "|".join(
        (
            r'(?<!\w)"(?P<straight>[^"]+)"',
            r"[“„”](?P<curly>[^“”„]+)[”“]",
            r"«(?P<angled>[^«»]+)»",
            r"‘(?P<single>(?:[^‘’]|’(?=\w))+)’",
            r"(?<!\w)'(?P<apostrophes>(?:[^']|(?<=\w)'(?=\w))+)'(?!\w)",
            r"`(?P<code>[^`]+)`",
        )
    )
)


def marked(text: str, keys: Collection[str] = ()) -> str:
    """Writes `‹for example: …›` for what stands in quotation marks.

    Args:
        text: As somebody wrote it into a scorecard.
        keys: Answers: a quoted key is the name of an answer, not an example of what is said.
    """
    named = {key.casefold() for key in keys}

    def mark(found: re.Match[str]) -> str:
        quoted = next(group for group in found.groups() if group is not None).strip()
        if not quoted or quoted.casefold() in named:
            return found.group()
        return f"‹for example: {quoted}›"

    return _QUOTED.sub(mark, text)
