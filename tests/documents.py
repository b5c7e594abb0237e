"""The code in README and docs: blocks with what a comment above them says, and lines that begin with cofi."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.main import get_command

from include.command_line.main import MODULES, assembled

ROOT = Path(__file__).parents[1]
RUN, ON_THE_STACK, PARSE, NOT_RUN = "run", "run on the stack", "parse", "not run"
_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n+)?(?P<fence>```+)(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_LINE = re.compile(r"^(?: {4,}|\t)?(?:\$ )?(cofi(?: .*)?)$")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        mark: What the comment above it says; empty without one.
    """

    file: str
    mark: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text.splitlines()[0] if self.text else ''}"


def documents() -> list[Path]:
    """README and all of docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> Iterator[Block]:
    """All fenced blocks."""
    for file in documents():
        for found in _FENCE.finditer(file.read_text()):
            name = str(file.relative_to(ROOT))
            yield Block(name, found["mark"] or "", found["language"].strip(), found["text"])


def typed_lines(text: str) -> Iterator[str]:
    """The commands of a block: a line that ends with a backslash goes on."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def cofi_lines() -> Iterator[tuple[str, str]]:
    """Every line of code anywhere that begins with `cofi`, with its file: in fences, or indented by four."""
    for file in documents():
        text = file.read_text().replace("\\\n", " ")
        fenced = "\n".join(found["text"] for found in _FENCE.finditer(text))
        plain = _FENCE.sub("", text)
        lines = [*fenced.splitlines(), *(line for line in plain.splitlines() if line.startswith("    "))]
        for line in lines:
            if found := _LINE.match(line.rstrip()):
                yield str(file.relative_to(ROOT)), found[1].partition("  #")[0].partition(" | ")[0]


def parse(line: str) -> None:
    """Checks that a command exists and takes these words.

    Raises:
        TyperException: It does not.
        AssertionError: There is no such command.
    """
    _, *words = shlex.split(line)
    command: Any = get_command(assembled(list(MODULES)))
    path = ["cofi"]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        assert name in command.commands, f"there is no command {' '.join([*path, name])}"
        path, command = [*path, name], command.commands[name]
    if not words and hasattr(command, "commands"):
        return  # it prints its help
    command.make_context(" ".join(path), [word for word in words if word != "--help"])
