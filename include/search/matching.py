"""Clauses as conditions on calls: the same on SQLite (FTS5) and PostgreSQL (tsvector)."""

from collections.abc import Sequence

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
)

from include.database.models import CallRow, SpokenRow
from include.search.language import Clause, Term

# Up to so many calls are looked up in the index and then sorted; a word of more calls is looked for call by
# call, newest first, until a page is full.
RARE_CALLS = 2000

_WORDS = table("spoken_words", column("rowid", Integer))


def text_conditions(connection: Connection, clauses: Sequence[Clause]) -> list[ColumnElement[bool]]:
    """What calls must fulfil so that the clauses hold for their transcripts.

    A call without a transcript fulfils none, a negated one neither: nobody knows what was said in it.
    """
    if not clauses:
        return []
    heard = select(literal(1)).where(SpokenRow.call_id == CallRow.call_id)
    conditions = [_condition(connection, clause) for clause in clauses]
    return [*conditions, *([heard.exists()] if all(clause.negated for clause in clauses) else [])]


def _condition(connection: Connection, clause: Clause) -> ColumnElement[bool]:
    if not clause.negated:
        few = _few_calls(connection, clause)
        if few is not None:
            return CallRow.call_id.in_(sorted(few))
    said = or_(
        *(
            _calls_with(connection, term).where(SpokenRow.call_id == CallRow.call_id).exists()
            for term in clause.terms
        )
    )
    return ~said if clause.negated else said


def _few_calls(connection: Connection, clause: Clause) -> set[str] | None:
    """The calls that have it, by id; None when there are many. Looks no further than it takes to tell.

    PostgreSQL cannot tell how rare a word is: asked for calls and words in one, it may look at all calls.
    """
    found: set[str] = set()
    left = RARE_CALLS
    for term in clause.terms:
        pieces = connection.execute(_calls_with(connection, term).limit(left)).scalars().all()
        left -= len(pieces)
        if left <= 0:
            return None
        found.update(pieces)
    return found


def _calls_with(connection: Connection, term: Term) -> Select[str]:
    if connection.dialect.name == "postgresql":
        query = select(SpokenRow.call_id).where(_matches_tsvector(term))
    else:
        matches = literal_column("spoken_words", Boolean).op("MATCH")(_fts5(term))
        query = select(SpokenRow.call_id).join(_WORDS, and_(_WORDS.c.rowid == SpokenRow.id, matches))
    return query.where(SpokenRow.speaker == term.speaker) if term.speaker else query


def _matches_tsvector(term: Term) -> ColumnElement[bool]:
    words = " <-> ".join(f"'{word}'" for word in term.words)
    sought = func.to_tsquery("simple", f"{words}:*" if term.is_prefix else words)
    return literal_column("spoken.vector").bool_op("@@")(sought)


def _fts5(term: Term) -> str:
    phrase = f'"{" ".join(term.words)}"'
    return f"{phrase} *" if term.is_prefix else phrase
