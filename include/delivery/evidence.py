"""A call's evidence: every answer with its quotes and times, and where all of it comes from.

For whoever has to show why an audit says what it says: read from the database alone, nothing is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, or_, select

from include import __version__
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchCallRow,
    BatchRow,
    CallRow,
    LlmResultRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ScorecardRow,
    StageResultRow,
)
from include.delivery.wording import clock
from include.errors import InvalidInput
from include.site_time import moment

_OF_CALL = ("call_id", "day", "path", "state", "state_reason", "duration_s", "channel_roles", "roles_source")
_OF_AUDIT = (
    "audit_id",
    "created_at",
    "pct",
    "band",
    "passed",
    "auto_failed",
    "needs_review",
    "review_reasons",
)
_OF_ANSWER = (
    "answer",
    "answered_by",
    "standing",
    "earned",
    "potential",
    "auto_fail",
    "confidence",
    "justification",
    "absence",
    "opinions",
    "review_reasons",
)
_OFFICIAL = (
    *("pct", "band", "passed", "auto_failed", "needs_review", "review_reasons"),
    *("answered", "changed", "reviewers", "reviewed_at"),
)
_STANDS = ("answer", "standing", "earned", "potential", "auto_fail")
_OF_STAGE = ("stage", "host", "engine", "batch_id", "created_at")
_OF_LLM = (
    "stage",
    "model",
    "identity",
    "prompt_sha256",
    "transcript_sha256",
    "attempts",
    "batch_id",
    "created_at",
)


@dataclass(frozen=True)
class Evidence:
    """What is known of a call and why.

    Attributes:
        call: What it is, and how it ended.
        audit: Its score as the machine gave it; None when it was not audited.
        official: The score with people's answers in place of the machine's; None where nobody has answered.
        answers: One for each criterion of the scorecard, in its order, with the checked quotes: the machine's
            answer, and in `by_people` what stands instead of it.
        provenance: Hashes of recording, transcript, scorecard and prompts; engines, hosts, models and times.
    """

    call: dict[str, Any]
    audit: dict[str, Any] | None
    official: dict[str, Any] | None
    answers: list[dict[str, Any]]
    provenance: dict[str, Any]


def evidence_of(connection: Connection, named: str) -> Evidence:
    """Gathers a call's evidence.

    Args:
        connection: To cofi's database.
        named: A call's id, path, file name or interaction id, or `RUN/CALL` for the audit that this run made.

    Raises:
        InvalidInput: There is no such call or run, or there are several.
    """
    call, run = _found(connection, named)
    audit = _audit(connection, call["call_id"], run)
    scorecard = _scorecard(connection, audit) if audit else None
    return Evidence(
        call=_picked(call, _OF_CALL),
        audit=_picked(audit, _OF_AUDIT) if audit else None,
        official=_official(connection, audit) if audit else None,
        answers=_answers(connection, audit, scorecard) if audit and scorecard else [],
        provenance=_provenance(connection, call, audit, scorecard),
    )


def evidence_text(evidence: Evidence, timezone: str = "UTC") -> str:
    """The evidence as text for a reader."""
    call, audit = evidence.call, evidence.audit
    lines = [f"{call['day']} {call['path']}: {call['state']}", f"call {call['call_id']}"]
    if call["state_reason"]:
        lines.append(call["state_reason"])
    if audit:
        pct = (
            "not auditable"
            if audit["pct"] is None
            else f"{audit['pct']:.0f} % ({audit['band'] or 'no band'})"
        )
        lines += _official_lines(evidence.official)
        by = "the machine's score" if evidence.official else "score"
        lines.append(f"{by} {pct}{', auto-failed' if audit['auto_failed'] else ''}")
        waiting = (evidence.official or audit)["review_reasons"]
        lines += [f"needs review: {reason}" for reason in waiting]
    for answer in evidence.answers:
        lines += ["", *_told_answer(answer)]
    return "\n".join([*lines, "", "provenance", *_told_provenance(evidence.provenance, timezone)])


def _official_lines(official: dict[str, Any] | None) -> list[str]:
    if official is None:
        return []
    pct = "not auditable" if official["pct"] is None else f"{official['pct']:.0f} %"
    people = ", ".join(official["reviewers"])
    failed = ", auto-failed" if official["auto_failed"] else ""
    return [
        f"score {pct} ({official['band'] or 'no band'}){failed}, reviewed by {people}: "
        f"{official['answered']} answered, {official['changed']} changed"
    ]


def _found(connection: Connection, named: str) -> tuple[RowMapping, str | None]:
    """The call, and the run when one is named."""
    if calls := _calls(connection, named, None):
        return _only(calls, named), None
    run, _, call = named.partition("/")
    if connection.execute(select(BatchRow.batch_id).where(BatchRow.batch_id == run)).first() is None:
        raise InvalidInput(
            f"There is no call {named}: give its id, its path or the name of its file, or RUN/CALL; a run's "
            "report names its calls."
        )
    if not (calls := _calls(connection, call, run)):
        raise InvalidInput(f"Run {run} has no call {call}: give the id or the path that its report shows.")
    return _only(calls, named), run


def _calls(connection: Connection, call: str, run: str | None) -> Sequence[RowMapping]:
    """Calls of this id or path; where there are none, those whose file or interaction is called so."""
    query: Select[Any] = select(CallRow.__table__).order_by(CallRow.day)
    if run is not None:
        query = query.join(BatchCallRow, BatchCallRow.call_id == CallRow.call_id)
        query = query.where(BatchCallRow.batch_id == run)
    name = CallRow.path.endswith(f"/{call}", autoescape=True)
    for same in (
        or_(CallRow.call_id == call, CallRow.path == call),
        or_(name, CallRow.interaction_id == call),
    ):
        if found := connection.execute(query.where(same)).mappings().all():
            return found
    return ()


def _only(calls: Sequence[RowMapping], named: str) -> RowMapping:
    if len(calls) > 1:
        ids = ", ".join(f"{call['day']} {call['call_id']}" for call in calls)
        raise InvalidInput(f"{named} names {len(calls)} calls ({ids}): give one id, or RUN/CALL.")
    return calls[0]


def _audit(connection: Connection, call_id: str, run: str | None) -> RowMapping | None:
    """The one that the run made; else the official one."""
    query = select(AuditRow.__table__).where(AuditRow.call_id == call_id)
    newest = query.order_by(AuditRow.created_at.desc())
    of_run = connection.execute(newest.where(AuditRow.batch_id == run)).mappings().first() if run else None
    return of_run or connection.execute(query.where(AuditRow.superseded_at.is_(None))).mappings().first()


def _scorecard(connection: Connection, audit: RowMapping) -> RowMapping:
    query = select(ScorecardRow.__table__).where(ScorecardRow.sha256 == audit["scorecard_sha256"])
    return connection.execute(query).mappings().one()


def _official(connection: Connection, audit: RowMapping) -> dict[str, Any] | None:
    query = select(ReviewedScoreRow.__table__).where(ReviewedScoreRow.audit_id == audit["audit_id"])
    row = connection.execute(query).mappings().one_or_none()
    return _picked(row, _OFFICIAL) if row else None


def _answers(connection: Connection, audit: RowMapping, scorecard: RowMapping) -> list[dict[str, Any]]:
    query = select(AnswerRow.__table__).where(AnswerRow.audit_id == audit["audit_id"])
    rows = {row["criterion_id"]: row for row in connection.execute(query).mappings()}
    people = select(ReviewedAnswerRow.__table__).where(ReviewedAnswerRow.audit_id == audit["audit_id"])
    stands = {row["criterion_id"]: _picked(row, _STANDS) for row in connection.execute(people).mappings()}
    # As it is stored: an old version need not fit today's schema.
    texts = {one["id"]: one.get("text", "") for one in scorecard["scorecard"].get("criteria", [])}
    order = [*(name for name in texts if name in rows), *sorted(set(rows) - set(texts))]
    return [
        {
            "criterion": name,
            "text": texts.get(name, ""),
            **_picked(rows[name], _OF_ANSWER),
            "by_people": stands.get(name),
            "quotes": rows[name]["evidence"],
        }
        for name in order
    ]


def _provenance(
    connection: Connection, call: RowMapping, audit: RowMapping | None, scorecard: RowMapping | None
) -> dict[str, Any]:
    stages = select(StageResultRow.__table__).where(
        StageResultRow.call_id == call["call_id"], StageResultRow.superseded_at.is_(None)
    )
    found = {
        "cofi": __version__,
        "recording": {"uri": call["uri"], "sha256": call["sha256"], "bytes": call["size_bytes"]},
        "stages": [
            _picked(row, _OF_STAGE)
            for row in connection.execute(stages.order_by(StageResultRow.id)).mappings()
        ],
    }
    if audit and scorecard:
        llm = select(LlmResultRow.__table__).where(
            LlmResultRow.call_id == call["call_id"],
            LlmResultRow.transcript_sha256 == audit["transcript_sha256"],
        )
        found |= {
            "run": audit["batch_id"],
            "transcript_sha256": audit["transcript_sha256"],
            "scorecard": {
                "id": scorecard["scorecard_id"],
                "version": scorecard["version"],
                "sha256": scorecard["sha256"],
            },
            "audited_by": audit["llm_identity"],
            "audited_with_cofi": audit["cofi_version"],
            "llm": [
                _picked(row, _OF_LLM)
                for row in connection.execute(llm.order_by(LlmResultRow.created_at)).mappings()
            ],
        }
    return found


def _picked(row: RowMapping, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _told_answer(answer: dict[str, Any]) -> list[str]:
    points = (
        ""
        if answer["potential"] is None
        else f", {answer['earned'] or 0:g} of {answer['potential']:g} points"
    )
    lines = [
        f"{answer['criterion']}: {answer['answer']} ({answer['standing']}{points})",
        f"  {answer['text']}",
    ]
    if stands := answer["by_people"]:
        lines.append(f"  by people: {stands['answer']} ({stands['standing']})")
    lines += [f"  because: {answer['justification']}"] if answer["justification"] else []
    for quote in answer["quotes"]:
        when = (
            f"{clock(quote['start_ms'])}–{clock(quote['end_ms'])}"
            if quote["start_ms"] is not None
            else "nowhere"
        )
        note = f"; {quote['note']}" if quote.get("note") else ""
        lines.append(f'  {when} {quote["speaker"] or ""}: "{quote["quote"]}" ({quote["status"]}{note})')
    if answer["absence"]:
        lines.append(f"  looked for: {answer['absence']['searched']}; {answer['absence']['statement']}")
    return lines


def _told_provenance(of: dict[str, Any], timezone: str) -> list[str]:
    recording = of["recording"]
    lines = [f"  recording   {recording['uri']}, sha256 {recording['sha256']}"]
    lines += [
        f"  {row['stage']:<11} {row['engine']} on {row['host']}, {moment(row['created_at'], timezone)}"
        for row in of["stages"]
    ]
    if "scorecard" in of:
        card = of["scorecard"]
        lines.append(f"  transcript  sha256 {of['transcript_sha256']}")
        lines.append(f"  scorecard   {card['id']} {card['version']}, sha256 {card['sha256']}")
        lines += [
            f"  {row['stage']:<11} {row['model']}, prompt sha256 {row['prompt_sha256']}, "
            f"{moment(row['created_at'], timezone)}"
            for row in of["llm"]
        ]
        lines.append(f"  audited by  cofi {of['audited_with_cofi'] or 'of a version that was not kept'}")
    return [*lines, f"  written by  cofi {of['cofi']}"]
