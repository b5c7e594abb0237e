"""Calls that are done again keep their audit until the next; what calls were at a run's end is kept"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("audit_id", sa.String(36)), ("redo_from", sa.String(16)), ("failed_try", sa.Text())):
        op.add_column("batch_calls", sa.Column(name, kind, nullable=True))
    op.create_table(
        "new_transcripts",
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("batch_id", sa.String(250), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16), nullable=True),
        sa.Column("transcript", Json, nullable=False),
        sa.Column("channel_roles", Json, nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.execute(_RESCORED)
    op.execute(_OWN_AUDITS)


def downgrade() -> None:
    op.drop_table("new_transcripts")
    for name in ("failed_try", "redo_from", "audit_id"):
        op.drop_column("batch_calls", name)


# Until now, only a rescore's calls had a state in their batch.
_RESCORED = "UPDATE batch_calls SET redo_from = 'llm1' WHERE state IS NOT NULL"
# The audits of closed rescores are known. What the calls of earlier audits were at their end nobody has kept.
_OWN_AUDITS = """
UPDATE batch_calls SET audit_id = (
    SELECT max(audit_id) FROM audits
    WHERE audits.call_id = batch_calls.call_id AND audits.batch_id = batch_calls.batch_id
)
WHERE state = 'audited'
"""
