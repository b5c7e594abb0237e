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
    if not clause.negated and _is_rare(connection, clause):
        return or_(*(CallRow.call_id.in_(_calls_with(connection, term)) for term in clause.terms))
    said = or_(
        *(
            _calls_with(connection, term).where(SpokenRow.call_id == CallRow.call_id).exists()
            for term in clause.terms
        )
    )
    return ~said if clause.negated else said


def _is_rare(connection: Connection, clause: Clause) -> bool:
    """Whether few calls have it; looks no further than it takes to tell."""
    left = RARE_CALLS
    for term in clause.terms:
        few = _calls_with(connection, term).limit(left).subquery()
        left -= connection.execute(select(func.count()).select_from(few)).scalar_one()
        if left <= 0:
            return False
    return True


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
