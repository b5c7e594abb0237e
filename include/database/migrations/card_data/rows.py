"""Masks card data in the rows of a database, call by call: memory stays the same however many there are.

The tables are written down as they are at revision 0006: models go on, a migration does not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, Row, Select, column, select, table, update
from sqlalchemy.sql.expression import TableClause

from include.calls.transcript import Transcript, Turn
from include.card_data.keys import masked_keys
from include.card_data.masking import masked_turns
from include.database.columns import Json
from include.database.migrations.card_data.recollection import Recollection
from include.errors import InvalidInput
from include.gpu.wire import Segment

_CALLS_AT_ONCE = 100
# What cannot be read is not quoted.
_TURNS = TypeAdapter(list[Turn], config=ConfigDict(hide_input_in_errors=True))
_SEGMENTS = TypeAdapter(list[Segment])

_CALLS = table("calls", column("call_id"), column("state_reason"))
_TRANSCRIPTS = table("transcripts", column("call_id"), column("sha256"), column("transcript", Json))
_RESULTS = table("stage_results", column("id"), column("call_id"), column("stage"), column("result", Json))
_AUDITS = table(
    "audits",
    column("audit_id"),
    column("call_id"),
    column("transcript_sha256"),
    column("review_reasons", Json),
    column("speaks_to_model", Json),
)
_LLM_RESULTS = table(
    "llm_results",
    column("identity"),
    column("call_id"),
    column("transcript_sha256"),
    column("answer", Json),
)
_ANSWERS = table(
    "answers",
    column("audit_id"),
    column("criterion_id"),
    column("justification"),
    column("review_reasons", Json),
    column("evidence", Json),
    column("absence", Json),
)
_FAILURES = table("failures", column("id"), column("call_id"), column("message"), column("raw_answer"))
_EVENTS = table(
    "webhook_outbox", column("event_id"), column("call_id"), column("payload", Json), column("last_error")
)
_BATCH_CALLS = table("batch_calls", column("batch_id"), column("call_id"), column("state_reason"))


@dataclass(frozen=True)
class _Holder:
    """A table with texts that may quote a call.

    Attributes:
        key: Columns that name a row.
        texts: Columns of text or JSON.
    """

    table: TableClause
    key: tuple[str, ...]
    texts: tuple[str, ...]

    def rows(self, *where: ColumnElement[bool]) -> Select[Any]:
        """Its rows with the call that each is about."""
        named = [self.table.c[name] for name in (*self.key, *self.texts)]
        if self.table is _ANSWERS:
            joined = _ANSWERS.join(_AUDITS, _AUDITS.c.audit_id == _ANSWERS.c.audit_id)
            return select(_AUDITS.c.call_id.label("of_call"), *named).select_from(joined).where(*where)
        return select(self.table.c.call_id.label("of_call"), *named).where(*where)

    @property
    def call_id(self) -> ColumnElement[str]:
        """The column that names the call."""
        return (_AUDITS if self.table is _ANSWERS else self.table).c.call_id


_HOLDERS = (
    _Holder(_LLM_RESULTS, ("identity",), ("answer",)),
    _Holder(_AUDITS, ("audit_id",), ("review_reasons", "speaks_to_model")),
    _Holder(
        _ANSWERS,
        ("audit_id", "criterion_id"),
        ("justification", "review_reasons", "evidence", "absence"),
    ),
    _Holder(_FAILURES, ("id",), ("message", "raw_answer")),
    _Holder(_EVENTS, ("event_id",), ("payload", "last_error")),
    _Holder(_CALLS, ("call_id",), ("state_reason",)),
    _Holder(_BATCH_CALLS, ("batch_id", "call_id"), ("state_reason",)),
)
# Also hold rows of hosts and runs, which are about no call: few.
_OF_NO_CALL = (_FAILURES, _EVENTS)


def recollect(connection: Connection, call_id: str) -> Recollection:
    """What a call's stored transcript holds; nothing when it has none, or is masked."""
    query = select(_TRANSCRIPTS.c.transcript).where(_TRANSCRIPTS.c.call_id == call_id)
    stored = connection.execute(query).scalar_one_or_none()
    return _recollection(call_id, stored) if stored else Recollection()


def _recollection(call_id: str, stored: Mapping[str, Any]) -> Recollection:
    try:
        return Recollection(_TURNS.validate_python(stored["turns"]))
    except (ValidationError, LookupError, TypeError) as error:
        raise InvalidInput(
            f"The transcript of call {call_id} cannot be read: nobody knows whether it holds card data. "
            "Delete its row in the table transcripts, and migrate again."
        ) from error


