"""What searches look at: the words of transcripts, by speaker; searches that are kept; indexes of filters

What is stored already is indexed by `include.search.indexing`, a page at a time: a long history would keep
one transaction open for hours.
"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FTS5 = (
    "CREATE VIRTUAL TABLE spoken_words USING fts5("
    "words, content='spoken', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER spoken_added AFTER INSERT ON spoken BEGIN "
    "INSERT INTO spoken_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER spoken_gone AFTER DELETE ON spoken BEGIN "
    "INSERT INTO spoken_words(spoken_words, rowid, words) VALUES ('delete', old.id, old.words); END",
)
_TSVECTOR = (
    "ALTER TABLE spoken ADD COLUMN vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED",
    "CREATE INDEX ix_spoken_vector ON spoken USING gin (vector)",
)


def upgrade() -> None:
    op.create_table(
        "indexed_calls",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("transcript_sha256", sa.String(length=64), nullable=False),
        sa.Column("indexed_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["transcripts.call_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "spoken",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("speaker", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["indexed_calls.call_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spoken_call", "spoken", ["call_id"])
    op.create_table(
        "saved_searches",
        sa.Column("search_id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=250), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("search", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("search_id"),
    )
    op.create_index("uq_saved_searches_name", "saved_searches", ["owner", "name"], unique=True)
    op.create_index("ix_calls_newest", "calls", ["day", "call_id"])
    op.create_index("ix_calls_agent", "calls", ["agent_id", "day"])
    op.create_index("ix_answers_criterion", "answers", ["criterion_id", "answer"])
    for statement in _FTS5 if op.get_bind().dialect.name == "sqlite" else _TSVECTOR:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE spoken_words")
    op.drop_index("ix_answers_criterion", "answers")
    op.drop_index("ix_calls_agent", "calls")
    op.drop_index("ix_calls_newest", "calls")
    for table in ("saved_searches", "spoken", "indexed_calls"):
        op.drop_table(table)
