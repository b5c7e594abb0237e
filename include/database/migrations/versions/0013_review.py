"""What people are asked to listen to, what they answer, and what comes of it"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = (
    "calibration_sessions",
    "calibration_calls",
    "calibration_people",
    "calibration_answers",
    "review_items",
    "review_draws",
    "review_frames",
    "review_answers",
    "reviewed_answers",
    "reviewed_scores",
    "disputes",
    "review_events",
)


def upgrade() -> None:
    op.create_table(
        "calibration_sessions",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("scorecard_sha256", sa.String(length=64), nullable=False),
        sa.Column("questions", Json, nullable=False),
        sa.Column("opened_by", sa.String(length=250), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["scorecard_sha256"],
            ["scorecards.sha256"],
        ),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_table(
        "calibration_calls",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["calibration_sessions.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "call_id"),
    )
    op.create_table(
        "calibration_people",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("expert", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["calibration_sessions.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "person"),
    )
    op.create_index("ix_calibration_people_person", "calibration_people", ["person"], unique=False)
    op.create_table(
        "calibration_answers",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["calibration_sessions.session_id"],
        ),
        sa.PrimaryKeyConstraint("session_id", "person", "call_id", "criterion_id"),
    )
    op.create_table(
        "review_items",
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.Column("questions", Json, nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("assigned_to", sa.String(length=250), nullable=True),
        sa.Column("taken_by", sa.String(length=250), nullable=True),
        sa.Column("taken_at", UtcDateTime, nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("ended_by", sa.String(length=250), nullable=True),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("item_id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index("ix_review_items_audit", "review_items", ["audit_id"], unique=False)
    op.create_index("ix_review_items_day", "review_items", ["day"], unique=False)
    op.create_index("ix_review_items_ended", "review_items", ["ended_by", "ended_at"], unique=False)
    op.create_index("ix_review_items_queue", "review_items", ["state", "rank"], unique=False)
    op.create_table(
        "review_draws",
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("sample", sa.String(length=16), nullable=False),
        sa.Column("questions", Json, nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("stratum", sa.Text(), nullable=True),
        sa.Column("drawn_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["review_items.item_id"],
        ),
        sa.PrimaryKeyConstraint("item_id", "rule"),
    )
    op.create_index("ix_review_draws_sample", "review_draws", ["sample"], unique=False)
    op.create_table(
        "review_frames",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("drawn_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_frames_batch", "review_frames", ["batch_id"], unique=False)
    op.create_index("ix_review_frames_week", "review_frames", ["rule", "week"], unique=False)
    op.create_table(
        "review_answers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=True),
        sa.Column("dispute_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=True),
        sa.Column("machine_answer", sa.String(length=100), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("turn_id", sa.String(length=64), nullable=True),
        sa.Column("right_words", sa.Text(), nullable=True),
        sa.Column("sample", sa.String(length=16), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("reviewer", sa.String(length=250), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["review_items.item_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_answers_answered", "review_answers", ["answered_at"], unique=False)
    op.create_index("ix_review_answers_call", "review_answers", ["call_id", "criterion_id"], unique=False)
    op.create_index("ix_review_answers_item", "review_answers", ["item_id"], unique=False)
    op.create_index("ix_review_answers_reviewer", "review_answers", ["reviewer", "answered_at"], unique=False)
    op.create_table(
        "reviewed_answers",
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        sa.Column("given", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=100), nullable=False),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("earned", sa.Double(), nullable=False),
        sa.Column("potential", sa.Double(), nullable=False),
        sa.Column("auto_fail", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.ForeignKeyConstraint(
            ["given"],
            ["review_answers.id"],
        ),
        sa.PrimaryKeyConstraint("audit_id", "criterion_id"),
    )
    op.create_index("ix_reviewed_answers_given", "reviewed_answers", ["given"], unique=False)
    op.create_table(
        "reviewed_scores",
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("pct", sa.Double(), nullable=True),
        sa.Column("band", sa.String(length=40), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("auto_failed", sa.Boolean(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("review_reasons", Json, nullable=False),
        sa.Column("sections", Json, nullable=False),
        sa.Column("not_auditable", sa.Text(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("reviewers", Json, nullable=False),
        sa.Column("reviewed_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("audit_id"),
    )
    op.create_index("ix_reviewed_scores_call", "reviewed_scores", ["call_id"], unique=False)
    op.create_index("ix_reviewed_scores_reviewed", "reviewed_scores", ["reviewed_at"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        sa.Column("raised_by", sa.String(length=250), nullable=False),
        sa.Column("raised_at", UtcDateTime, nullable=False),
        sa.Column("disputed_answer", sa.String(length=100), nullable=False),
        sa.Column("held_answer", sa.String(length=100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=250), nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("answer", sa.String(length=100), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("dispute_id"),
    )
    op.create_index("ix_disputes_call", "disputes", ["call_id"], unique=False)
    op.create_index("ix_disputes_raised", "disputes", ["raised_by", "raised_at"], unique=False)
    op.create_index("ix_disputes_state", "disputes", ["state", "due_at"], unique=False)
    op.create_index(
        "uq_disputes_open",
        "disputes",
        ["call_id", "criterion_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "review_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("person", sa.String(length=250), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("details", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_events_call", "review_events", ["call_id"], unique=False)
    op.create_index("ix_review_events_person", "review_events", ["person", "at"], unique=False)
    op.create_index("ix_review_events_subject", "review_events", ["subject"], unique=False)
    op.add_column("audits", sa.Column("considered_at", UtcDateTime, nullable=True))


def downgrade() -> None:
    # In place: other tables refer to it, and SQLite would make it anew.
    op.drop_column("audits", "considered_at")
    for table in reversed(_TABLES):
        op.drop_table(table)
