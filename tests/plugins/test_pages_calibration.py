"""Calibration's routes: who may lead and who may answer, and that nobody sees anybody's answers too early."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from include.access.rights import Right
from include.database.engine import Database
from include.database.models import AuditRow, CallAccessRow, ReviewedScoreRow, ReviewEventRow, ReviewItemRow
from tests.plugins.browser import call_id_of
from tests.plugins.conftest import Connect
from tests.plugins.demo_site import As
from tests.plugins.people import PEOPLE, WRITES

PAST = "/cofi/calibration"
# carla leads; ana, ben and eva answer. daniel is an agent, rita reads, vera is nobody.
WITH_EVA = f"{PEOPLE}, eva: analyst"
ANSWERED_NO = "criterion=identity_verified&answer=no"
QUESTIONS = ["identity_verified", "courtesy_and_empathy"]


@pytest.fixture
def people() -> str:
    return WITH_EVA


@pytest.fixture
def session(as_: As) -> str:
    """Two calls of the search's, two questions, three people."""
    return _opened(as_)


def _opened(as_: As, **changes: Any) -> str:
    wanted = {"title": "November", "people": ["ana", "ben"], "others": "eva", "expert": "eva"}
    wanted |= {"source": "search", "search": "queue=billing", "calls": 2, "questions": QUESTIONS, **changes}
    answer = as_("carla").post(PAST, json=wanted, headers=WRITES)
    assert answer.status_code == 200, answer.text
    return f"{PAST}/{answer.json()['session_id']}"


def _calls(as_: As, session: str, who: str = "ana") -> list[str]:
    """Calls that somebody may still answer."""
    page = as_(who).get(session).text
    found = [part.split('"')[0] for part in page.split(f'href="{session}/calls/')[1:]]
    return list(dict.fromkeys(found))


def _answer(as_: As, session: str, who: str, answers: list[str], comment: str = "") -> None:
    for call_id in _calls(as_, session, who):
        for name, answer in zip(QUESTIONS, answers, strict=True):
            given = {"criterion_id": name, "answer": answer, "comment": comment}
            told = as_(who).post(f"{session}/calls/{call_id}/answers", json=given, headers=WRITES)
            assert told.status_code == 200, told.text


def _submit(as_: As, session: str, who: str) -> bool:
    told = as_(who).post(f"{session}/submission", headers=WRITES)
    assert told.status_code == 200, told.text
    return bool(told.json()["revealed"])


