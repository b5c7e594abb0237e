"""What a night asks is found by indexes, however many calls there are"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_CLAIMED = sa.text("claimed_by IS NOT NULL")
_NEW = {
    "ix_stage_results_call": ("stage_results", ["call_id", "stage"]),
    "ix_audits_batch": ("audits", ["batch_id"]),
    "ix_lanes_host_stage": ("lanes", ["host", "stage", "began_at"]),
    "ix_lanes_host_ended": ("lanes", ["host", "ended_at"]),
}


def upgrade() -> None:
    op.drop_index("ix_calls_claimed_by", "calls")
    op.create_index(
        "ix_calls_claimed_by", "calls", ["claimed_by"], sqlite_where=_CLAIMED, postgresql_where=_CLAIMED
    )
    for name, (table, columns) in _NEW.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in _NEW.items():
        op.drop_index(name, table)
    op.drop_index("ix_calls_claimed_by", "calls")
    op.create_index("ix_calls_claimed_by", "calls", ["claimed_by"])
