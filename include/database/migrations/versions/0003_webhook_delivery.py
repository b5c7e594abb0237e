"""Delivery of webhook events: attempts over hours, claims, dead letters; events of runs"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("webhook_outbox", schema=None) as batch_op:
        batch_op.alter_column("call_id", existing_type=sa.String(length=80), nullable=True)
        batch_op.add_column(sa.Column("next_attempt_at", UtcDateTime, nullable=True))
        batch_op.add_column(sa.Column("claimed_until", UtcDateTime, nullable=True))
        batch_op.add_column(sa.Column("dead_at", UtcDateTime, nullable=True))
        batch_op.add_column(sa.Column("receiver", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("last_status", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("last_error", sa.Text(), nullable=True))
        batch_op.drop_index("ix_webhook_outbox_waiting")
        batch_op.create_index("ix_webhook_outbox_waiting", ["next_attempt_at"], unique=False)
        batch_op.create_index("ix_webhook_outbox_created", ["created_at"], unique=False)
    op.execute("UPDATE webhook_outbox SET next_attempt_at = created_at WHERE delivered_at IS NULL")


def downgrade() -> None:
    op.execute("DELETE FROM webhook_outbox WHERE call_id IS NULL")
    with op.batch_alter_table("webhook_outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_webhook_outbox_created")
        batch_op.drop_index("ix_webhook_outbox_waiting")
        batch_op.create_index("ix_webhook_outbox_waiting", ["delivered_at", "created_at"], unique=False)
        batch_op.drop_column("last_error")
        batch_op.drop_column("last_status")
        batch_op.drop_column("receiver")
        batch_op.drop_column("dead_at")
        batch_op.drop_column("claimed_until")
        batch_op.drop_column("next_attempt_at")
        batch_op.alter_column("call_id", existing_type=sa.String(length=80), nullable=False)
