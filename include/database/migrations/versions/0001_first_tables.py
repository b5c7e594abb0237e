"""First tables"""

import sqlalchemy as sa
from alembic import op

from include.database.columns import Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.Column("ledger", Json, nullable=True),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", UtcDateTime, nullable=True),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("duplicate_of", sa.String(length=80), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("customer_ref", sa.Text(), nullable=True),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("channel_roles", Json, nullable=False),
        sa.Column("extra", Json, nullable=False),
        sa.Column("discovered_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index("ix_calls_day_state", ["day", "state"], unique=False)
        batch_op.create_index("ix_calls_size", ["size_bytes"], unique=False)

    op.create_table(
        "scorecards",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scorecard_id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("scorecard", Json, nullable=False),
        sa.Column("first_used_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "audits",
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("scorecard_sha256", sa.String(length=64), nullable=False),
        sa.Column("transcript_sha256", sa.String(length=64), nullable=False),
        sa.Column("llm_identity", sa.String(length=64), nullable=False),
        sa.Column("pct", sa.Double(), nullable=True),
        sa.Column("band", sa.String(length=40), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("auto_failed", sa.Boolean(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("review_reasons", Json, nullable=False),
        sa.Column("sections", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("superseded_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.ForeignKeyConstraint(
            ["scorecard_sha256"],
            ["scorecards.sha256"],
        ),
        sa.PrimaryKeyConstraint("audit_id"),
    )
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.create_index(
            "uq_audits_current",
            ["call_id"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "batch_calls",
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=True),
        sa.Column("host", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("batch_id", "call_id"),
    )
    with op.batch_alter_table("batch_calls", schema=None) as batch_op:
        batch_op.create_index("ix_batch_calls_call", ["call_id"], unique=False)
        batch_op.create_index("ix_batch_calls_shard", ["batch_id", "shard"], unique=False)

    op.create_table(
        "failures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raw_answer", sa.Text(), nullable=True),
        sa.Column("failed_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.create_index("ix_failures_batch", ["batch_id", "stage"], unique=False)
        batch_op.create_index("ix_failures_call", ["call_id"], unique=False)

    op.create_table(
        "llm_results",
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_sha256", sa.String(length=64), nullable=False),
        sa.Column("transcript_sha256", sa.String(length=64), nullable=False),
        sa.Column("scorecard_sha256", sa.String(length=64), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=True),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repaired", sa.Boolean(), nullable=False),
        sa.Column("redactions", Json, nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("identity"),
    )
    with op.batch_alter_table("llm_results", schema=None) as batch_op:
        batch_op.create_index("ix_llm_results_batch", ["batch_id"], unique=False)
        batch_op.create_index("ix_llm_results_call", ["call_id", "stage"], unique=False)

    op.create_table(
        "stage_results",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("batch_id", sa.String(length=250), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("result", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("superseded_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.batch_id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("stage_results", schema=None) as batch_op:
        batch_op.create_index("ix_stage_results_batch", ["batch_id", "stage"], unique=False)
        batch_op.create_index(
            "uq_stage_results_current",
            ["call_id", "stage"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "transcripts",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("transcript", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "webhook_outbox",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("event_type", sa.String(length=60), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("delivered_at", UtcDateTime, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("event_id"),
    )
    with op.batch_alter_table("webhook_outbox", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_outbox_waiting", ["delivered_at", "created_at"], unique=False)

    op.create_table(
        "answers",
        sa.Column("audit_id", sa.String(length=36), nullable=False),
        sa.Column("criterion_id", sa.String(length=100), nullable=False),
        sa.Column("answer", sa.String(length=100), nullable=False),
        sa.Column("answered_by", sa.String(length=16), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("earned", sa.Double(), nullable=True),
        sa.Column("potential", sa.Double(), nullable=True),
        sa.Column("auto_fail", sa.String(length=16), nullable=False),
        sa.Column("review_reasons", Json, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["audits.audit_id"],
        ),
        sa.PrimaryKeyConstraint("audit_id", "criterion_id"),
    )


def downgrade() -> None:
    op.drop_table("answers")
    with op.batch_alter_table("webhook_outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_webhook_outbox_waiting")

    op.drop_table("webhook_outbox")
    op.drop_table("transcripts")
    with op.batch_alter_table("stage_results", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_stage_results_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index("ix_stage_results_batch")

    op.drop_table("stage_results")
    with op.batch_alter_table("llm_results", schema=None) as batch_op:
        batch_op.drop_index("ix_llm_results_call")
        batch_op.drop_index("ix_llm_results_batch")

    op.drop_table("llm_results")
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.drop_index("ix_failures_call")
        batch_op.drop_index("ix_failures_batch")

    op.drop_table("failures")
    with op.batch_alter_table("batch_calls", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_calls_shard")
        batch_op.drop_index("ix_batch_calls_call")

    op.drop_table("batch_calls")
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_audits_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.drop_table("audits")
    op.drop_table("scorecards")
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("ix_calls_size")
        batch_op.drop_index("ix_calls_day_state")

    op.drop_table("calls")
    op.drop_table("batches")
