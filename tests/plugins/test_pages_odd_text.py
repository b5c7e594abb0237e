"""What no database can keep, in an address or a form, is told to whoever sent it: on both databases."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from cofi.ui.routes.disputes import Decision, Objection
from cofi.ui.routes.review import Skipped
from tests.plugins.people import PEOPLE, WRITES, client_of, served
from tests.unit.database.seeding import Day, recording


@pytest.fixture
def client(day: Day, setting: Callable[..., None]) -> Iterator[TestClient]:
    setting("people", PEOPLE)
    day.audit(day.planned(recording()), recording())
    with served() as outer:
        yield client_of(outer, "ana")


@pytest.mark.parametrize(
    "path",
    [
        "/calls/%00",
        "/calls/a%00b/prompt",
        "/search?words=a%00b",
        "/search?agent=%00",
        "/search?queue=%00&words=late",
        "/search?after_day=2026-11-16&after_call=%00",
        "/days/2026-11-16?after=%00",
        "/days/0001-01-01",
        "/days/9999-12-31",
        "/review?after_rank=1&after_item=%00",
        "/review?after_rank=inf&after_item=a",
        "/review?after_rank=nan&after_item=a",
        "/disputes?after_id=%00",
        "/calibration/%00",
        "/trends?scorecard=%00",
        "/trends?last=0001-01-01",
        "/trends?last=9999-12-31",
        "/trends/group?name=%00",
        "/trends/criterion?criterion=%00",
        "/certified?scorecard=%00",
        "/mine?after=%00",
        "/search?least=1e400",
        "/search?" + "words=" + "a" * 20000,
    ],
)
def test_an_address_that_no_database_can_look_for(client: TestClient, path: str) -> None:
    assert client.get(f"/cofi{path}").status_code < 500


def test_what_is_entered_with_it_is_told(client: TestClient) -> None:
    for path, form in {
        "/review/next": {"item_id": "\0"},
        "/review/items/%00/skip": {"reason": "no"},
        "/review/items/x/skip": {"reason": "\0"},
        "/search/saved": {"name": "\0", "search": {"agent": "a\0b"}},
        "/disputes/%00/withdrawal": {},
    }.items():
        answer = client.post(f"/cofi{path}", json=form, headers=WRITES)
        assert answer.status_code < 500, (path, answer.text)
    half = rb'{"item_id": "\ud800", "sample": "\ud800"}'
    assert client.post("/cofi/review/next", content=half, headers=WRITES).status_code < 500


def test_what_people_write_is_kept_without_control_characters() -> None:
    pasted = {"criterion_id": "c", "answer": "yes", "why": "it\0 was\x1b\tsaid\ud800", "held_answer": "yes"}
    assert Objection(**pasted).why == "it was\tsaid\ufffd"
    assert Decision(**pasted).why == "it was\tsaid\ufffd"
    with pytest.raises(ValidationError):
        Skipped(reason=1)
