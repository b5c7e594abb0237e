"""Loads a scorecard file and checks it; every problem is named with its line and criterion."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.errors import InvalidInput
from include.scorecards.schema import Scorecard
from include.scorecards.soundness import Problem, problems_of

SHIPPED_SCORECARD = Path(__file__).parent / "service_call.yaml"

Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of a boolean: true and false; in 1.1 our commonest keys, `yes` and `no`, are too."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def load_scorecard(path: Path) -> Scorecard:
    """Reads and checks a scorecard.

    Raises:
        InvalidInput: The file cannot be read or is wrong; all problems at once, a line each, as
            `file:line: criterion "id": what is wrong`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"scorecard {path}: cannot be read: {error}") from error
    return parse_scorecard(text, source=str(path))


def parse_scorecard(text: str, *, source: str) -> Scorecard:
    """Checks a scorecard's YAML text; `source` names it in messages.

    Raises:
        InvalidInput: As `load_scorecard`.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise InvalidInput(f"{source}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(content, dict) or root is None:
        raise InvalidInput(
            f"{source}:1: a scorecard is a mapping with id, version, title, sections, criteria"
        )
    lines, repeated = _lines(root)
    try:
        scorecard = Scorecard.model_validate(content)
    except ValidationError as error:
        found = [Problem(tuple(e["loc"]), _plain_message(e)) for e in error.errors()]
        raise _refusal(source, content, lines, [*repeated, *found]) from None
    found = problems_of(scorecard)
    if repeated or found:
        raise _refusal(source, content, lines, [*repeated, *found])
    return scorecard


def _plain_message(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden" and error["loc"][-1] == "hints":
        return "is no part of a scorecard any more: remove it. Wording hints live with the demo's endpoint"
    if error["type"] == "extra_forbidden":
        return "is not a field of a scorecard; correct its spelling or remove it"
    return str(error["msg"]).removeprefix("Value error, ")


def _refusal(source: str, content: Any, lines: dict[Place, int], found: Iterable[Problem]) -> InvalidInput:
    placed = sorted({(_line(lines, problem.place), _told(content, problem)) for problem in found})
    return InvalidInput("\n".join(f"{source}:{line}: {message}" for line, message in placed))


def _told(content: Any, problem: Problem) -> str:
    """`criterion "closing": options.0.score: is missing`."""
    place = [
        part for part in problem.place if part not in ("field", "criterion") or part is problem.place[-1]
    ]
    owner = ""
    if len(place) >= 2 and place[0] == "criteria" and isinstance(place[1], int):
        entry = content["criteria"][place[1]]
        name = (
            entry.get("id", f"number {place[1] + 1}") if isinstance(entry, dict) else f"number {place[1] + 1}"
        )
        owner, place = f'criterion "{name}": ', place[2:]
    where = ".".join(str(part) for part in place)
    return f"{owner}{where}: {problem.message}" if where else f"{owner}{problem.message}"


def _line(lines: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest place around it that the file has."""
    while place and place not in lines:
        place = place[:-1]
    return lines[place]


def _lines(root: yaml.Node) -> tuple[dict[Place, int], list[Problem]]:
    """Where every value of the file begins (1-based), and keys given twice, of which YAML drops one."""
    lines: dict[Place, int] = {}
    repeated: list[Problem] = []

    def walk(node: yaml.Node, place: Place) -> None:
        lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                at = (*place, str(key.value))
                if at in lines:
                    repeated.append(Problem(at, "is given twice"))
                lines[at] = key.start_mark.line + 1
                walk(value, at)
        elif isinstance(node, yaml.SequenceNode):
            for n, value in enumerate(node.value):
                walk(value, (*place, n))

    walk(root, ())
    return lines, repeated
