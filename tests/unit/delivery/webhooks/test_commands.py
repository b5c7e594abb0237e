"""`cofi webhooks`: dead letters, replays, secrets."""

import base64
from collections.abc import Callable

import pytest
from sqlalchemy import update

from include.command_line.main import main
from include.database.models import OutboxRow
from tests.unit.database.seeding import Day


@pytest.fixture
def url(day: Day) -> str:
    return day.database._engine.url.render_as_string(hide_password=False)


def test_dead_letters_are_listed_and_replayed(
    day: Day, url: str, events: Callable[[int], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = events(3)
    main(["webhooks", "dead", "--db", url])
    assert "no dead letters" in capsys.readouterr().out
    with day.database.writing() as connection:
        values = {"dead_at": OutboxRow.created_at, "next_attempt_at": None, "last_error": "it answered 500"}
        connection.execute(update(OutboxRow).where(OutboxRow.event_id != third).values(**values))

    main(["webhooks", "dead", "--db", url])
    told = capsys.readouterr().out
    assert first in told
    assert second in told
    assert third not in told
    assert "it answered 500" in told

    main(["webhooks", "replay", first, "nobody", "--db", url])
    assert (
        capsys.readouterr().out
        == "1 events go out with the next sweep; unknown, or being sent right now: nobody\n"
    )
    main(["webhooks", "replay", "--dead", "--db", url])
    assert capsys.readouterr().out == "1 events go out with the next sweep\n"
    assert [row for row in day.rows(OutboxRow) if row["next_attempt_at"] is None] == []


@pytest.mark.parametrize("arguments", [["replay"], ["replay", "--dead", "id"], []])
def test_half_a_command_is_refused(arguments: list[str], url: str) -> None:
    assert main(["webhooks", *arguments, *(["--db", url] if arguments else [])]) != 0


def test_a_secret_is_new_and_long_enough(capsys: pytest.CaptureFixture[str]) -> None:
    main(["webhooks", "secret"])
    main(["webhooks", "secret"])
    one, another = capsys.readouterr().out.split()
    assert one != another
    assert 24 <= len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) <= 64
