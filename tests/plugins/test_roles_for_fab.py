"""What each role may in FAB, without it; `tests/integration/fab` asks FAB itself."""

import pytest

from cofi import roles
from include.access.rights import ROLES
from include.errors import InvalidInput

VIEWERS = [("can_read", "DAGs"), ("can_read", "Task Logs")]


def test_every_role_has_one_in_fab() -> None:
    assert {*roles.NAMES, "admin"} == set(ROLES), "FAB has an Admin of its own"


@pytest.mark.parametrize("role", roles.NAMES)
def test_a_role_has_its_rights_on_calls_and_is_shown_the_pages(role: str) -> None:
    may = roles.permissions(role, VIEWERS)
    assert {name for _, name in may if name.startswith("Calls: ")} == {right.value for right in ROLES[role]}
    assert ("can_read", "Plugins") in may, "Airflow shows the tabs of plugins to nobody else"
    assert (("can_read", "Audit Logs") in may) == (role == "compliance")


def test_what_others_may_write_is_asked_for_as_writing() -> None:
    assert ("can_create", "Calls: answers") in roles.permissions("analyst", VIEWERS)
    assert ("can_create", "Calls: disputes") in roles.permissions("compliance", VIEWERS)


def test_logs_of_runs_name_others_calls_and_are_not_shown_to_agents() -> None:
    assert not {*VIEWERS} & {*roles.permissions("agent", VIEWERS)}
    assert {*VIEWERS} <= {*roles.permissions("analyst", VIEWERS)}


def test_with_another_auth_manager_the_way_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidInput, match=r"SimpleAuthManager.*\[core\] auth_manager.*\[cofi\] people"):
        roles.make()
    assert roles.main() == 1
    assert "docs/roles.md" in capsys.readouterr().err
