"""What every answer of the LLM API cost"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEPT = "batch_id, call_id, stage, model, prompt_tokens, completion_tokens, cached_tokens, cost_usd"


def upgrade() -> None:
    op.create_table(
        "llm_spending",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=True),
        sa.Column("paid_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"]),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("llm_spending", schema=None) as batch_op:
        batch_op.create_index("ix_llm_spending_batch", ["batch_id", "stage"], unique=False)
        batch_op.create_index("ix_llm_spending_call", ["call_id"], unique=False)
        batch_op.create_index("ix_llm_spending_paid", ["paid_at"], unique=False)
    # Of earlier runs only the answers that were of use are known.
    op.execute(
        f"INSERT INTO llm_spending ({_KEPT}, paid_at) SELECT {_KEPT}, created_at FROM llm_results"  # noqa: S608  # nosec B608
    )


def downgrade() -> None:
    op.drop_table("llm_spending")
