"""The reference says what the code says."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from include.scorecards.loading import parse_scorecard
from include.scorecards.schema import Criterion, Scorecard
from tests.reference import scorecard, settings
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


@pytest.mark.parametrize("model", scorecard.MODELS, ids=lambda model: str(model.__name__))
def test_every_field_of_a_scorecard_is_told(model: type[BaseModel]) -> None:
    assert list(scorecard.told(model)) != []
    assert set(scorecard.told(model)) == set(model.model_fields)


def test_no_part_of_a_scorecard_is_left_out() -> None:
    below = {Scorecard}
    for _ in range(5):
        below |= {part for model in below for part in parts_of(model)}
    assert below == set(scorecard.MODELS)


def parts_of(model: type[BaseModel]) -> set[Any]:
    """Models that its fields hold, in lists and choices too."""
    kinds = [field.annotation for field in model.model_fields.values()]
    found: set[Any] = set()
    while kinds:
        kind = kinds.pop()
        kinds += get_args(kind)
        found |= {kind} if isinstance(kind, type) and issubclass(kind, BaseModel) else set()
    return found


def test_the_example_has_every_field_of_a_scorecard() -> None:
    written = parse_scorecard(scorecard.EXAMPLE.read_text(), source="the example")
    shown = written.model_dump(exclude_unset=True)
    assert set(shown) == set(Scorecard.model_fields)
    assert set[str]().union(*shown["criteria"]) == set(Criterion.model_fields)
