"""The tabs Search and Trends: what people type, keep, save and look at."""

import csv
import html
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, update

from include.database.models import (
    AnswerRow,
    AuditRow,
    CallAccessRow,
    CallRow,
    ReviewedScoreRow,
    ScorecardRow,
    TranscriptRow,
)
from include.search import finding, walking
from include.search.indexing import index_calls
from include.trends.counting import count_days
from tests.plugins.conftest import Connect
from tests.plugins.people import AGENTS, PEOPLE, WRITES, client_of, served
from tests.unit.database.seeding import DAY, Day, recording
from tests.unit.search.conftest import NOW, transcript_of, transcript_row
from tests.unit.search.test_filters import SCORECARD, answer, audit

As = Callable[[str | None], TestClient]
CARD = {"criteria": [{"id": "notice", "text": "Is the notice given?", "options": [{"key": "yes"}]}]}
CALLS = [recording(f"{name}.wav") for name in ("ana", "ben")]
ANA, BEN = (call.call_id for call in CALLS)


@pytest.fixture
def as_(day: Day, setting: Connect) -> Iterator[As]:
    """Browsers on a database with two audited calls."""
    setting("people", PEOPLE)
    setting("agents_of_people", AGENTS)
    day.audit(day.planned(*CALLS), *CALLS)
    said = {
        ANA: [("customer", "I want my <b>refund</b>, please.")],
        BEN: [("agent", "=HYPERLINK is no refund")],
    }
    audits = [audit(ANA, batch_id="run-1", pct=90.0), audit(BEN, batch_id="run-1", pct=40.0, passed=False)]
    with day.database.writing() as connection:
        connection.execute(insert(ScorecardRow), [SCORECARD | {"scorecard": CARD}])
        connection.execute(insert(AuditRow), audits)
        answers = [answer(ANA, "notice", "yes"), answer(BEN, "notice", "no")]
        connection.execute(insert(AnswerRow), [{**one, "earned": 0.0, "potential": 1.0} for one in answers])
        transcripts = [transcript_row(transcript_of(one, turns)) for one, turns in said.items()]
        connection.execute(insert(TranscriptRow), transcripts)
        connection.execute(
            update(CallRow).where(CallRow.call_id == ANA).values(agent="=Ana", queue="Billing")
        )
        count_days(connection, [DAY])
    index_calls(day.database)
    with served() as outer:
        yield lambda name: client_of(outer, name)


def test_what_was_said_is_found_marked_never_run_and_who_saw_it_is_recorded(as_: As, day: Day) -> None:
    page = as_("ana").get("/cofi/search", params={"text": "customer:refund"}).text
    assert "1 call" in page
    assert "<mark>refund</mark>" in page
    assert "&lt;b&gt;" in page
    assert f"/cofi/calls/{ANA}?at=10000" in page
    assert BEN not in page
    assert [(row["person"], row["call_id"], row["what"]) for row in day.rows(CallAccessRow)] == [
        ("ana", ANA, "text")
    ]


def test_a_form_with_empty_fields_asks_for_nothing(as_: As) -> None:
    page = as_("ana").get("/cofi/search?text=&agent=&min_pct=&passed=").text
    assert "2 calls" in page


def test_a_call_without_a_score_is_found_with_where_it_stands(as_: As, day: Day) -> None:
    with day.database.writing() as connection:
        connection.execute(delete(AnswerRow))
        connection.execute(delete(AuditRow).where(AuditRow.call_id == ANA))
        connection.execute(update(AuditRow).values(pct=None, passed=None))
        connection.execute(update(CallRow).where(CallRow.call_id == ANA).values(state="failed"))
        connection.execute(update(CallRow).where(CallRow.call_id == BEN).values(state="audited"))
    page = as_("ana").get("/cofi/search").text
    assert "2 calls" in page
    assert "failed" in page.split(ANA)[1]
    assert "not auditable" in page.split(BEN)[1]


