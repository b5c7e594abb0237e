"""Calibration sessions can be called off; what the machine answered is counted by day"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calibration_sessions", sa.Column("withdrawn_at", UtcDateTime, nullable=True))
    op.create_table(
        "machine_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scorecard_sha256", sa.String(64), nullable=False),
        sa.Column("audits", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("counted_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("day", "scorecard_sha256"),
    )
    # Days of before are counted when somebody opens their page, or by `cofi db index`.
    op.create_table(
        "machine_answers",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scorecard_sha256", sa.String(64), nullable=False),
        sa.Column("criterion_id", sa.String(100), nullable=False),
        sa.Column("answer", sa.String(100), nullable=False),
        sa.Column("standing", sa.String(20), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "scorecard_sha256", "criterion_id", "answer", "standing"),
    )


def downgrade() -> None:
    op.drop_table("machine_answers")
    op.drop_table("machine_days")
    op.drop_column("calibration_sessions", "withdrawn_at")
