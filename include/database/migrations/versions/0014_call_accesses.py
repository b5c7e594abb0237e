"""Who saw and heard which call; lists of a day's and of an agent's calls that go on where a page ends"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_accesses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("from_ms", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_accesses_call", "call_accesses", ["call_id", "at"])
    op.create_index("ix_call_accesses_person", "call_accesses", ["person", "at"])
    op.create_index("ix_calls_day_path", "calls", ["day", "path"])
    op.create_index("ix_calls_agent_day", "calls", ["agent", "day", "call_id"])


def downgrade() -> None:
    op.drop_index("ix_calls_agent_day", "calls")
    op.drop_index("ix_calls_day_path", "calls")
    op.drop_table("call_accesses")
