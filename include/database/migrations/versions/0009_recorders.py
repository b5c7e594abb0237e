"""What recorders know of calls, the files beside them, and who told the roles of channels

Columns of a manifest that cofi had no field for, and has one now, move there from `extra`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = ("agent_id", "team", "interaction_id", "language")
_DETAILS = ("caller", "called", "caller_name", "called_name", "disposition")
_AT_ONCE = 1000


def upgrade() -> None:
    with op.batch_alter_table("calls", schema=None) as batch_op:
        for name in _TEXTS:
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("ended_at", UtcDateTime, nullable=True))
        batch_op.add_column(sa.Column("roles_told_by", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("details", Json, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("parts", Json, server_default="[]", nullable=False))
        batch_op.create_index("ix_calls_interaction", ["interaction_id"], unique=False)
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("files", Json, nullable=True))
    with op.batch_alter_table("transcripts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("channel_roles", Json, nullable=True))
    _from_extra(op.get_bind())


def _from_extra(connection: sa.Connection) -> None:
    """Moves what has a field now; a page of calls at a time."""
    calls = sa.table(
        "calls",
        sa.column("call_id", sa.String),
        sa.column("extra", Json),
        sa.column("details", Json),
        *(sa.column(name, sa.Text) for name in _TEXTS),
    )
    after = ""
    while True:
        page = sa.select(calls.c.call_id, calls.c.extra).where(calls.c.call_id > after)
        rows = connection.execute(page.order_by(calls.c.call_id).limit(_AT_ONCE)).all()
        if not rows:
            return
        after = rows[-1].call_id
        for row in rows:
            if values := _moved(row.extra or {}):
                connection.execute(calls.update().where(calls.c.call_id == row.call_id).values(values))


def _moved(extra: dict[str, Any]) -> dict[str, Any]:
    columns = {name: extra[name] for name in _TEXTS if name in extra}
    details: dict[str, Any] = {name: extra[name] for name in _DETAILS if name in extra}
    if not columns and not details:
        return {}
    left = {name: value for name, value in extra.items() if name not in (*_TEXTS, *_DETAILS)}
    return {**columns, "details": details, "extra": left}


def downgrade() -> None:
    # In place: other tables refer to these, and SQLite would make them anew.
    op.drop_column("transcripts", "channel_roles")
    op.drop_column("batches", "files")
    op.drop_index("ix_calls_interaction", "calls")
    for name in ("parts", "details", "roles_told_by", "ended_at", *reversed(_TEXTS)):
        op.drop_column("calls", name)
