"""Learned prompts that stood for themselves are listed again: two hosts had replaced each other's at once"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("UPDATE learned_prompts SET same_as = NULL WHERE same_as = prompt_id"))


def downgrade() -> None:
    """What was wrong is not made again."""
