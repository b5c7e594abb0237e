"""Fills the tables of facts from stored answers, and deletes what is kept no longer, call by call.

The tables are written down as they are at revision 0007: models go on, a migration does not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Boolean, Connection, column, insert, select, table, update

from include.database.columns import Json, UtcDateTime
from include.database.migrations.facts.answers import with_facts_alone, without_moods, without_violations

_CALLS_AT_ONCE = 100

_CALLS = table("calls", column("call_id"))
_TRANSCRIPTS = table("transcripts", column("call_id"), column("transcript", Json))
_LLM_RESULTS = table(
    "llm_results", column("identity"), column("call_id"), column("stage"), column("answer", Json)
)
_STAGE_RESULTS = table(
    "stage_results",
    column("id"),
    column("call_id"),
    column("stage"),
    column("batch_id"),
    column("result", Json),
    column("created_at", UtcDateTime),
    column("superseded_at", UtcDateTime),
)
_AUDITS = table(
    "audits",
    column("audit_id"),
    column("call_id"),
    column("llm_identity"),
    column("strengths", Json),
    column("coaching", Json),
    column("comment"),
)
_FAILURES = table("failures", column("id"), column("stage"), column("raw_answer"))
_FACTS = table(
    "call_facts",
    column("facts_id"),
    column("call_id"),
    column("batch_id"),
    column("llm_identity"),
    column("call_type"),
    column("analysable", Boolean),
    column("resolution"),
    column("sentiment_start"),
    column("sentiment_end"),
    column("summary"),
    column("issue"),
    column("actions_taken"),
    column("outcome"),
    column("next_steps"),
    column("participants", Json),
    column("quality_issues", Json),
    column("dropped"),
    column("created_at", UtcDateTime),
    column("superseded_at", UtcDateTime),
)
_REASONS = table(
    "call_reasons",
    column("facts_id"),
    column("code"),
    column("is_primary", Boolean),
    column("turn_ids", Json),
)
_SIGNALS = table("call_signals", column("facts_id"), column("kind"), column("turn_ids", Json))
_COMMITMENTS = table(
    "call_commitments",
    column("facts_id"),
    column("number"),
    column("promised_by"),
    column("promise"),
    column("due"),
    column("turn_id"),
)
_ENTITIES = table(
    "call_entities",
    column("facts_id"),
    column("number"),
    column("type"),
    column("text"),
    column("pii", Boolean),
    column("turn_id"),
)


def move_facts(connection: Connection) -> Counter[str]:
    """Does all of it; returns how many rows of `llm_results` and `failures` were changed, and facts made."""
    counts: Counter[str] = Counter()
    for call_ids in _pages(connection):
        _rewrite_answers(connection, call_ids, counts)
        _move_replies(connection, call_ids)
        _rewrite_replies(connection, call_ids, counts)
    _fill_facts(connection, counts)
    _clean_failures(connection, counts)
    return counts


def _pages(connection: Connection) -> Iterator[list[str]]:
    last = ""
    while True:
        query = select(_CALLS.c.call_id).where(_CALLS.c.call_id > last).order_by(_CALLS.c.call_id)
        page = list(connection.execute(query.limit(_CALLS_AT_ONCE)).scalars())
        if not page:
            return
        yield page
        last = page[-1]


def _rewrite_answers(connection: Connection, call_ids: Sequence[str], counts: Counter[str]) -> None:
    """Takes the moods out of LLM1's answers, and looks up the turns that they name."""
    turns = _turns(connection, call_ids)
    for identity, call_id, old in _answers(connection, "llm1", call_ids):
        _store(connection, identity, old, with_facts_alone(old, turns.get(call_id, ())), counts)


def _rewrite_replies(connection: Connection, call_ids: Sequence[str], counts: Counter[str]) -> None:
    for identity, _, old in _answers(connection, "llm2", call_ids):
        _store(connection, identity, old, without_violations(old), counts)