WHO_MAY = [
    ("GET", "", {"ana", "carla", "admin"}),
    ("GET", "/new", {"carla", "admin"}),
    ("POST", "", {"carla", "admin"}),
    ("GET", "{session}", {"ana", "carla", "admin"}),
    ("GET", "{session}/calls/{call}", {"ana"}),
    ("POST", "{session}/calls/{call}/answers", {"ana"}),
    ("POST", "{session}/submission", {"ana"}),
    ("POST", "{session}/closing", {"carla", "admin"}),
    ("POST", "{session}/withdrawal", {"carla", "admin"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), WHO_MAY)
def test_every_route_wants_its_right(
    as_: As, session: str, site: Database, *, method: str, path: str, allowed: set[str]
) -> None:
    url = path.format(session=session, call=_calls(as_, session)[0]) or PAST
    url = url if url.startswith(PAST) else PAST + url
    sent = {"source": "search", "criterion_id": QUESTIONS[0], "answer": "yes"}
    with site.reading() as connection:
        before = connection.execute(select(ReviewEventRow.id)).all()
    for user in ("daniel", "rita", "vera", "ana", "carla", "admin"):
        if user in allowed:
            continue
        answer = as_(user).request(method, url, json=sent, headers=WRITES)
        assert answer.status_code in {403, 404}, (user, answer.status_code, answer.text)
    with site.reading() as connection:
        assert connection.execute(select(ReviewEventRow.id)).all() == before
    for user in sorted(allowed):
        answer = as_(user).request(method, url, json=sent, headers=WRITES)
        # What is too early, or not enough, is told so.
        assert answer.status_code in {200, 400, 409}, (user, answer.text)


def test_every_route_is_in_the_table_above() -> None:
    from cofi.ui.routes import calibration

    known = {(method, path) for method, path, _ in WHO_MAY}
    names = {"{session_id}": "{session}", "{call_id}": "{call}"}
    for route in calibration.router.routes:
        path = route.path.removeprefix("/calibration").removeprefix("/{session_id}")  # type: ignore[attr-defined]
        path = path.replace("{call_id}", names["{call_id}"])
        path = f"{{session}}{path}" if "{session_id}" in route.path else path  # type: ignore[attr-defined]
        assert {(method, path) for method in route.methods} <= known  # type: ignore[attr-defined]


def test_who_takes_no_part_learns_nothing_of_a_session(as_: As, session: str, setting: Connect) -> None:
    setting("people", f"{WITH_EVA}, fay: analyst")
    assert "November" not in as_("fay").get(PAST).text
    assert as_("fay").get(session).status_code == 404
    call_id = _calls(as_, session)[0]
    given = {"criterion_id": QUESTIONS[0], "answer": "yes"}
    for url in (f"{session}/calls/{call_id}/answers", f"{session}/submission"):
        assert as_("fay").post(url, json=given, headers=WRITES).status_code == 404
    assert as_("ana").get(f"{PAST}/no-such-session").status_code == 404


def test_blind_until_the_last_has_submitted(as_: As, session: str, site: Database) -> None:
    with site.reading() as connection:
        scores = connection.execute(select(AuditRow.__table__)).all()
    _answer(as_, session, "ana", ["yes", "yes"], "heard it at the start")
    _answer(as_, session, "ben", ["no", "yes"], "only a first name")
    assert not _submit(as_, session, "ana")
    assert not _submit(as_, session, "ben")
    for user in ("ana", "ben", "eva", "carla"):
        page = as_(user).get(session).text
        assert "How far people agree" not in page
        assert "heard it at the start" not in page
        assert "only a first name" not in page
    for call_id in _calls(as_, session, "eva"):
        desk = as_("eva").get(f"{session}/calls/{call_id}").text
        assert 'aria-pressed="true"' not in desk
        for trace in ("only a first name", "The machine says", "Why this score", 'class="at evidence"'):
            assert trace not in desk
    _answer(as_, session, "eva", ["no", "yes"])
    assert _submit(as_, session, "eva")
    for user in ("ana", "ben", "eva", "carla"):
        page = as_(user).get(session).text
        assert "With the expert, eva" in page
        assert "only a first name" in page
        assert page.count("#criterion-identity_verified") == len(_session_calls(site))
        assert "#criterion-courtesy_and_empathy" not in page
    with site.reading() as connection:
        assert connection.execute(select(AuditRow.__table__)).all() == scores
        assert connection.execute(select(ReviewedScoreRow.audit_id)).all() == []


def test_no_page_tells_what_others_say_of_a_call_that_somebody_answers_blind(
    as_: As, session: str, site: Database
) -> None:
    call_id = _calls(as_, session)[0]
    item_id = _queued(site, call_id)

    def told(who: str) -> dict[str, bool]:
        """By route, whether it tells of the call."""
        client = as_(who)
        found = {
            "call": client.get(f"/cofi/calls/{call_id}").status_code == 200,
            "search": call_id in client.get("/cofi/search?queue=billing").text,
            "answer": call_id in client.get(f"/cofi/search?{ANSWERED_NO}").text,
            "export": call_id in client.get("/cofi/search/export?queue=billing").text,
            "queue": item_id in client.get("/cofi/review").text,
            "next": call_id in client.post("/cofi/review/next", json={}, headers=WRITES).text,
        }
        taken = client.post("/cofi/review/next", json={"item_id": item_id}, headers=WRITES)
        found["item"] = taken.status_code == 200
        client.post(f"/cofi/review/items/{item_id}/release", headers=WRITES)
        return found

    nothing = dict.fromkeys(("call", "search", "answer", "export", "queue", "next", "item"), False)
    assert told("ana") == nothing
    assert "calibration session" in as_("ana").get(f"/cofi/calls/{call_id}").text
    assert "Without the 2 calls that you answer in calibration" in as_("ana").get("/cofi/search").text
    for who in ("ana", "ben", "eva"):
        assert told("ana") == nothing, "also while others have not submitted"
        _answer(as_, session, who, ["yes", "yes"])
        _submit(as_, session, who)
    everything = {**dict.fromkeys(nothing, True), "answer": told("ana")["answer"]}
    assert told("ana") == everything


def test_who_takes_no_part_reads_the_call(as_: As, session: str, setting: Connect) -> None:
    call_id = _calls(as_, session)[0]
    assert as_("carla").get(f"/cofi/calls/{call_id}").status_code == 200
    setting("people", f"{WITH_EVA}, fay: analyst")
    assert as_("fay").get(f"/cofi/calls/{call_id}").status_code == 200


def test_of_few_answers_no_coefficient_is_told(as_: As, session: str) -> None:
    for who, answers in (("ana", ["yes", "yes"]), ("ben", ["no", "yes"]), ("eva", ["no", "yes"])):
        _answer(as_, session, who, answers)
        _submit(as_, session, who)
    page = as_("carla").get(session).text
    assert "too few for κ or AC1" in page
    assert "too few to say" in page
    assert "−" not in page.split("How far people agree")[1].split("Where people differ")[0]


def _queued(site: Database, call_id: str) -> str:
    """The only item of the queue."""
    with site.reading() as connection:
        audit = connection.execute(select(AuditRow).where(AuditRow.call_id == call_id)).one()
    item = {"item_id": "the-item", "call_id": call_id, "audit_id": audit.audit_id}
    item |= {"batch_id": audit.batch_id, "day": audit.created_at.date(), "state": "open", "value": 1.0}
    item |= {"rank": 1.0, "questions": QUESTIONS, "blind": False, "due_at": audit.created_at}
    with site.writing() as connection:
        connection.execute(delete(ReviewItemRow))
        connection.execute(insert(ReviewItemRow), [item | {"opened_at": audit.created_at}])
    return str(item["item_id"])


def _session_calls(site: Database) -> list[str]:
    from include.database.models import CalibrationCallRow

    with site.reading() as connection:
        return list(connection.scalars(select(CalibrationCallRow.call_id)))


def test_what_was_submitted_stays(as_: As, session: str) -> None:
    _answer(as_, session, "ana", ["yes", "yes"])
    call_id = _calls(as_, session)[0]
    _submit(as_, session, "ana")
    given = {"criterion_id": QUESTIONS[0], "answer": "no"}
    late = as_("ana").post(f"{session}/calls/{call_id}/answers", json=given, headers=WRITES)
    assert late.status_code == 409
    assert as_("ana").get(f"{session}/calls/{call_id}").status_code == 409
    assert as_("ana").post(f"{session}/submission", headers=WRITES).status_code == 409


def test_half_answered_is_not_submitted(as_: As, session: str) -> None:
    told = as_("ana").post(f"{session}/submission", headers=WRITES)
    assert told.status_code == 400
    assert "not answered in full" in told.text


def test_an_answer_sent_again_after_another_changes_nothing(as_: As, session: str) -> None:
    call_id = _calls(as_, session)[0]
    url = f"{session}/calls/{call_id}/answers"
    for key, answer in (("1", "yes"), ("2", "no"), ("1", "yes")):
        given = {"criterion_id": QUESTIONS[0], "answer": answer}
        told = as_("ana").post(url, json=given, headers={**WRITES, "Idempotency-Key": key})
        assert told.json() == {"open": [QUESTIONS[1]]}
    desk = as_("ana").get(f"{session}/calls/{call_id}").text
    assert 'data-answer="no" aria-pressed="true"' in desk


def test_who_leads_closes_without_one_or_calls_it_off(as_: As, session: str) -> None:
    early = as_("carla").post(f"{session}/closing", headers=WRITES)
    assert early.status_code == 400
    for who in ("ana", "ben"):
        _answer(as_, session, who, ["yes", "yes"])
        _submit(as_, session, who)
    assert as_("carla").post(f"{session}/closing", headers=WRITES).status_code == 200
    page = as_("eva").get(session).text
    assert "left out: not submitted" in page
    assert "Nowhere: all gave the same answers" in page
    again = _opened(as_)
    assert as_("carla").post(f"{again}/withdrawal", headers=WRITES).status_code == 200
    assert "called off" in as_("ana").get(again).text
    assert as_("carla").post(f"{again}/withdrawal", headers=WRITES).status_code == 409


def test_reading_a_call_of_a_session_is_recorded(as_: As, session: str, site: Database) -> None:
    call_id = _calls(as_, session)[0]
    assert as_("ana").get(f"{session}/calls/{call_id}").status_code == 200
    other = call_id_of("1001-late-fee.ogg")
    outside = next(
        one for one in (other, call_id_of("1002-slow-internet.ogg")) if one not in _calls(as_, session)
    )
    assert as_("ana").get(f"{session}/calls/{outside}").status_code == 404
    with site.reading() as connection:
        rows = connection.execute(select(CallAccessRow.person, CallAccessRow.call_id, CallAccessRow.what))
        assert [tuple(row) for row in rows] == [("ana", call_id, "blind")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"people": ["ana"], "others": "", "expert": ""}, "two people"),
        ({"search": "queue=nowhere"}, "no call that is audited"),
        ({"source": "set_aside"}, "none are set aside"),
        ({"search": "colour=red"}, "colour"),
        ({"questions": ["nothing"]}, "no criterion nothing"),
    ],
)
def test_a_wrong_plan_is_told(as_: As, changes: dict[str, Any], told: str) -> None:
    wanted = {"people": ["ana", "ben"], "source": "search", **changes}
    answer = as_("carla").post(PAST, json=wanted, headers=WRITES)
    assert answer.status_code == 400
    assert told in answer.text


def test_the_form_takes_a_search_over(as_: As) -> None:
    search = as_("carla").get("/cofi/search?queue=billing").text
    assert "/cofi/calibration/new?queue=billing" in search
    assert "calibration/new" not in as_("ana").get("/cofi/search?queue=billing").text
    page = as_("carla").get("/cofi/calibration/new?queue=billing").text
    assert 'name="search" value="queue=billing"' in page
    for who in ("ana", "ben", "eva"):
        assert f'name="people" value="{who}"' in page
    assert 'value="rita"' not in page


def test_somebody_without_a_role_is_pointed_out(as_: As) -> None:
    url = _opened(as_, others="eav", expert="")
    assert "no role that may answer" in as_("carla").get(url).text
    assert Right.ANSWER in as_("rita").get(PAST).text
