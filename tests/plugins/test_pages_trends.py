"""Trends of a group and of a criterion; each figure leads to the calls that it counts, and no others."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert

from cofi.ui import weeks_view
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchRow,
    CallRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ScorecardRow,
    TranscriptRow,
    TrendAnswerRow,
    TrendScoreRow,
)
from include.search.filters import filters_of
from include.search.finding import find
from include.trends import criteria, reading
from include.trends.counting import count_days
from include.trends.dimensions import Dimension
from tests.plugins.conftest import Connect
from tests.plugins.people import PEOPLE, client_of, served
from tests.unit.database.seeding import DAY, Day
from tests.unit.search.conftest import NOW, call_row, transcript_of, transcript_row
from tests.unit.search.test_filters import BATCH, SCORECARD, answer, audit

CRITERIA = ("notice", "greeting & name")
CARD = {"criteria": [{"id": one, "text": f"Is the {one} given?"} for one in CRITERIA]}
CARDS = {"s": "service", "t": "other"}
# Names that differ in case, that are another's id, or that an address must escape.
NAMES = (None, "17", "Ana", "ana", "Sales & Öl+?")
LEADS = re.compile(r'class="lead"><a href="([^"]*)"')
FIGURE = re.compile(r'href="/cofi(/search\?[^"]*)">([\d,]+)</a>')
EVERYTHING = (
    *(TranscriptRow, ReviewedAnswerRow, ReviewedScoreRow, AnswerRow, AuditRow, CallRow),
    *(BatchRow, ScorecardRow, TrendScoreRow, TrendAnswerRow),
)

scored = st.fixed_dictionaries(
    {
        "standing": st.sampled_from(["counted", "counted", "unsupported", "undetermined", "not_applicable"]),
        "earned": st.sampled_from([0.0, 0.5, 1.0]),
        "potential": st.sampled_from([0.0, 1.0]),
        "auto_fail": st.sampled_from(["none", "none", "form"]),
    }
)
judged = st.fixed_dictionaries(
    {
        "pct": st.one_of(st.none(), st.integers(0, 100).map(float)),
        "passed": st.sampled_from([None, True, False]),
        "auto_failed": st.booleans(),
        "needs_review": st.booleans(),
    }
)


@dataclass(frozen=True)
class Judged:
    """A call: who took it when, what the machine answered, and what people did if anybody."""

    of_call: dict[str, Any]
    days_before: int
    heard: str | None
    card: str
    score: dict[str, Any]
    answers: dict[str, dict[str, Any]]
    peoples_score: dict[str, Any] | None
    peoples_answers: dict[str, dict[str, Any]]


calls = st.builds(
    Judged,
    of_call=st.fixed_dictionaries(
        {name: st.sampled_from(NAMES) for name in ("agent", "agent_id", "team", "queue", "language")}
    ),
    days_before=st.integers(0, 24),
    heard=st.sampled_from([None, "en", "EN", "de"]),
    card=st.sampled_from(["s", "s", "s", "t"]),
    score=judged,
    answers=st.dictionaries(st.sampled_from(CRITERIA), scored),
    peoples_score=st.one_of(st.none(), judged),
    peoples_answers=st.dictionaries(st.sampled_from(CRITERIA), scored),
)


@pytest.fixture
def browser(day: Day, setting: Connect) -> Iterator[TestClient]:
    setting("people", PEOPLE)
    with served() as outer:
        yield client_of(outer, "rita")


def _store(connection: Connection, some: list[Judged]) -> None:
    for table in EVERYTHING:
        connection.execute(delete(table))
    connection.execute(insert(BatchRow), [BATCH])
    cards = [
        SCORECARD | {"sha256": sha, "scorecard_id": name, "scorecard": CARD} for sha, name in CARDS.items()
    ]
    connection.execute(insert(ScorecardRow), cards)
    for n, one in enumerate(some):
        _store_call(connection, f"c{n}", one)
    count_days(connection, map(_day, some))


def _day(one: Judged) -> date:
    return DAY - timedelta(days=one.days_before)


def _store_call(connection: Connection, call_id: str, one: Judged) -> None:
    day = _day(one)
    connection.execute(insert(CallRow), [call_row(call_id, day, **one.of_call)])
    if one.heard:
        transcript = transcript_of(call_id, [("agent", "hello")], one.heard)
        connection.execute(insert(TranscriptRow), [transcript_row(transcript)])
    connection.execute(insert(AuditRow), [audit(call_id, scorecard_sha256=one.card, **one.score)])
    for name, scored_as in one.answers.items():
        connection.execute(insert(AnswerRow), [answer(call_id, name, "yes") | scored_as])
    if one.peoples_score:
        theirs = {"audit_id": f"a-{call_id}", "call_id": call_id, "band": None, "review_reasons": []}
        theirs |= {"sections": [], "not_auditable": None, "answered": 1, "changed": 1, "reviewers": ["ann"]}
        connection.execute(insert(ReviewedScoreRow), [theirs | one.peoples_score | {"reviewed_at": NOW}])
        for name in one.answers.keys() & one.peoples_answers:
            its = {"audit_id": f"a-{call_id}", "criterion_id": name, "given": None, "answer": "no"}
            connection.execute(insert(ReviewedAnswerRow), [its | one.peoples_answers[name]])


def _pages(browser: TestClient, address: str, deep: int) -> dict[str, str]:
    """A page, and those that its tables' rows lead to, by address."""
    page = browser.get(address).text
    found = {address: page}
    for one in _leads(page) if deep else []:
        found |= _pages(browser, one, deep - 1) if one not in found else {}
    return found


