"""Claims of runs on calls, shards of failures, lanes at work"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lanes",
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
        sa.PrimaryKeyConstraint("batch_id", "shard", "stage"),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claimed_by", sa.String(length=250), nullable=True))
        batch_op.create_index("ix_calls_claimed_by", ["claimed_by"], unique=False)
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shard", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.drop_column("shard")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_claimed_by")
        batch_op.drop_column("claimed_by")
    op.drop_table("lanes")
