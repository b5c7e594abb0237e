"""docs/roles.md has the logins that the stack makes, with the rights on calls that they have."""

import re
from configparser import ConfigParser

import pytest

from include.access.rights import roles_of
from include.demo.settings import LOCATION, USERS, merged, users
from tests.documents import ROOT

TEXT = (ROOT / "docs/roles.md").read_text()
CONFIGURATION = ConfigParser(interpolation=None)
CONFIGURATION.read(ROOT / "airflow.cfg")
BEGINS = {
    "with the sample calls": "**With the sample calls**",
    "with one's own": "**With recordings of your own**",
}


def table(begin: str) -> dict[str, tuple[str, str]]:
    """Login to its role in Airflow and with calls, by the first words of the cells."""
    text = TEXT.partition(begin)[2].partition("\n\n**")[0].partition("\n\nTests")[0]
    rows = re.findall(r"^\| (`.*?) \| (\w+).*? \| (.*?) \|$", text, re.MULTILINE)
    return {login: (role, calls) for logins, role, calls in rows for login in re.findall(r"`(\w+)`", logins)}


@pytest.mark.parametrize(
    ("begin", "variables"),
    [(BEGINS["with the sample calls"], {}), (BEGINS["with one's own"], {LOCATION: "file:///srv/calls"})],
    ids=list(BEGINS),
)
def test_every_login_is_in_its_table_with_its_rights(begin: str, variables: dict[str, str]) -> None:
    found, settings = table(begin), merged(variables)
    written = settings.get(USERS, CONFIGURATION["core"]["simple_auth_manager_users"])
    in_airflow = dict(pair.strip().split(":") for pair in written.split(","))
    assert sorted(found) == sorted(users(ROOT, variables))
    assert {login: role for login, (role, _) in found.items()} == in_airflow
    people = roles_of(settings.get("AIRFLOW__COFI__PEOPLE", CONFIGURATION["cofi"]["people"]))
    rights = {login: calls for login, (_, calls) in found.items() if login != "admin"}
    told = {login: re.match(r"`(\w+)`", calls) for login, calls in rights.items()}
    assert {login: role[1] for login, role in told.items() if role} == people
    assert all(calls.startswith("none") for login, calls in rights.items() if login not in people)


def test_the_settings_that_it_shows_are_taken() -> None:
    shown = ConfigParser(interpolation=None)
    shown.read_string(TEXT.partition("```ini\n")[2].partition("```")[0])
    assert set(shown["cofi"]) == {"people", "agents_of_people"} <= set(CONFIGURATION["cofi"])
    logins = {pair.split(":")[0].strip() for pair in shown["core"]["simple_auth_manager_users"].split(",")}
    assert set(roles_of(shown["cofi"]["people"])) <= logins
