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
    said = or_(
        *(
            _calls_with(connection, term).where(SpokenRow.call_id == CallRow.call_id).exists()
            for term in clause.terms
        )
    )
    return ~said if clause.negated else said


def with_words(connection: Connection, clause: Clause) -> list[Select[str]]:
    """The calls that may fulfil a clause, as the index alone can tell: all words are said, by whomever."""
    return [_calls_with(connection, term, anywhere=True) for term in clause.terms]


def _calls_with(connection: Connection, term: Term, *, anywhere: bool = False) -> Select[str]:
    if connection.dialect.name == "postgresql":
        query = select(SpokenRow.call_id).where(_matches_tsvector(term, " & " if anywhere else " <-> "))
    else:
        matches = literal_column("spoken_words", Boolean).op("MATCH")(_fts5(term, anywhere=anywhere))
        query = select(SpokenRow.call_id).join(_WORDS, and_(_WORDS.c.rowid == SpokenRow.id, matches))
    return query.where(SpokenRow.speaker == term.speaker) if term.speaker and not anywhere else query


def _matches_tsvector(term: Term, joined_by: str) -> ColumnElement[bool]:
    words = joined_by.join(f"'{word}'" for word in term.words)
    sought = func.to_tsquery("simple", f"{words}:*" if term.is_prefix else words)
    return literal_column("spoken.vector").bool_op("@@")(sought)


def _fts5(term: Term, *, anywhere: bool) -> str:
    said = " AND ".join(f'"{word}"' for word in term.words) if anywhere else f'"{" ".join(term.words)}"'
    return f"{said} *" if term.is_prefix else said
