"""Dead letters are found by an index that holds them alone

Each sweep over the outbox looks for one, among all events of the days that are kept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_DEAD = sa.text("dead_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_webhook_outbox_dead", "webhook_outbox", ["dead_at"], sqlite_where=_DEAD, postgresql_where=_DEAD
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_outbox_dead", "webhook_outbox")
