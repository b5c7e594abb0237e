"""The days of one criterion are read without a look at those of all others"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_trend_answers_criterion", "trend_answers"


def upgrade() -> None:
    # With all that is read of a row: it is found in the index alone.
    columns = ["dimension", "criterion_id", "day", "scorecard_id", "name", "counted", "met", "unknown"]
    op.create_index(_NAME, _TABLE, columns)


def downgrade() -> None:
    op.drop_index(_NAME, _TABLE)
