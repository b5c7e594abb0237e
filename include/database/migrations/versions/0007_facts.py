"""Facts of calls in tables of their own; agents' moods and violations are deleted

Inferring how employees feel is prohibited or contested in many places, and nothing in cofi read it: what
answers hold of it goes, also from the raw answers of failed attempts, and is overwritten.
"""

import sqlalchemy as sa
from alembic import context, op

from include.database.columns import Json, UtcDateTime
from include.database.migrations.card_data.leftovers import note_leftovers
from include.database.migrations.facts.rows import move_facts

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CURRENT = sa.text("superseded_at IS NULL")
_REWRITTEN = ("failures", "llm_results")


def upgrade() -> None:
    _make_tables()
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("strengths", Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("coaching", Json, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("comment", sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    moved = +move_facts(connection)
    if rewritten := [table for table in _REWRITTEN if moved[table]]:
        note_leftovers(connection, rewritten)
    context.config.attributes["moved"] = moved


def _make_tables() -> None:
    op.create_table(
        "call_facts",
        sa.Column("facts_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("llm_identity", sa.String(length=64), nullable=False),
        sa.Column("call_type", sa.String(length=20), nullable=False),
        sa.Column("analysable", sa.Boolean(), nullable=False),
        sa.Column("resolution", sa.String(length=16), nullable=False),
        sa.Column("sentiment_start", sa.Integer(), nullable=True),
        sa.Column("sentiment_end", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("actions_taken", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("next_steps", sa.Text(), nullable=False),
        sa.Column("participants", Json, nullable=False),
        sa.Column("quality_issues", Json, nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("superseded_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("facts_id"),
    )
    op.create_index("ix_call_facts_batch", "call_facts", ["batch_id"])
    op.create_index("ix_call_facts_call", "call_facts", ["call_id"])
    op.create_index(
        "uq_call_facts_current",
        "call_facts",
        ["call_id"],
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.create_table(
        "call_reasons",
        sa.Column("facts_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("turn_ids", Json, nullable=False),
        sa.ForeignKeyConstraint(["facts_id"], ["call_facts.facts_id"]),
        sa.PrimaryKeyConstraint("facts_id", "code"),
    )
    op.create_index("ix_call_reasons_code", "call_reasons", ["code"])
    op.create_table(
        "call_signals",
        sa.Column("facts_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("turn_ids", Json, nullable=False),
        sa.ForeignKeyConstraint(["facts_id"], ["call_facts.facts_id"]),
        sa.PrimaryKeyConstraint("facts_id", "kind"),
    )
    op.create_index("ix_call_signals_kind", "call_signals", ["kind"])
    op.create_table(
        "call_commitments",
        sa.Column("facts_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("promised_by", sa.String(length=16), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=True),
        sa.Column("turn_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["facts_id"], ["call_facts.facts_id"]),
        sa.PrimaryKeyConstraint("facts_id", "number"),
    )
    op.create_table(
        "call_entities",
        sa.Column("facts_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pii", sa.Boolean(), nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["facts_id"], ["call_facts.facts_id"]),
        sa.PrimaryKeyConstraint("facts_id", "number"),
    )
    op.create_index("ix_call_entities_type", "call_entities", ["type"])


def downgrade() -> None:
    # What was deleted stays deleted.
    for column in ("comment", "coaching", "strengths"):
        op.drop_column("audits", column)  # made anew, the table would leave its answers without an audit
    for table in ("call_entities", "call_commitments", "call_signals", "call_reasons", "call_facts"):
        op.drop_table(table)
