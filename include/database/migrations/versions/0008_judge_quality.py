"""Second opinions stand with the answers that they are on; what canaries answered in each night"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opinions", Json, server_default="[]", nullable=False))
    op.create_table(
        "canaries",
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("scorecard_sha256", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("answers", Json, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
        sa.ForeignKeyConstraint(["scorecard_sha256"], ["scorecards.sha256"]),
        sa.PrimaryKeyConstraint("batch_id", "call_id"),
    )
    with op.batch_alter_table("canaries", schema=None) as batch_op:
        batch_op.create_index("ix_canaries_night", ["scorecard_sha256", "night"], unique=False)


def downgrade() -> None:
    op.drop_table("canaries")
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_column("opinions")
