"""The page of a call."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import Connection

from cofi.redaction import recogniser_of
from cofi.settings import Settings
from cofi.ui.access import requires, reviewers
from cofi.ui.asking import AskedDep
from cofi.ui.pages import PRIVATE
from cofi.ui.tasks import ListTasks, TasksDep, log_url, run_of
from include.access.record import Access
from include.access.rights import Person, Right
from include.call_pages.call import CallHead, CallPage, head_of, read_call
from include.call_pages.reviewed import reviewed_score_of
from include.call_pages.shown import Redacting, shown_of
from include.calls.transcript import Transcript, Turn, TurnFlag
from include.errors import NotForYou
from include.review.beside import review_of
from include.review.blindness import why_blind
from include.review.disputes import Terms, list_disputes, terms
from include.review.items import item_of_call
from include.review.people import Actor
from include.review.rules import load_rules

router = APIRouter(prefix="/calls/{call_id}", dependencies=[requires(Right.TEXT)])

# Words that were heard worse are underlined.
BADLY_HEARD = 0.5
FLAG_NAMES = {
    TurnFlag.REPETITION: "repeats itself",
    TurnFlag.ON_SILENCE: "on silence",
    TurnFlag.KNOWN_PHRASE: "invented phrase?",
    TurnFlag.BADLY_HEARD: "badly heard",
    TurnFlag.OTHER_LANGUAGE: "spoken in another language",
}
# Shorter stretches that were cut are no line of the transcript.
_SHOWN_CUT_MS = 1_000


def call_for(asked: AskedDep, call_id: str) -> CallHead:
    """The call of the path, if the person may see it; of others they do not learn whether they exist."""
    head = asked.read(lambda connection: head_of(connection, call_id))
    if head is None or not asked.person.sees(head.agent, head.agent_id):
        raise HTTPException(404, f"There is no call {call_id} that your account may see.")
    return head


CallDep = Annotated[CallHead, Depends(call_for)]


@router.get("")
def call_page(asked: AskedDep, head: CallDep, tasks: TasksDep) -> HTMLResponse:
    """All that is known of a call."""
    if head.call_id in asked.blind:
        raise NotForYou(asked.read(lambda c: why_blind(c, asked.person.name, head.call_id)))
    asked.record(head.call_id, Access.TEXT)
    page = asked.read(lambda connection: read_call(connection, head))
    by_people = asked.read(lambda connection: people_of(connection, page, asked.person))
    logs = {} if not page.provenance.failed else logs_of(page, tasks)
    return asked.page("call.html", logs=logs, **by_people, **call_values(page, asked.person))


def logs_of(page: CallPage, tasks: ListTasks) -> dict[int, str]:
    """Where the logs of failed attempts are, by their place in the list."""
    known = {one.batch_id: tasks(*run_of(one.batch_id)) for one in page.provenance.failed}
    found = enumerate(page.provenance.failed)
    urls = {n: log_url(known[one.batch_id], one.batch_id, one.stage, one.shard) for n, one in found}
    return {n: url for n, url in urls.items() if url}


@router.get("/shown")
def shown_to_llm(asked: AskedDep, head: CallDep) -> JSONResponse:
    """What the LLM was shown: on demand, as names are found by models that take a while to load."""
    settings = Settings.load()
    how = Redacting(settings.llm_redact_pii, recogniser_of(settings), settings.names_kept)
    asked.record(head.call_id, Access.PROMPT)
    shown = asked.read(lambda connection: shown_of(connection, head, how))
    content = {"text": shown.text, "as_sent": shown.as_sent} if shown else {"text": None}
    return JSONResponse(content, headers=PRIVATE, background=asked.after)


def people_of(connection: Connection, page: CallPage, person: Person) -> dict[str, Any]:
    """What people answered and dispute, what stands by it, and the call's place in the queue."""
    if page.score is None:
        names = ("review", "item", "terms", "standing")
        return {**dict.fromkeys(names), "beside": {}, "disputes": [], "reviewers": []}
    call_id = page.head.call_id
    review = review_of(connection, call_id)
    return {
        "review": review,
        "beside": {one.criterion_id: one for one in review.criteria},
        "standing": reviewed_score_of(connection, page.score.audit_id),
        "item": item_of_call(connection, call_id),
        "disputes": list_disputes(connection, call_id=call_id),
        "terms": _terms(connection, page, person),
        "reviewers": reviewers(Settings.load()) if person.leads else [],
    }


def _terms(connection: Connection, page: CallPage, person: Person) -> Terms | None:
    """What the person may dispute; None of calls that are not their own, or when it is too late."""
    head, score = page.head, page.score
    if score is None or not person.is_own(head.agent, head.agent_id):
        return None
    rule = load_rules(Settings.load().scorecards_folder, score.scorecard_id).disputes
    found = terms(connection, Actor(person.name, person.agents), head.call_id, rule)
    return found if found.until > datetime.now(UTC) else None


def call_values(page: CallPage, person: Person) -> dict[str, Any]:
    """What the templates of a call's parts need."""
    hears = person.may(Right.AUDIO)
    return {
        "call": page,
        "head": page.head,
        "hears": hears,
        "player": player_values(page, hears=hears),
        "lines": lines_of(page),
        "words_of": words_of,
        "badly_heard": BADLY_HEARD,
        "flag_names": FLAG_NAMES,
    }


def lines_of(page: CallPage) -> list[tuple[str, Any]]:
    """Turns, what was not understood and what was cut, in order of their beginning."""
    transcript = page.transcript
    if transcript is None:
        return []
    lines: list[tuple[str, Any]] = [("turn", turn) for turn in transcript.turns]
    lines += [("gap", gap) for gap in transcript.gaps]
    lines += [("cut", cut) for cut in page.hearing.cuts if cut.end_ms - cut.start_ms >= _SHOWN_CUT_MS]
    return sorted(lines, key=lambda line: line[1].start_ms)


def player_values(page: CallPage, *, hears: bool) -> dict[str, Any]:
    """The values for the player's script."""
    hearing = page.hearing
    return {
        "call_id": page.head.call_id,
        "duration_ms": hearing.duration_ms,
        "audible": hears and hearing.silenced is not None,
        "lanes": [
            {"label": lane.label, "channel": lane.channel, "spans": lane.spans} for lane in hearing.lanes
        ],
        "cuts": [[cut.start_ms, cut.end_ms, cut.what] for cut in hearing.cuts],
        "silenced": hearing.silenced or [],
        "gaps": _gaps(page.transcript),
    }


def words_of(turn: Turn) -> list[tuple[str, int, float]]:
    """A turn's words with their starts in ms and confidences; none when they do not spell its text."""
    if " ".join(word.text for word in turn.words).split() != turn.text.split():
        return []
    return [(word.text, word.start_ms, word.confidence) for word in turn.words]


def _gaps(transcript: Transcript | None) -> list[list[int]]:
    return [[gap.start_ms, gap.end_ms] for gap in transcript.gaps] if transcript else []
