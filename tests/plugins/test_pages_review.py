"""The queue's routes: what is written, by whom, and what a blind item does not tell."""

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cofi.ui.routes import disputes
from include.access.rights import Right
from include.database.engine import Database
from include.database.models import AuditRow, CallAccessRow, ReviewAnswerRow, ReviewedScoreRow
from include.review.rules import ReviewRules
from tests.plugins.browser import audited_anew, call_id_of, with_queue
from tests.plugins.conftest import Connect
from tests.plugins.demo_site import As
from tests.plugins.people import WRITES


@pytest.fixture(scope="module")
def files(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """With a queue of risks alone, and of all samples."""
    rules = {"risks": ReviewRules(random=None, passes=None), "all": ReviewRules()}
    made = {name: tmp_path_factory.mktemp(name) / "cofi.db" for name in rules}
    for name, file in made.items():
        shutil.copy(demo_file, file)
        with_queue(file, rules[name])
    return made


@pytest.fixture
def rules() -> str:
    return "risks"


@pytest.fixture
def site_file(files: dict[str, Path], rules: str) -> Path:
    return files[rules]


def _next(client: TestClient, **wanted: str) -> dict[str, str]:
    answer = client.post("/cofi/review/next", json=wanted, headers=WRITES)
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    return told


def _criterion(html: str) -> str:
    return html.split('data-criterion="')[1].split('"', maxsplit=1)[0]


def _audit(html: str) -> str:
    return html.split('data-audit="')[1].split('"', maxsplit=1)[0]


def _count(site: Database) -> int:
    with site.reading() as connection:
        return connection.scalar(select(func.count()).select_from(ReviewAnswerRow)) or 0


@pytest.mark.parametrize(
    ("user", "right"), [("rita", Right.ANSWER), ("carla", Right.ANSWER), ("vera", Right.TEXT)]
)
def test_only_who_may_answer_sees_the_queue(as_: As, user: str, right: Right) -> None:
    for answer in (
        as_(user).get("/cofi/review"),
        as_(user).post("/cofi/review/next", json={}, headers=WRITES),
    ):
        assert answer.status_code == 403
        assert right in answer.text


def test_an_answer_sent_twice_is_one(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client)
    given = {"criterion_id": _criterion(told["html"]), "verdict": "confirm", "seconds": 3.2}
    given["audit_id"] = _audit(told["html"])
    url = f"/cofi/review/items/{told['item_id']}/answers"
    headers = {**WRITES, "Idempotency-Key": "one"}
    first, again = (client.post(url, json=given, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())
    assert _count(site) == 1


def test_a_verdict_on_an_answer_of_before_is_refused_and_the_new_one_shown(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client)
    given = {"criterion_id": _criterion(told["html"]), "verdict": "confirm"}
    url = f"/cofi/review/items/{told['item_id']}/answers"
    assert client.post(url, json=given, headers=WRITES).status_code == 422
    audited_anew(site, told["call_id"])
    refused = client.post(url, json={**given, "audit_id": _audit(told["html"])}, headers=WRITES)
    assert (refused.status_code, "audited anew" in refused.text, _count(site)) == (409, True, 0)
    again = _next(client, item_id=told["item_id"])
    assert (again["item_id"], _audit(again["html"])) == (told["item_id"], "anew")
    assert client.post(url, json={**given, "audit_id": "anew"}, headers=WRITES).status_code == 200


def test_taking_an_item_is_reading_a_call(as_: As, site: Database) -> None:
    told = _next(as_("ana"))
    with site.reading() as connection:
        (row,) = connection.execute(select(CallAccessRow.__table__)).all()
    assert (row.person, row.call_id, row.what) == ("ana", told["call_id"], "text")


def test_an_item_of_another_person_says_who_has_it(as_: As, site: Database) -> None:
    told = _next(as_("ana"))
    answer = as_("ben").post("/cofi/review/next", json={"item_id": told["item_id"]}, headers=WRITES)
    assert answer.status_code == 409
    assert "ana has call" in answer.text
    given = {"criterion_id": _criterion(told["html"]), "verdict": "confirm"}
    given["audit_id"] = _audit(told["html"])
    url = f"/cofi/review/items/{told['item_id']}/answers"
    assert as_("ben").post(url, json=given, headers=WRITES).status_code == 403
    assert _count(site) == 0


def test_skipping_wants_a_reason_and_giving_back_frees_the_item(as_: As) -> None:
    client = as_("ana")
    told = _next(client)
    url = f"/cofi/review/items/{told['item_id']}"
    assert client.post(f"{url}/skip", json={"reason": " "}, headers=WRITES).status_code == 400
    assert client.post(f"{url}/release", headers=WRITES).status_code == 200
    assert _next(as_("ben"))["item_id"] == told["item_id"]


def test_a_review_is_finished_once_all_is_answered_and_stands_on_the_calls_page(
    as_: As, site: Database
) -> None:
    client = as_("ana")
    told = _next(client)
    url = f"/cofi/review/items/{told['item_id']}"
    early = client.post(f"{url}/finish", headers=WRITES)
    assert early.status_code == 400
    assert "Not answered yet" in early.text
    for part in told["html"].split('data-criterion="')[1:]:
        given = {"criterion_id": part.split('"')[0], "verdict": "cannot_tell"}
        assert client.post(f"{url}/answers", json=given, headers=WRITES).status_code == 200
    assert client.post(f"{url}/finish", headers=WRITES).status_code == 200
    page = client.get(f"/cofi/calls/{told['call_id']}").text
    assert "says that nobody can tell" in page
    assert _next(client)["item_id"] != told["item_id"]


@pytest.mark.parametrize("rules", ["all"])
def test_a_blind_item_tells_nothing_of_the_machines_answers(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client, sample="random")
    for trace in ("The machine says", "Why this score", "evidence", "To check", 'data-verdict="confirm"'):
        assert trace not in told["html"]
    given = {"criterion_id": _criterion(told["html"]), "answer": "CANNOT_DETERMINE", "blind": True}
    answer = client.post(f"/cofi/review/items/{told['item_id']}/answers", json=given, headers=WRITES)
    assert "The machine says" in answer.json()["html"]


@pytest.mark.parametrize("rules", ["all"])
def test_a_blind_item_that_somebody_has_taken_is_shown_them_nowhere_else(as_: As, site: Database) -> None:
    ana, ben = as_("ana"), as_("ben")
    told = _next(ana, sample="random")
    url, page = f"/cofi/review/items/{told['item_id']}", f"/cofi/calls/{told['call_id']}"
    closed = ana.get(page)
    assert closed.status_code == 403
    assert "You review call" in closed.text
    assert "Why this score" in ben.get(page).text
    assert ana.post(f"{url}/release", headers=WRITES).status_code == 200
    shown = ana.get(page).text
    assert "Why this score" in shown
    assert "/review?item=" not in shown
    again = _next(ana, item_id=told["item_id"])
    given = {"criterion_id": _criterion(again["html"]), "answer": "CANNOT_DETERMINE", "blind": True}
    assert ana.post(f"{url}/answers", json=given, headers=WRITES).status_code == 200
    assert _blind(site) == [False]


@pytest.mark.parametrize("rules", ["all"])
def test_a_blind_answer_is_kept_as_one_until_the_machines_was_shown(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client, sample="random")
    given = {"criterion_id": _criterion(told["html"]), "answer": "CANNOT_DETERMINE", "blind": True}
    for _ in range(2):
        answer = client.post(f"/cofi/review/items/{told['item_id']}/answers", json=given, headers=WRITES)
        assert answer.status_code == 200, answer.text
    assert _blind(site) == [True, False]
    with site.reading() as connection:
        assert connection.scalars(select(CallAccessRow.what)).all() == ["blind"]


def test_a_browser_cannot_call_blind_what_was_shown_with_the_machines_answer(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client)
    given = {"criterion_id": _criterion(told["html"]), "answer": "CANNOT_DETERMINE", "blind": True}
    client.post(f"/cofi/review/items/{told['item_id']}/answers", json=given, headers=WRITES)
    assert _blind(site) == [False]


def _block(page: str, of: str, to: str) -> str:
    return page.split(of)[1].split(to, maxsplit=1)[0]


def test_why_this_score_tells_of_the_score_that_counts(as_: As, site: Database) -> None:
    client = as_("ana")
    told = _next(client)
    url, call = f"/cofi/review/items/{told['item_id']}", f"/cofi/calls/{told['call_id']}"
    before = client.get(call).text
    assert "came about" not in before
    for part in told["html"].split('data-criterion="')[1:]:
        given = {"criterion_id": part.split('"')[0], "verdict": "confirm"}
        given["verdict"] = "cannot_tell" if 'class="pill worst">fails' in part else "confirm"
        given["audit_id"] = _audit(told["html"])
        assert client.post(f"{url}/answers", json=given, headers=WRITES).status_code == 200
    assert client.post(f"{url}/finish", headers=WRITES).status_code == 200
    page = client.get(call).text
    with site.reading() as connection:
        row = connection.execute(select(ReviewedScoreRow.__table__)).one()
        machine = connection.scalar(select(AuditRow.pct).where(AuditRow.audit_id == row.audit_id))
    assert row.pct is not None and row.pct != machine
    own = _block(page, '<details class="why"', '<details class="machines"')
    assert f"ana: {row.answered} answer" in own
    assert f"<li>{row.pct:g} of 100 points" in own or "its score is 0" in own
    assert ("The call passes" in own) is bool(row.passed)
    assert f"<strong>{row.pct:.1f}</strong>" in _block(page, '<div class="total">', "</div>")
    points = [
        float(part.split("<", maxsplit=1)[0])
        for part in page.split('<span class="points">')[1:]
        if part[0].isdigit()
    ]
    assert sum(points) == pytest.approx(row.pct, abs=0.05 * len(points))


def _blind(site: Database) -> list[bool]:
    row = ReviewAnswerRow
    with site.reading() as connection:
        return list(connection.scalars(select(row.blind).order_by(row.id)))


def test_an_agent_sees_the_list_of_their_own_calls(as_: As) -> None:
    page = as_("daniel").get("/cofi/mine").text
    assert "1001-late-fee.ogg" in page
    assert "1002-slow-internet.ogg" not in page
    assert as_("ana").get("/cofi/mine").status_code == 404


def test_what_the_model_was_shown_is_recorded_too(as_: As, site: Database, setting: Connect) -> None:
    setting("llm_redact_pii", False)  # as this database was made
    told = as_("ana").get(f"/cofi/calls/{call_id_of('1001-late-fee.ogg')}/shown").json()
    assert told["as_sent"] is True
    assert told["text"].startswith("<transcript")
    with site.reading() as connection:
        assert connection.scalars(select(CallAccessRow.what)).all() == ["prompt"]


def _given(client: TestClient, told: dict[str, str], answer: str) -> str:
    """Answers the first question of a desk; its criterion."""
    given = {"criterion_id": _criterion(told["html"]), "answer": answer, "blind": True}
    url = f"/cofi/review/items/{told['item_id']}/answers"
    assert client.post(url, json=given, headers=WRITES).status_code == 200
    return given["criterion_id"]


def test_a_desk_opened_again_tells_what_is_answered_already_and_by_whom(as_: As) -> None:
    ana, ben = as_("ana"), as_("ben")
    told = _next(ana)
    assert "data-given" not in told["html"]
    criterion = _given(ana, told, "CANNOT_DETERMINE")
    again = _next(ana, item_id=told["item_id"])["html"]
    assert f'data-criterion="{criterion}" data-given="nobody can tell"' in again
    assert again.count("data-given") == 1
    ana.post(f"/cofi/review/items/{told['item_id']}/release", headers=WRITES)
    assert 'data-given="ana says: nobody can tell"' in _next(ben, item_id=told["item_id"])["html"]


@pytest.mark.parametrize("rules", ["all"])
def test_a_blind_desk_tells_no_answer_of_others(as_: As) -> None:
    ana, ben = as_("ana"), as_("ben")
    told = _next(ana, sample="random")
    _given(ana, told, "CANNOT_DETERMINE")
    ana.post(f"/cofi/review/items/{told['item_id']}/release", headers=WRITES)
    seen = _next(ben, item_id=told["item_id"])["html"]
    assert 'data-given="answered by ana"' in seen
    assert "nobody can tell" not in seen


class TestPicking:
    """A call that no rule has drawn."""

    CALL = call_id_of("1001-late-fee.ogg")

    @pytest.fixture
    def site_file(self, demo_file: Path) -> Path:
        """Nothing is in the queue."""
        return demo_file

    def test_its_page_leads_to_its_desk_which_asks_everything(self, as_: As) -> None:
        ana = as_("ana")
        assert f'data-post="/calls/{self.CALL}/review"' in ana.get(f"/cofi/calls/{self.CALL}").text
        made = ana.post(f"/cofi/calls/{self.CALL}/review", headers=WRITES)
        assert made.status_code == 200, made.text
        told = _next(ana, item_id=made.json()["item_id"])
        assert told["call_id"] == self.CALL
        assert told["html"].count('data-criterion="') > 3
        given = {"criterion_id": "courtesy_and_empathy", "verdict": "cannot_tell"}
        url = f"/cofi/review/items/{told['item_id']}"
        assert ana.post(f"{url}/answers", json=given, headers=WRITES).status_code == 200
        assert ana.post(f"{url}/finish", headers=WRITES).status_code == 200
        page = ana.get(f"/cofi/calls/{self.CALL}").text
        assert "says that nobody can tell" in page
        assert "Review again" in page

    @pytest.mark.parametrize("user", ["daniel", "carla", "rita", "vera"])
    def test_nobody_picks_who_may_not_answer(self, as_: As, user: str) -> None:
        assert f'data-post="/calls/{self.CALL}/review"' not in as_(user).get(f"/cofi/calls/{self.CALL}").text
        assert as_(user).post(f"/cofi/calls/{self.CALL}/review", headers=WRITES).status_code == 403

    def test_a_leader_assigns_from_the_page_and_the_queue(self, as_: As) -> None:
        carla, admin = as_("carla"), as_("admin")
        url = f"/cofi/calls/{self.CALL}/assignment"
        assert f'data-post="/calls/{self.CALL}/assignment"' in carla.get(f"/cofi/calls/{self.CALL}").text
        assert carla.post(url, json={"to": "ben"}, headers=WRITES).json() == {"assigned_to": "ben"}
        assert "for ben" in as_("ana").get(f"/cofi/calls/{self.CALL}").text
        assert as_("ana").post(f"/cofi/calls/{self.CALL}/review", headers=WRITES).status_code == 403
        queue = admin.get("/cofi/review").text
        (item_id,) = re.findall(r'name="item_ids" value="([^"]+)"', queue)
        given = {"item_ids": [item_id], "to": "ana"}
        assert admin.post("/cofi/review/assign", json=given, headers=WRITES).json() == {"assigned": 1}
        assert "for ana" in as_("ben").get("/cofi/review").text
        assert _next(as_("ana"))["item_id"] == item_id
        none = admin.post("/cofi/review/assign", json=given, headers=WRITES)
        assert (none.status_code, "None is given to ana" in none.text) == (400, True)

    def test_nobody_is_given_calls_who_may_not_answer(self, as_: As) -> None:
        told = as_("carla").post(f"/cofi/calls/{self.CALL}/assignment", json={"to": "rita"}, headers=WRITES)
        assert (told.status_code, "rita is reader" in told.text) == (400, True)

    @pytest.mark.parametrize("user", ["ana", "rita", "daniel"])
    def test_only_who_leads_assigns(self, as_: As, user: str) -> None:
        assert "assignment" not in as_(user).get(f"/cofi/calls/{self.CALL}").text
        for url in (f"/cofi/calls/{self.CALL}/assignment", "/cofi/review/assign"):
            sent = {"to": "ben", "item_ids": []}
            assert as_(user).post(url, json=sent, headers=WRITES).status_code == 403


class TestDisputes:
    CALL = f"/cofi/calls/{call_id_of('1005-missed-technician.ogg')}"

    @pytest.fixture
    def dispute_id(self, as_: As) -> str:
        """Daniel disputes an answer about his own call."""
        objection = {"criterion_id": "courtesy_and_empathy", "held_answer": "no", "why": "I was rude, sorry"}
        answer = as_("daniel").post(f"{self.CALL}/disputes", json=objection, headers=WRITES)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["dispute_id"])

    def test_an_agent_may_dispute_on_the_page_of_their_own_call_alone(self, as_: As) -> None:
        own, of_others = as_("daniel").get(self.CALL), as_("ana").get(self.CALL)
        assert "Dispute this answer" in own.text
        assert "Dispute this answer" not in of_others.text

    def test_nobody_disputes_calls_of_others(self, as_: As) -> None:
        objection = {"criterion_id": "courtesy_and_empathy", "held_answer": "no", "why": "unfair"}
        other = f"/cofi/calls/{call_id_of('1002-slow-internet.ogg')}/disputes"
        assert as_("daniel").post(other, json=objection, headers=WRITES).status_code == 404
        assert as_("ana").post(f"{self.CALL}/disputes", json=objection, headers=WRITES).status_code == 403

    def test_only_who_may_decide_sees_disputes(self, as_: As, dispute_id: str) -> None:
        decision = {"answer": "no", "why": "heard it"}
        url = f"/cofi/disputes/{dispute_id}/decision"
        for user in ("daniel", "ana", "rita"):
            assert as_(user).get("/cofi/disputes").status_code == 403
            assert as_(user).post(url, json=decision, headers=WRITES).status_code == 403

    def test_a_decision_stands_on_the_page_with_its_reason(self, as_: As, dispute_id: str) -> None:
        assert "I was rude, sorry" in as_("carla").get("/cofi/disputes").text
        decision = {"answer": "no", "why": "He does interrupt her"}
        url = f"/cofi/disputes/{dispute_id}/decision"
        assert as_("carla").post(url, json=decision, headers=WRITES).json()["state"] == "taken"
        # A second time it is decided, and she has had a part in it.
        assert as_("carla").post(url, json=decision, headers=WRITES).status_code in {403, 409}
        page = as_("daniel").get(self.CALL).text
        assert "He does interrupt her" in page
        assert "the agent is right" in page

    def test_an_agent_sees_what_came_of_their_disputes(self, as_: As, dispute_id: str) -> None:
        mine = as_("daniel").get("/cofi/mine").text
        assert "What I dispute" in mine and "to be decided by" in mine
        assert f'href="{self.CALL}#criterion-courtesy_and_empathy"' in mine
        decision = {"answer": "no", "why": "He does interrupt her"}
        as_("carla").post(f"/cofi/disputes/{dispute_id}/decision", json=decision, headers=WRITES)
        mine = as_("daniel").get("/cofi/mine").text
        assert "the agent is right" in mine and "He does interrupt her" in mine
        assert "to be decided by" not in mine

    def test_pages_lead_to_every_dispute(
        self, as_: As, dispute_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disputes, "SHOWN", 1)
        objection = {"criterion_id": "identity_verified", "held_answer": "no", "why": "nor this, really"}
        assert as_("daniel").post(f"{self.CALL}/disputes", json=objection, headers=WRITES).status_code == 200
        pages, url = [], "/cofi/disputes"
        for _ in range(3):
            pages.append(as_("carla").get(url).text)
            links = re.findall(r'href="([^"]+)">More', pages[-1])
            if not links:
                break
            url = unescape(links[0])
        assert [page.count('class="quote"') for page in pages] == [1, 1]
        assert "I was rude, sorry" in "".join(pages)
        assert "nor this, really" in "".join(pages)

    def test_an_agent_takes_their_dispute_back(self, as_: As, dispute_id: str) -> None:
        url = f"/cofi/disputes/{dispute_id}/withdrawal"
        assert as_("carla").post(url, headers=WRITES).status_code == 403
        assert as_("daniel").post(url, headers=WRITES).status_code == 200