def test_filters_narrow_and_stay_in_the_form(as_: As) -> None:
    page = as_("ana").get("/cofi/search", params={"queue": "billing", "passed": "true"}).text
    assert "1 call" in page
    assert 'value="billing"' in page
    assert '<option value="true" selected>' in page


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"text": '"open'}, "a quotation mark is open"),
        ({"min_pct": "much"}, "min_pct"),
        ({"met": "met"}, "met: of which"),
        ({"x": "1"}, "x:"),
    ],
)
def test_what_is_asked_wrongly_is_told_beside_the_form(as_: As, asked: dict[str, str], told: str) -> None:
    answered = as_("ana").get("/cofi/search", params=asked)
    assert answered.status_code == 400
    assert told in answered.text
    assert 'role="search"' in answered.text


def test_nothing_found_says_what_finds_more(as_: As) -> None:
    page = as_("ana").get("/cofi/search", params={"text": "unheard"}).text
    assert "No call is like this" in page


def test_what_was_not_looked_through_in_time_is_told_and_looked_through_next(
    as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two calls the newer one is looked at, and it is not like this."""
    monkeypatch.setattr(walking, "FIRST_CALLS", 1)
    monkeypatch.setattr(finding, "PATIENCE_S", 0)
    wanted = min(ANA, BEN)
    asked = {"min_pct": "80"} if wanted == ANA else {"max_pct": "50"}
    page = as_("ana").get("/cofi/search", params=asked).text
    assert "0 calls so far" in page
    assert "No call is like this" not in page
    following = html.unescape(
        page.split("Look through earlier calls")[0].rpartition('href="')[2].split('"')[0]
    )
    earlier = as_("ana").get(following).text
    assert f"/cofi/calls/{wanted}" in earlier
    assert "Look through earlier calls" not in earlier


def test_a_search_is_kept_shared_and_forgotten(as_: As) -> None:
    ana, ben = as_("ana"), as_("ben")
    kept = {"name": "weak <billing>", "search": {"queue": "Billing", "max_pct": "60"}, "shared": True}
    assert ana.post("/cofi/search/saved", json=kept, headers=WRITES).status_code == 204
    page = ben.get("/cofi/search").text
    assert "weak &lt;billing&gt;" in page
    assert "queue=Billing&amp;max_pct=60.0" in page
    assert "data-search=" not in page.split("weak")[1].split("</p>")[0]
    search_id = ana.get("/cofi/search").text.split('data-search="')[1].split('"')[0]
    assert ben.delete(f"/cofi/search/saved/{search_id}", headers=WRITES).status_code == 404
    assert ana.delete(f"/cofi/search/saved/{search_id}", headers=WRITES).status_code == 204
    assert "weak" not in ana.get("/cofi/search").text


def test_a_search_that_cannot_be_read_is_not_kept(as_: As) -> None:
    kept = {"name": "x", "search": {"min_pct": "much"}}
    as_json = {**WRITES, "Accept": "application/json"}
    answered = as_("ana").post("/cofi/search/saved", json=kept, headers=as_json)
    assert answered.status_code == 400
    assert "min_pct" in answered.json()["detail"]


def test_what_is_found_is_saved_as_csv_without_formulas(as_: As) -> None:
    answered = as_("ana").get("/cofi/search/export", params={"format": "csv"})
    assert answered.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    assert answered.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answered.content.decode("utf-8-sig"))))
    by_call = {row["call_id"]: row for row in rows}
    assert by_call[ANA]["agent"] == "'=Ana"
    assert (by_call[ANA]["pct"], by_call[ANA]["reviewed"], by_call[BEN]["passed"]) == ("90.0", "no", "no")
    assert (by_call[ANA]["answer.notice"], by_call[BEN]["answer.notice"]) == ("yes", "no")
    assert by_call[ANA]["scorecard"] == "service 1"


def test_a_file_holds_what_the_search_found(as_: As) -> None:
    answered = as_("ana").get("/cofi/search/export", params={"format": "json", "text": "agent:refund"})
    assert [row["call_id"] for row in json.loads(answered.content)] == [BEN]
    book = as_("ana").get("/cofi/search/export", params={"format": "xlsx"})
    assert book.content.startswith(b"PK")
    wrong = as_("ana").get("/cofi/search/export", params={"text": '"open'})
    assert wrong.status_code == 400


def test_nobody_searches_or_saves_what_is_not_theirs_to_see(as_: As) -> None:
    for path in (
        "/search",
        "/search/export",
        "/trends",
        "/trends/group?name=x",
        "/trends/criterion?criterion=notice",
    ):
        answered = as_("daniel").get(f"/cofi{path}")
        assert answered.status_code == 403
        assert "refund" not in answered.text


def test_trends_show_weeks_groups_and_criteria(as_: As) -> None:
    page = as_("ana").get("/cofi/trends", params={"by": "queue"}).text
    assert "Is the notice given?" in page
    assert 'aria-label="Mean score by week: 2026-11-16 65 % of 2 calls"' in page
    assert "1 with fewer than 10 scored calls: too few to compare" in page
    days = f"first_day={date(2026, 9, 28)}&amp;last_day={date(2026, 11, 22)}"
    assert f"/cofi/search?scorecard=service&amp;{days}&amp;queue=Billing&amp;exact=true" in page


def test_trends_of_nothing_say_so(day: Day, setting: Connect) -> None:
    setting("people", PEOPLE)
    with served() as outer:
        assert "Nothing is counted yet" in client_of(outer, "ana").get("/cofi/trends").text


def test_an_agents_page_names_what_to_listen_to(as_: As, day: Day) -> None:
    more = [recording(f"more{n}.wav") for n in range(5)]
    day.audit(day.discover(*more, batch_id="run-2"), *more, stages=())
    with day.database.writing() as connection:
        connection.execute(update(CallRow).values(agent="Ana"))
        connection.execute(insert(AuditRow), [audit(one.call_id, batch_id="run-1") for one in more])
        heard = [{"quote": "no word of it", "start_ms": 65000}]
        shown = {"earned": 0.0, "potential": 1.0, "confidence": 0.9, "evidence": heard}
        connection.execute(
            insert(AnswerRow), [{**answer(one.call_id, "notice", "no"), **shown} for one in more]
        )
        count_days(connection, [DAY])
    address = f"/cofi/trends/group?name=Ana&scorecard=service&until={DAY + timedelta(days=1)}"
    page = as_("ana").get(address).text
    assert "Is the notice given?" in page
    assert "no word of it" in page
    assert "&amp;at=65000" in page
    assert page.count('class="snippet"') == 3
    shown = {one.call_id for one in more if f"/calls/{one.call_id}?" in page}
    assert len(shown) == 3
    seen = [(row["person"], row["call_id"], row["what"]) for row in day.rows(CallAccessRow)]
    assert sorted(seen) == sorted(("ana", call_id, "text") for call_id in shown)


def test_days_on_which_people_answered_are_counted_again(as_: As, day: Day) -> None:
    score = {"audit_id": f"a-{BEN}", "call_id": BEN, "pct": 100.0, "band": "good", "passed": True}
    score |= {"auto_failed": False, "needs_review": False, "review_reasons": [], "sections": []}
    score |= {"not_auditable": None, "answered": 1, "changed": 1, "reviewers": ["ana"]}
    with day.database.writing() as connection:
        connection.execute(insert(ReviewedScoreRow), [score | {"reviewed_at": NOW.replace(year=2100)}])
        connection.execute(update(ReviewedScoreRow).values(reviewed_at=NOW.replace(year=2100)))
    first = as_("ana").get("/cofi/trends").text
    assert "They are being counted again" in first
    assert "65 % of 2 calls" in first
    assert "95 % of 2 calls" in as_("ana").get("/cofi/trends").text
