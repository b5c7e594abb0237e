"""Each audit says which version of cofi made it; of older ones that is not known"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audits", sa.Column("cofi_version", sa.String(20), nullable=True))


def downgrade() -> None:
    op.drop_column("audits", "cofi_version")
