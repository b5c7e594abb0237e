"""Columns get the names of what stands in them"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_NAMES = (
    ("batch_days", "told", "problem"),
    ("calls", "roles_told_by", "roles_source"),
    ("alerts", "told_by", "sent_by"),
    ("alerts", "told_at", "sent_at"),
)


def upgrade() -> None:
    for table, before, after in _NAMES:
        _rename(table, before, after)


def downgrade() -> None:
    for table, before, after in _NAMES:
        _rename(table, after, before)


def _rename(table: str, before: str, after: str) -> None:
    # Both databases rename in place; alembic's way would copy all calls on SQLite.
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")
