"""Requests that were answered, so that the same one sent again changes nothing"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answered_requests",
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("answered_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("person", "key"),
    )
    op.create_index("ix_answered_requests_at", "answered_requests", ["answered_at"])


def downgrade() -> None:
    op.drop_table("answered_requests")
