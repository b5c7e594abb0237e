"""Whatever is typed for an option or an argument, a command answers with a sentence, never with its code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

from include.command_line import emulate
from include.command_line.main import MODULES, assembled
from tests.empty_database import empty_database
from tests.unit.calls.site import recording
from tests.unit.command_line.conftest import ROOT, Typed

NUMBERS = ["nan", "inf", "-inf", "1e999", "-1", "1e300", "999999999999999999999"]
TEXTS = [
    *(
        "",
        "  ",
        "0",
        "x",
        "a\nb",
        "a\x00b",
        "\udcff",
        "x" * 5000,
        "/proc/no/such",
        "/dev/null",
        "/",
        "/etc/passwd/x",
    ),
    *("9999-12-31", "0001-01-01", "2026-02-30", "http://", "http://[", "sqlite:////proc/no/x.db", "file://"),
    *("%s%d{}", "[bold]", "$HOME", "C:\\x", "true", "=", "a=b", "null"),
]
# Those that start something, ask Airflow, or hand over what is typed.
ELSEWHERE = {"check", "demo", "up", "down", "airflow", "gpu-host", "agreement", "roles"}
# They look through the whole machine, and write into it.
NOT_TRIED = {
    ("probe", "location", "/"),
    ("probe", "location", "file://"),
    ("prompts add", "prompts_dir", "/"),
    ("prompts learn", "prompts_dir", "/"),
}


def commands() -> Iterator[tuple[str, Any]]:
    def below(path: list[str], command: Any) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "commands"):
            yield " ".join(path), command
        else:
            for name, one in command.commands.items():
                yield from below([*path, name], one)

    for name, command in below([], get_command(assembled(list(MODULES)))):
        if name not in ELSEWHERE:
            yield name, command


class Tried(NamedTuple):
    """A parameter: its command, whether it is an `option` or an `argument`, name, type, how it is typed."""

    command: str
    kind: str
    name: str
    type: str
    option: str


PARAMETERS = [
    Tried(name, parameter.param_type_name, parameter.name, parameter.bare_type(), parameter.opts[0])
    for name, command in commands()
    for parameter in command.params
    if not getattr(parameter, "is_flag", False) and parameter.name != "help"
]


@pytest.fixture
def words(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """By command, what makes it right but for the parameter that is tried."""

    async def served(*_: object) -> None:
        pass

    monkeypatch.setattr(emulate.web, "run_app", lambda *_, **__: None)
    monkeypatch.setattr(emulate, "serve", served)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec" / "2026-11-16").mkdir(parents=True)
    audio = tmp_path / "rec" / "2026-11-16" / "a.wav"
    audio.write_bytes(recording())
    db = ["--db", empty_database(tmp_path / "cofi.db")]
    found = {
        "init": ["--yes", "--no-test"],
        "status": db,
        "probe": [str(tmp_path / "rec")],
        "plan": ["--files", "100"],
        "scorecard": [str(ROOT / "include/scorecards/service_call.yaml")],
        "evidence": ["call-1", *db],
        "webhooks secret": [],
        "webhooks dead": db,
        "webhooks replay": ["event", *db],
        "db migrate": ["--no-reports", *db],
        "db index": db,
        "prompts add": [str(audio), "--prompts-dir", str(tmp_path / "prompts")],
        "prompts list": ["--prompts-dir", str(tmp_path)],
        "prompts check": [str(audio)],
        "prompts learn": ["--data-dir", str(tmp_path / "rec")],
        "prompts learned": db,
        "prompts name": ["ab", "notice", *db],
        "prompts refuse": ["ab", *db],
        "emulate gpu-host": ["--port", "9000"],
        "emulate llm": ["--port", "9000"],
        "emulate proxy": ["--port", "9000", "--to", "9001"],
    }
    assert set(found) == {name for name, _ in commands()}
    return found


def with_value(tried: Tried, right: list[str], value: str) -> list[str]:
    typed = tried.command.split()
    if tried.kind == "argument":
        place = 1 if (tried.command, tried.name) == ("prompts name", "name") else 0
        before = [one for one in right if not one.startswith("--")][:place]
        options = right[right.index(first) :] if (first := next(filter(_is_option, right), "")) else []
        after = ["notice"] if (tried.command, place) == ("prompts name", 0) else []
        return [*typed, *options, "--", *before, value, *after]
    if tried.option in right:
        place = right.index(tried.option)
        right = right[:place] + right[place + 2 :]
    return [*typed, *right, f"{tried.option}={value}"]


def _is_option(word: str) -> bool:
    return word.startswith("--")


@pytest.mark.long
@pytest.mark.parametrize("tried", PARAMETERS, ids=lambda tried: f"{tried.command} {tried.option}")
def test_each_is_answered_with_a_sentence(
    words: dict[str, list[str]], others: object, typed: Typed, tried: Tried
) -> None:
    for value in TEXTS:
        if (tried.command, tried.name, value) in NOT_TRIED:
            continue
        code, out, error = typed(*with_value(tried, words[tried.command], value))
        shown = (tried, value[:40], code, error[:500])
        assert code in (0, 1, 2), shown
        assert not re.search(r"does not know|Traceback|Errno", error), shown
        assert len(error.splitlines()) <= 12, shown
        assert code == 0 or error or out, shown


# The lists of figures are read by the command itself.
NUMERIC = [
    one
    for one in PARAMETERS
    if one.kind == "option" and (one.type in ("int", "float") or one.name in ("speeds", "stage_s", "rtf"))
]


@pytest.mark.parametrize("tried", NUMERIC, ids=lambda tried: f"{tried.command} {tried.option}")
def test_no_number_is_negative_endless_or_none(
    words: dict[str, list[str]], typed: Typed, tried: Tried
) -> None:
    for value in NUMBERS:
        code, _, error = typed(*with_value(tried, words[tried.command], value))
        assert code in (1, 2), value
        assert tried.option in error, value


def test_numbers_of_all_commands_are_tried() -> None:
    assert {one.command for one in NUMERIC} >= {"plan", "probe", "prompts check", "emulate gpu-host"}
