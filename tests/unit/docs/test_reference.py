"""The reference says what the code says."""

import pytest

from tests.reference import settings
from tests.reference.writing import FOLDER, ROOT, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_it_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name], "run `make reference`"


def test_every_setting_is_in_it_and_told() -> None:
    configuration = (ROOT / "airflow.cfg").read_text()
    found = [one for _, group in settings.sections(configuration) for one in group]
    assert len(found) > 80
    assert [one.name for one in found if not one.told] == []


def test_every_event_has_an_example() -> None:
    of_calls = ("call.audited", "call.failed", "review.completed", "score.changed")
    for event in (*of_calls, "run.completed", "alert"):
        assert f"## `{event}`" in PAGES["webhooks.md"]
