"""The reference of all commands as a page, made from the commands themselves: `make reference`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from include.command_line.main import MODULES, assembled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
_HEAD = """\
# Commands

Written by `make reference` from the commands themselves. Do not edit: run it again.

`cofi` is in the environment that `make` makes: `source .venv/bin/activate` puts it on the path. Every command
explains itself (`cofi COMMAND --help`), ends with 0 when all is well, 1 when something is wrong and 2 when it
was typed wrongly, says in one sentence what to do about it, and shows where an error came from with
`cofi --debug COMMAND`. With `--json` it prints JSON and nothing else. Settings come from airflow.cfg, then
site.cfg, .env and the environment.
"""


def page() -> str:
    """The whole page as Markdown."""
    program: Any = get_command(assembled(list(MODULES)))
    parts = [_HEAD]
    for name, command in program.commands.items():
        parts += _command((name,), command)
    return "\n".join(parts)


def _command(words: tuple[str, ...], command: Any) -> Iterator[str]:
    typed = " ".join(("cofi", *words))
    yield f"{'#' * (1 + len(words))} {typed}\n"
    yield f"{_paragraphs(command.help or '')}\n"
    inner = getattr(command, "commands", None)
    if inner:
        for name, one in inner.items():
            yield from _command((*words, name), one)
        return
    yield "```console"
    yield from (f"$ {line}" for line in _examples(command.epilog or ""))
    yield "```\n"
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield "| | | default |\n|---|---|---|"
        yield from rows
        yield ""


def _paragraphs(text: str) -> str:
    parts = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(part for part in parts if part)


def _examples(epilog: str) -> list[str]:
    _, _, after = epilog.partition("Example:")
    examples, _, _ = after.partition("Variables:")
    return [" ".join(line.replace("\\[", "[").split()) for line in examples.split("\n\n") if line.strip()]


def _row(parameter: Any) -> str:
    if parameter.name == "help" or getattr(parameter, "hidden", False):
        return ""
    is_option = parameter.opts[0].startswith("-")
    shown = ", ".join(f"`{opt}`" for opt in parameter.opts) if is_option else f"`{_metavar(parameter)}`"
    default = parameter.default
    plain = default if isinstance(default, (str, int, float)) and not isinstance(default, bool) else None
    shown_default = f"`{plain}`" if plain not in (None, "") else ""
    help_text = (parameter.help or "").replace("|", "\\|")
    return f"| {shown} | {help_text} | {shown_default} |"


def _metavar(parameter: Any) -> str:
    return re.sub(r"[\[\]]", "", parameter.metavar or parameter.name.upper())


def main() -> None:
    """Writes the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
