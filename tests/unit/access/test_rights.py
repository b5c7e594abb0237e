"""Who a user is to cofi: roles and agents as settings say them."""

import pytest

from include.access.rights import Person, Right, roles_of
from include.errors import InvalidInput


def test_roles_are_read_with_whatever_blanks() -> None:
    assert roles_of(" ana: analyst,daniel :agent,, ") == {"ana": "analyst", "daniel": "agent"}
    assert roles_of("") == {}


@pytest.mark.parametrize("text", ["ana", "ana: boss", "ana analyst", ": agent"])
def test_a_wrong_role_is_named(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"\[cofi\] people"):
        roles_of(text)


def test_whoever_is_an_agent_sees_their_own_calls_and_those_of_nobody_else() -> None:
    daniel = Person("daniel", {Right.TEXT}.__contains__, frozenset({"Daniel"}))
    assert daniel.sees("Daniel", None)
    assert not daniel.sees("Dana", "D1")
    assert not daniel.sees(None, None)
    assert not daniel.sees("", "")
