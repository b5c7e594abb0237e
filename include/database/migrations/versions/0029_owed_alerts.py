"""Alerts that no place has taken are owed

What was stored before was sent.
"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_OWED = sa.text("sent_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("raised_at", UtcDateTime, nullable=True))
        table.add_column(sa.Column("claimed_at", UtcDateTime, nullable=True))
    op.execute(sa.text("UPDATE alerts SET raised_at = sent_at, claimed_at = sent_at"))
    with op.batch_alter_table("alerts") as table:
        table.alter_column("raised_at", existing_type=UtcDateTime, nullable=False)
        table.alter_column("sent_at", existing_type=UtcDateTime, nullable=True)
    op.create_index("ix_alerts_owed", "alerts", ["raised_at"], sqlite_where=_OWED, postgresql_where=_OWED)


def downgrade() -> None:
    op.drop_index("ix_alerts_owed", "alerts")
    # The version before takes each row for one that was sent, and raises again what is none.
    op.execute(sa.text("DELETE FROM alerts WHERE sent_at IS NULL"))
    with op.batch_alter_table("alerts") as table:
        table.alter_column("sent_at", existing_type=UtcDateTime, nullable=False)
        table.drop_column("claimed_at")
        table.drop_column("raised_at")
