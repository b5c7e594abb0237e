"""The roles of a transcript's channels name their source as all else does"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLES = ("transcripts", "new_transcripts")


def upgrade() -> None:
    for table in _TABLES:
        _rename(table, "told_by", "source")


def downgrade() -> None:
    for table in _TABLES:
        _rename(table, "source", "told_by")


def _rename(table: str, before: str, after: str) -> None:
    """In the text of the JSON: a quote in one of its values has a backslash before it, unlike a key's."""
    as_json = "::jsonb" if op.get_bind().dialect.name == "postgresql" else ""
    statement = (
        f"UPDATE {table} SET channel_roles = "  # noqa: S608  # nosec B608
        f"replace(CAST(channel_roles AS TEXT), :before, :after){as_json} WHERE channel_roles IS NOT NULL"
    )
    op.execute(sa.text(statement).bindparams(before=f'"{before}":', after=f'"{after}":'))