def mask_rows(connection: Connection) -> Counter[str]:
    """Masks all tables; returns how many rows of each were changed, by the table's name."""
    counts: Counter[str] = Counter()
    for call_ids in _pages(connection):
        recalled = _mask_transcripts(connection, call_ids, counts)
        for holder in _HOLDERS:
            rows = connection.execute(holder.rows(holder.call_id.in_(call_ids))).all()
            counts[holder.table.name] += _mask_texts(connection, holder, rows, recalled)
        counts["stage_results"] += _mask_results(connection, call_ids)
    for holder in (holder for holder in _HOLDERS if holder.table in _OF_NO_CALL):
        rows = connection.execute(holder.rows(holder.call_id.is_(None))).all()
        counts[holder.table.name] += _mask_texts(connection, holder, rows, {})
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


def _mask_transcripts(
    connection: Connection, call_ids: Sequence[str], counts: Counter[str]
) -> dict[str, Recollection]:
    """Masks the transcripts of some calls; what refers to one by its hash refers to the masked one then."""
    recalled: dict[str, Recollection] = {}
    query = select(_TRANSCRIPTS).where(_TRANSCRIPTS.c.call_id.in_(call_ids))
    for call_id, sha256, stored in connection.execute(query).all():
        recollection = _recollection(call_id, stored)
        if not recollection.masks_anything:
            continue
        recalled[call_id] = recollection
        masked = {**stored, "turns": _with_masks(stored["turns"], recollection.turns)}
        new_sha256 = Transcript.model_validate(masked).sha256
        row = update(_TRANSCRIPTS).where(_TRANSCRIPTS.c.call_id == call_id)
        connection.execute(row.values(transcript=masked, sha256=new_sha256))
        for referring in (_AUDITS, _LLM_RESULTS):
            same = (referring.c.call_id == call_id) & (referring.c.transcript_sha256 == sha256)
            connection.execute(update(referring).where(same).values(transcript_sha256=new_sha256))
        counts["transcripts"] += 1
    return recalled


def _with_masks(stored: Sequence[Mapping[str, Any]], masked: Sequence[Turn]) -> list[Any]:
    """Turns as they are stored, but for what masking changes: text, words' texts, marks."""
    turns: list[Any] = []
    for old, turn in zip(stored, masked, strict=True):
        new: dict[str, Any] = {**old, "text": turn.text}
        if turn.card_data:
            new["card_data"] = [mark.model_dump(mode="json") for mark in turn.card_data]
        if old.get("words"):
            new["words"] = [
                {**word, "text": said.text} for word, said in zip(old["words"], turn.words, strict=False)
            ]
        turns.append(new if new != old else old)
    return turns


def _mask_texts(
    connection: Connection, holder: _Holder, rows: Sequence[Row[Any]], recalled: Mapping[str, Recollection]
) -> int:
    nothing, changed = Recollection(), 0
    for row in rows:
        old = {name: getattr(row, name) for name in holder.texts}
        new = recalled.get(row.of_call, nothing).value(old)
        if new != old:
            this = [holder.table.c[name] == getattr(row, name) for name in holder.key]
            values = {name: value for name, value in new.items() if value != old[name]}
            connection.execute(update(holder.table).where(*this).values(values))
            changed += 1
    return changed


def _mask_results(connection: Connection, call_ids: Sequence[str]) -> int:
    """Masks keyed numbers, and turns where a stage's result holds any."""
    changed = 0
    query = select(_RESULTS.c.id, _RESULTS.c.result)
    of_calls = _RESULTS.c.call_id.in_(call_ids) & _RESULTS.c.stage.in_(["ivr", "stt"])
    for id_, old in connection.execute(query.where(of_calls)).all():
        new = dict(old)
        if old.get("segments"):
            found = masked_keys(_SEGMENTS.validate_python(old["segments"]))
            new["segments"] = [
                {**segment, "label": one.label} if one.label != segment.get("label", "") else segment
                for segment, one in zip(old["segments"], found, strict=True)
            ]
        if old.get("turns"):
            turns = masked_turns(_TURNS.validate_python(old["turns"]))
            new["turns"] = _with_masks(old["turns"], turns)
        if new != old:
            connection.execute(update(_RESULTS).where(_RESULTS.c.id == id_).values(result=new))
            changed += 1
    return changed
