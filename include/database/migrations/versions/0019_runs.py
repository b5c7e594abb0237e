"""What a run owes: books to be closed, a report, files to be deleted from hosts"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Of runs whose end was never told. The others owe nothing that anybody could know of.
_UNTOLD = """
    INSERT INTO runs (batch_id, day, location, began_at, planned_at)
    SELECT batch_id, day, location, opened_at,
           CASE WHEN EXISTS (
               SELECT 1 FROM batch_calls AS c WHERE c.batch_id = batches.batch_id AND c.shard IS NOT NULL
           ) THEN opened_at END
    FROM batches WHERE closed_at IS NULL AND ledger IS NULL
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "runs",
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("planned_at", moment, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reported_at", moment, nullable=True),
        sa.Column("cleaned_at", moment, nullable=True),
        sa.Column("shown_as", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_index("ix_runs_closed_at", "runs", ["closed_at"])
    op.execute(_UNTOLD)


def downgrade() -> None:
    op.drop_table("runs")
