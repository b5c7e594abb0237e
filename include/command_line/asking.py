"""How `cofi init` gets values, from options or a person's answers, and notes what to write into files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import typer

from include.command_line.site_files import Line
from include.errors import CofiError, InvalidInput
from include.outside.text import cleaned, one_line

COFI = "cofi"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Answers:
    """The values given as options; those that are None are asked for."""

    recordings: str | None = None
    timezone: str | None = None
    recorder: str | None = None
    gpu_hosts: list[str] | None = None
    gpu_token: str | None = None
    llm_url: str | None = None
    llm_key: str | None = None
    llm_model: str | None = None
    llm_provider: str | None = None
    scorecard: str | None = None


@dataclass(frozen=True)
class Asking:
    """Asks the questions of `cofi init`.

    Attributes:
        asks: A person is there to answer; otherwise values that are not given keep their defaults.
        tests: Each answer is tried out, such as an address.
        tell: Prints a message to the person.
    """

    asks: bool
    tests: bool
    tell: Callable[[str], None]

    def ask(self, question: str, given: str | None, default: str, *, hidden: bool = False) -> str:
        """The answer: what was given as an option, what is typed, or the default.

        Raises:
            InvalidInput: It holds a line break, or what else no line of a file can hold.
        """
        if given is None and not self.asks:
            return default
        if given is None:
            given = typer.prompt(
                question, default=default, hide_input=hidden, show_default=bool(default) and not hidden
            )
        answer = str(given).strip()
        if cleaned(answer) != answer or len(answer.splitlines()) > 1:
            what = "What is typed" if hidden else one_line(answer, 100)
            raise InvalidInput(f"{what} ({question}): write it in one line, without control characters.")
        return answer

    def until_right(self, answer: Callable[[], Answer], given: object) -> Answer:
        """Asks again while an answer is wrong, where a person is there to answer.

        Args:
            answer: Asks the question, and raises an error when the answer is wrong.
            given: The value of the option; a person is not asked about it again.

        Raises:
            CofiError: What was given is wrong.
        """
        while True:
            try:
                return answer()
            except _AskAgain:
                continue
            except CofiError as error:
                if not self.asks or given is not None:
                    raise
                self.tell(f"  {error}")

    def try_out(self, trial: Callable[[], None], given: object) -> None:
        """Tries what an answer names. A person may keep one that does not work yet: a host that is down.

        Args:
            trial: Raises an error when it does not work.
            given: The value of the option; a person is not asked about it.

        Raises:
            CofiError: It does not work, and nobody is there to decide.
        """
        if not self.tests:
            return
        try:
            trial()
        except CofiError as error:
            if not self.asks or given is not None:
                raise
            self.tell(f"  {error}")
            if not typer.confirm("  It does not work now. Keep this answer?", default=False):
                raise _AskAgain from None


class _AskAgain(Exception):
    """A person wants to answer again."""


@dataclass
class Found:
    """The settings and variables to write into site.cfg and .env."""

    settings: dict[tuple[str, str], Line] = field(default_factory=dict)
    variables: dict[str, Line] = field(default_factory=dict)
    removed: set[tuple[str, str]] = field(default_factory=set)

    def set(self, name: str, value: str, comment: str, section: str = COFI) -> None:
        """Notes a setting."""
        self.settings[section, name] = Line(value, comment)

    def remove(self, *names: str) -> None:
        """Notes that settings of cofi are to be as shipped."""
        self.removed |= {(COFI, name) for name in names}

    def shown(self) -> dict[str, str]:
        """Settings and the names of variables, without what is secret."""
        values = {f"[{section}] {name}": line.value for (section, name), line in self.settings.items()}
        return {**values, **dict.fromkeys(self.variables, "(in .env)")}
