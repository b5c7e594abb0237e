"""Rescores: batches over several days with states of their own, promoted scorecards, stated absences"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="audit", nullable=False))
        batch_op.add_column(sa.Column("last_day", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("scorecard_sha256", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key("fk_batches_scorecard", "scorecards", ["scorecard_sha256"], ["sha256"])
    with op.batch_alter_table("batch_calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("state_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("old_audit_id", sa.String(length=36), nullable=True))
    with op.batch_alter_table("scorecards", schema=None) as batch_op:
        batch_op.add_column(sa.Column("promoted_at", UtcDateTime, nullable=True))
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("absence", Json, nullable=True))
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("speaks_to_model", Json, server_default="[]", nullable=False))
        batch_op.create_index("ix_audits_call", ["call_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_index("ix_audits_call")
        batch_op.drop_column("speaks_to_model")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_column("absence")
    with op.batch_alter_table("scorecards", schema=None) as batch_op:
        batch_op.drop_column("promoted_at")
    with op.batch_alter_table("batch_calls", schema=None) as batch_op:
        batch_op.drop_column("old_audit_id")
        batch_op.drop_column("state_reason")
        batch_op.drop_column("state")
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_constraint("fk_batches_scorecard", type_="foreignkey")
        batch_op.drop_column("scorecard_sha256")
        batch_op.drop_column("last_day")
        batch_op.drop_column("kind")