def _turns(connection: Connection, call_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the turns of each call that has a transcript."""
    query = select(_TRANSCRIPTS).where(_TRANSCRIPTS.c.call_id.in_(call_ids))
    found = connection.execute(query).all()
    return {call_id: [turn["id"] for turn in stored.get("turns", [])] for call_id, stored in found}


def _answers(
    connection: Connection, stage: str, call_ids: Sequence[str]
) -> Sequence[tuple[str, str, dict[str, Any]]]:
    columns = (_LLM_RESULTS.c.identity, _LLM_RESULTS.c.call_id, _LLM_RESULTS.c.answer)
    mine = (_LLM_RESULTS.c.stage == stage, _LLM_RESULTS.c.call_id.in_(call_ids))
    return [
        (row.identity, row.call_id, row.answer) for row in connection.execute(select(*columns).where(*mine))
    ]


def _by_identity(connection: Connection, identities: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    """Answers by their identity: another call with the same words may have paid for them."""
    columns = (_LLM_RESULTS.c.identity, _LLM_RESULTS.c.answer)
    query = select(*columns).where(_LLM_RESULTS.c.identity.in_([i for i in identities if i]))
    return {row.identity: row.answer for row in connection.execute(query)}


def _store(
    connection: Connection, identity: str, old: Mapping[str, Any], new: dict[str, Any], counts: Counter[str]
) -> None:
    if new != old:
        mine = update(_LLM_RESULTS).where(_LLM_RESULTS.c.identity == identity)
        connection.execute(mine.values(answer=new))
        counts["llm_results"] += 1


def _move_replies(connection: Connection, call_ids: Sequence[str]) -> None:
    """Gives audits what the model said about the agent's work."""
    query = select(_AUDITS.c.audit_id, _AUDITS.c.llm_identity).where(_AUDITS.c.call_id.in_(call_ids))
    audits = connection.execute(query).all()
    answers = _by_identity(connection, {audit.llm_identity for audit in audits})
    for audit in audits:
        reply = answers.get(audit.llm_identity, {}).get("reply")
        if reply:
            said = {"strengths": reply.get("strengths", []), "coaching": reply.get("coaching", [])}
            mine = update(_AUDITS).where(_AUDITS.c.audit_id == audit.audit_id)
            connection.execute(mine.values(**said, comment=reply.get("overall_comment", "")))


def _fill_facts(connection: Connection, counts: Counter[str]) -> None:
    """A row of facts for each result of LLM1, current or history as that is; one pass over the results."""
    last = 0
    while True:
        next_ones = (_STAGE_RESULTS.c.id > last, _STAGE_RESULTS.c.stage == "llm1")
        query = select(_STAGE_RESULTS).where(*next_ones).order_by(_STAGE_RESULTS.c.id).limit(_CALLS_AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        answers = _by_identity(connection, {row.result.get("identity") for row in rows})
        for row in rows:
            if answer := answers.get(row.result.get("identity")):  # else nothing of it is stored
                _add_facts(connection, row, answer)
                counts["call_facts"] += 1


def _add_facts(connection: Connection, row: Any, answer: Mapping[str, Any]) -> None:
    facts_id = str(uuid4())
    connection.execute(insert(_FACTS).values(_facts_row(facts_id, answer, row.result["identity"], row)))
    for part, rows in _parts(facts_id, answer):
        if rows:
            connection.execute(insert(part), rows)


def _facts_row(facts_id: str, answer: Mapping[str, Any], identity: str, row: Any) -> dict[str, Any]:
    named = ("sentiment_start", "sentiment_end", "summary", "issue", "actions_taken", "outcome", "next_steps")
    return {
        "facts_id": facts_id,
        "call_id": row.call_id,
        "batch_id": row.batch_id,
        "llm_identity": identity,
        "call_type": answer["call_type"],
        "analysable": answer["analysable"],
        "resolution": answer["resolution"],
        **{name: answer[name] for name in named},
        "participants": answer["participants"],
        "quality_issues": answer["quality_issues"],
        "dropped": answer["dropped"],
        "created_at": row.created_at,
        "superseded_at": row.superseded_at,
    }


def _parts(facts_id: str, answer: Mapping[str, Any]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    yield (
        _REASONS,
        [
            {"facts_id": facts_id, "code": r["code"], "is_primary": r["primary"], "turn_ids": r["turns"]}
            for r in answer["contact_reasons"]
        ],
    )
    yield (
        _SIGNALS,
        [{"facts_id": facts_id, "kind": s["kind"], "turn_ids": s["turns"]} for s in answer["signals"]],
    )
    yield (
        _COMMITMENTS,
        [
            {
                "facts_id": facts_id,
                "number": number,
                "promised_by": c["by"],
                "promise": c["text"],
                "due": c["due"],
                "turn_id": c["turn"],
            }
            for number, c in enumerate(answer["commitments"], start=1)
        ],
    )
    named = ("type", "text", "pii")
    yield (
        _ENTITIES,
        [
            {
                "facts_id": facts_id,
                "number": number,
                "turn_id": e["turn"],
                **{name: e[name] for name in named},
            }
            for number, e in enumerate(answer["entities"], start=1)
        ],
    )


def _clean_failures(connection: Connection, counts: Counter[str]) -> None:
    """Raw answers of failed attempts hold what their model wrote."""
    query = select(_FAILURES.c.id, _FAILURES.c.raw_answer).where(
        _FAILURES.c.raw_answer.is_not(None), _FAILURES.c.stage.in_(["llm1", "llm2"])
    )
    for id_, raw_answer in connection.execute(query).all():
        kept = without_moods(raw_answer)
        if kept != raw_answer:
            mine = update(_FAILURES).where(_FAILURES.c.id == id_)
            connection.execute(mine.values(raw_answer=kept))
            counts["failures"] += 1