def _leads(page: str) -> list[str]:
    """The addresses that a table's rows lead to."""
    return [html.unescape(one) for one in LEADS.findall(page)]


def _figures(page: str) -> list[tuple[dict[str, str], int]]:
    """Every figure of a page that leads to calls: what the search is asked, and the figure."""
    return [
        (dict(parse_qsl(html.unescape(href).partition("?")[2])), int(figure.replace(",", "")))
        for href, figure in FIGURE.findall(page)
    ]


# Not shrunk: a page is no quick thing to try a thousand times.
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some=st.lists(calls, min_size=1, max_size=12), by=st.sampled_from(list(Dimension)[1:]))
def test_each_figure_leads_to_as_many_calls_as_it_says(
    browser: TestClient, day: Day, some: list[Judged], by: Dimension
) -> None:
    day.database.write(lambda connection: _store(connection, some))
    shown = {"by": by.value, "scorecard": "service", "until": str(DAY), "weeks": "2"}
    with pytest.MonkeyPatch.context() as patch:
        for module in (reading, criteria):
            patch.setattr(module, "FEWEST_CALLS", 2)
        pages = _pages(browser, f"/cofi/trends?{urlencode(shown)}", deep=2)
    figures = [one for page in pages.values() for one in _figures(page)]
    first = reading.Weeks.until(DAY, 2).first
    assert bool(figures) == any(one.card == "s" and _day(one) >= first for one in some)
    with day.database.reading() as connection:
        for asked, figure in figures:
            assert find(connection, filters_of(asked), patience_s=60).counted == figure, asked


def _some(n: int, met: bool, **of_call: Any) -> Judged:
    scored_as = {"standing": "counted", "earned": float(met), "potential": 1.0, "auto_fail": "none"}
    score = {"pct": 90.0 if met else 40.0, "passed": met, "auto_failed": False, "needs_review": False}
    return Judged(of_call, 7 * (n % 2), None, "s", score, {"notice": scored_as}, None, {})


