"""What commands print: text with colours on a terminal, or JSON; never both."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.theme import Theme

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_COLOURS = {
    "cofi.good": "green",
    "cofi.bad": "bold red",
    "cofi.odd": "yellow",
    "cofi.code": "cyan",
}


class _States(RegexHighlighter):
    """Colours the words that a reader looks for."""

    base_style = "cofi."
    highlights = [  # noqa: RUF012 - as its base class has it
        r"\b(?P<good>ok|audited|closed|delivered|done|ready)\b",
        r"\b(?P<bad>failed|fails|lost|broken|dead|auto-failed|not closed)\b",
        r"\b(?P<odd>warn|quarantined|skipped|duplicate|unknown|open)\b",
        r"(?P<code>`[^`]+`)",
    ]


def console(*, errors: bool = False, width: int | None = None) -> Console:
    """Writes text as it is: nothing is wrapped or taken for markup; colours only on a terminal."""
    return Console(
        stderr=errors,
        width=width,
        highlighter=_States(),
        theme=Theme(_COLOURS),
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def say(text: str) -> None:
    """Prints lines for a reader."""
    console().print(text)


def give(value: Any, text: Callable[[], str], as_json: bool) -> None:
    """Prints a result as JSON or as text.

    Args:
        value: Made of dataclasses, models, dates, paths and what JSON has.
        text: Makes the text, called only when it is printed.
        as_json: Print JSON instead of text.
    """
    if as_json:
        print(to_json(value, indent=2).decode())
    elif words := text():
        say(words)


@contextmanager
def working(quiet: bool = False, every_s: float = 0.0) -> Iterator[Callable[[str], None]]:
    """Shows the progress of long work on stderr, beside the result.

    Args:
        quiet: Print no progress.
        every_s: Seconds between two lines where no terminal can show one line that changes.
    """
    shown = console(errors=True)
    if quiet:
        yield lambda _: None
    elif not shown.is_terminal:
        yield _now_and_then(shown, every_s)
    else:
        with shown.status("") as status:
            yield status.update


def _now_and_then(shown: Console, every_s: float) -> Callable[[str], None]:
    said_s = time.monotonic()

    def tell(text: str) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= every_s:
            said_s = time.monotonic()
            shown.print(text)

    return tell


def example(*lines: str) -> str:
    """The end of a command's help."""
    shown = "\n\n".join(line.replace("[", r"\[") for line in lines)
    return f"Example:\n\n{shown}"


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows in aligned columns under their names; `none` without rows."""
    if not rows:
        return "none"
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(
        re.sub(r"\s+$", "", "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
        for line in lines
    )
