"""Scores and answers counted by day; those of before are counted by `include.trends.counting`."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _group() -> list[sa.Column[Any]]:
    return [
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scorecard_id", sa.String(length=100), nullable=False),
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
    ]


def upgrade() -> None:
    counts = ("judged", "passed", "auto_failed", "needs_review", "reviewed")
    op.create_table(
        "trend_scores",
        *_group(),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("sum_pct", sa.Double(), nullable=False),
        sa.Column("sum_squares", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("counted_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("day", "scorecard_id", "dimension", "name"),
    )
    op.create_index("ix_trend_scores_name", "trend_scores", ["dimension", "name", "day"])
    op.create_table(
        "trend_answers",
        *_group(),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("counted", "met", "unknown")),
        sa.PrimaryKeyConstraint("day", "scorecard_id", "dimension", "name", "criterion_id"),
    )
    op.create_index("ix_trend_answers_name", "trend_answers", ["dimension", "name", "day"])


def downgrade() -> None:
    op.drop_table("trend_answers")
    op.drop_table("trend_scores")