def test_a_queue_has_a_page_with_its_weeks_and_criteria(browser: TestClient, day: Day) -> None:
    some = [_some(n, n % 2 == 0, queue="Sales & Öl+?") for n in range(40)]
    day.database.write(lambda connection: _store(connection, [*some, _some(0, False, queue="ana")]))
    page = browser.get("/cofi/trends/group", params={"by": "queue", "name": "Sales & Öl+?", "weeks": 2}).text
    assert "<h1>Sales &amp; Öl+?</h1>" in page
    assert 'aria-label="Mean score of Sales &amp; Öl+? by week: 2026-11-09 40 % of 20 calls' in page
    weeks = page.split("<tbody>")[1]
    assert weeks.index("2026-11-16 to 2026-11-22") < weeks.index("2026-11-09 to 2026-11-15")
    assert "▲ up 50.0" in weeks
    assert "Is the notice given?" in page
    assert "To listen to together" not in page


def test_a_criterion_has_a_page_with_its_weeks_and_who_met_it_least_first(
    browser: TestClient, day: Day
) -> None:
    some = [_some(n, name == "best", agent=name) for name in ("best", "worst") for n in range(20)]
    day.database.write(lambda connection: _store(connection, [*some, _some(0, False, agent="few")]))
    page = browser.get("/cofi/trends/criterion", params={"criterion": "notice", "weeks": 2}).text
    assert "<h1>Is the notice given?</h1>" in page
    assert "2026-11-09 50 % of 20 answers; 2026-11-16 48 % of 21 answers" in page
    ranked, few = page.split('id="by"')[1].split("too few to compare")
    assert ranked.index(">worst</a>") < ranked.index(">best</a>")
    assert ">few</a>" in few
    own = browser.get("/cofi/trends/criterion", params={"criterion": "notice", "name": "worst"}).text
    assert "2026-11-16 0 % of 10 answers" in own
    assert 'aria-current="true">worst</a>' in own


@pytest.mark.parametrize("page", ["", "/criterion"])
def test_of_many_groups_the_first_are_listed_and_all_on_demand(
    browser: TestClient, day: Day, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(weeks_view, "_FIRST_GROUPS", 2)
    some = [_some(n, n < grade, agent=f"agent {grade}") for grade in (2, 5, 9, 12) for n in range(20)]
    few = [_some(n, True, agent=f"few {n}") for n in range(3)]
    day.database.write(lambda connection: _store(connection, [*some, *few]))
    asked = {"criterion": "notice"} if page else {}
    short = browser.get(f"/cofi/trends{page}", params=asked).text.split('id="by"')[1]
    assert [f">agent {grade}</a>" in short for grade in (2, 5, 9, 12)] == [True, True, False, False]
    assert ">few 1</a>" in short and ">few 2</a>" not in short
    [rest, of_few] = re.findall(r'href="([^"]+)">All (?:4|3)</a>', short)
    assert rest == of_few
    whole = browser.get(html.unescape(rest.partition("#")[0])).text.split('id="by"')[1]
    assert all(f">{name}</a>" in whole for name in ("agent 2", "agent 12", "few 2"))
    assert ">All 4</a>" not in whole


@pytest.mark.parametrize(
    ("page", "asked", "told"),
    [
        ("group", {"by": "queue", "name": "nowhere"}, "No call of the queue 'nowhere' is counted"),
        ("criterion", {"criterion": "nothing"}, "No scorecard has a criterion 'nothing'"),
        ("criterion", {"criterion": "notice", "name": "nobody"}, "No call of the agent 'nobody' is counted"),
        ("group", {"by": "queue", "name": "ana", "scorecard": "sales"}, "Nothing is counted"),
        ("group", {"by": "all", "name": ""}, "agent, team, queue, language"),
    ],
)
def test_of_what_there_is_not_it_says_so(
    browser: TestClient, day: Day, page: str, asked: dict[str, str], told: str
) -> None:
    day.database.write(lambda connection: _store(connection, [_some(0, True, queue="ana")]))
    answered = browser.get(f"/cofi/trends/{page}", params=asked)
    assert answered.status_code in (400, 404)
    assert told in html.unescape(answered.text)
