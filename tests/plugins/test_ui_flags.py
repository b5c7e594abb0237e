"""Every doubt about a turn has words on the page of its call."""

from cofi.ui.routes.calls import FLAG_NAMES
from include.calls.transcript import TurnFlag


def test_every_flag_has_a_name_on_the_page() -> None:
    assert FLAG_NAMES.keys() == set(TurnFlag)
