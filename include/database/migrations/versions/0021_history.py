"""Copies are found by a sample of the recording and by its hash; failures of hosts by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_WHOLE = sa.text("call_id IS NULL")


def upgrade() -> None:
    op.add_column("calls", sa.Column("sample_sha256", sa.String(64), nullable=True))
    op.create_index("ix_calls_sample", "calls", ["sample_sha256"])
    op.create_index("ix_calls_sha256", "calls", ["sha256"])
    op.drop_index("ix_calls_size", "calls")
    op.create_index(
        "ix_failures_whole",
        "failures",
        ["batch_id", "stage"],
        sqlite_where=_WHOLE,
        postgresql_where=_WHOLE,
    )


def downgrade() -> None:
    op.drop_index("ix_failures_whole", "failures")
    op.create_index("ix_calls_size", "calls", ["size_bytes"])
    op.drop_index("ix_calls_sha256", "calls")
    op.drop_index("ix_calls_sample", "calls")
    op.drop_column("calls", "sample_sha256")
