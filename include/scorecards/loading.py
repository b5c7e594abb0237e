"""Loads a scorecard file and checks it; every problem is named with its line and criterion."""

from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from include.errors import InvalidInput
from include.outside.system_errors import why_unreadable
from include.scorecards.problems import Place, Problem
from include.scorecards.schema import Scorecard
from include.scorecards.soundness import problems_of
from include.scorecards.written import Written, read_written

SHIPPED_SCORECARD = Path(__file__).parent / "service_call.yaml"

_NUMBER = "write a number, without quotes"
_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a scorecard; correct its spelling or remove it",
    "finite_number": "write a finite number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "list_type": "write a list: [a, b]",
    "string_pattern_mismatch": "write small letters, digits and _, beginning with a letter",
}


def load_scorecard(path: Path) -> Scorecard:
    """Reads and checks a scorecard.

    Raises:
        InvalidInput: The file cannot be read or is wrong; all problems at once, a line each, as
            `file:line: criterion "id": what is wrong`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(f"scorecard {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"scorecard {path}: cannot be read: {why_unreadable(error)}") from error
    return parse_scorecard(text, source=str(path))


# A task asks for the same few again and again; YAML is slow to read.
@lru_cache(maxsize=16)
def parse_scorecard(text: str, *, source: str) -> Scorecard:
    """Checks a scorecard's YAML text; `source` names it in messages.

    Raises:
        InvalidInput: As `load_scorecard`.
    """
    written = read_written(text, source=source)
    scorecard, found = _validated(written, written.content)
    if scorecard is not None:
        found += problems_of(scorecard)
    if scorecard is None or written.repeated or found:
        raise _refusal(source, written, found)
    return scorecard


def _validated(written: Written, content: dict[str, Any]) -> tuple[Scorecard | None, list[Problem]]:
    """The scorecard and what is wrong with its types; fields too many do not hide what else is wrong."""
    try:
        return Scorecard.model_validate(content), []
    except ValidationError as error:
        errors = error.errors()
    found = [Problem(_place(written, e), _plain_message(e)) for e in errors]
    if any(e["type"] != "extra_forbidden" for e in errors):
        return None, found
    bare = deepcopy(content)
    for problem in found:
        _remove(bare, problem.place)
    scorecard, more = _validated(written, bare) if bare != content else (None, [])
    return scorecard, [*found, *more]


def _place(written: Written, error: Any) -> Place:
    """Where it is in the file: errors also name the kinds of values that were tried, which are no keys."""
    place: Place = ()
    *way, last = error["loc"]
    for part in way:
        # A criterion's condition is of the kind "field" or "criterion", which are keys of it as well.
        is_kind = len(place) > 1 and place[-1] == "applies_if" and part in ("field", "criterion")
        if (*place, part) in written.lines and not is_kind:
            place = (*place, part)
    return (*place, last) if error["type"] == "missing" or (*place, last) in written.lines else place


def _remove(content: Any, place: Place) -> None:
    for part in place[:-1]:
        content = content[part]
    content.pop(place[-1], None)  # an alias may stand in several places


def _plain_message(error: Any) -> str:
    if error["type"] == "extra_forbidden" and error["loc"][-1] == "hints":
        return "is no part of a scorecard any more: remove it. Wording hints live with the demo's endpoint"
    return _PLAIN.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _refusal(source: str, written: Written, found: Iterable[Problem]) -> InvalidInput:
    messages = {
        (written.line(problem.place), _message(written.content, problem))
        for problem in [*written.repeated, *found]
    }
    return InvalidInput("\n".join(f"{source}:{line}: {message}" for line, message in sorted(messages)))


def _message(content: Any, problem: Problem) -> str:
    """`criterion "closing": options.0.score: is missing`."""
    place, owner = problem.place, ""
    if len(place) >= 2 and place[0] == "criteria" and isinstance(place[1], int):
        entry = content["criteria"][place[1]]
        number = f"number {place[1] + 1}"
        name = entry.get("id", number) if isinstance(entry, dict) else number
        owner, place = f'criterion "{name}": ', place[2:]
    where = ".".join(str(part) for part in place)
    return f"{owner}{where}: {problem.message}" if where else f"{owner}{problem.message}"
