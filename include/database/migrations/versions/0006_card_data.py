"""Answers tell how they stand in the score; card data that older versions have stored is masked

An answer "without evidence that counts" stays `counted`: the versions that wrote such review reasons let it
earn its points, and the audit's stored `pct` holds them. Called `unsupported`, it would say that it moved no
score, and it did. Its review reasons stay and tell why a person should look; auditing the call again
(rescore_calls) makes standing and score anew.
"""

from collections import Counter
from functools import lru_cache, partial
from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

from include.database.migrations.card_data.leftovers import note_leftovers
from include.database.migrations.card_data.reports import mask_reports
from include.database.migrations.card_data.rows import mask_rows, recollect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STANDING = """
    UPDATE answers SET standing = CASE answer
        WHEN 'NA' THEN 'not_applicable' WHEN 'CANNOT_DETERMINE' THEN 'undetermined' END
    WHERE answer IN ('NA', 'CANNOT_DETERMINE')
"""


def upgrade() -> None:
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("standing", sa.String(length=20), server_default="counted", nullable=False)
        )
    op.execute(_STANDING)
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    context.config.attributes["masked"] = _masked(connection, context.config.attributes.get("reports"))


def _masked(connection: sa.Connection, reports: Path | None) -> Counter[str] | None:
    """How many of each were masked; None in a database that is new."""
    if not connection.execute(sa.text("SELECT 1 FROM calls LIMIT 1")).scalar():
        return None
    # Files first, while the rows still tell what to look for: after a crash all of it begins again.
    of_call = lru_cache(maxsize=256)(partial(recollect, connection))
    files = mask_reports(reports, of_call) if reports else 0
    masked = +mask_rows(connection)
    note_leftovers(connection, masked.keys())
    return masked + Counter(reports=files)


def downgrade() -> None:
    # What was masked stays masked.
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.drop_column("standing")
