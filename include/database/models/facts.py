"""What LLM1 found out about calls: one row of facts per call and run, and what they consist of."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import CURRENT, Base


class CallFactsRow(Base):
    """The facts of a call by one answer of LLM1. At most one per call is not superseded: what is known of it.

    A shadow run's are superseded from the beginning. How an agent felt is in no column.

    `sentiment_…`: the customer's, -5..5. `dropped`: turns and reasons that the model named and that the call
    or the taxonomy has not.
    """

    __tablename__ = "call_facts"

    facts_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.batch_id"))
    llm_identity: Mapped[str] = mapped_column(String(64))
    call_type: Mapped[str] = mapped_column(String(20))
    analysable: Mapped[bool]
    resolution: Mapped[str] = mapped_column(String(16))
    sentiment_start: Mapped[int | None]
    sentiment_end: Mapped[int | None]
    summary: Mapped[str] = mapped_column(Text)
    issue: Mapped[str] = mapped_column(Text)
    actions_taken: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    next_steps: Mapped[str] = mapped_column(Text)
    participants: Mapped[list[Any]]
    quality_issues: Mapped[list[Any]]
    dropped: Mapped[int]
    created_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_call_facts_call", "call_id"),
        Index("ix_call_facts_batch", "batch_id"),
        Index(
            "uq_call_facts_current",
            "call_id",
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
    )


class CallReasonRow(Base):
    """A reason why the customer called, by its code in the taxonomy; exactly one of a call's is primary."""

    __tablename__ = "call_reasons"

    facts_id: Mapped[str] = mapped_column(ForeignKey("call_facts.facts_id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(200), primary_key=True)
    is_primary: Mapped[bool]
    turn_ids: Mapped[list[Any]]

    __table_args__ = (Index("ix_call_reasons_code", "code"),)


class CallSignalRow(Base):
    """A signal (`include.calls.vocabulary.SignalKind`) and the turns that show it."""

    __tablename__ = "call_signals"

    facts_id: Mapped[str] = mapped_column(ForeignKey("call_facts.facts_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    turn_ids: Mapped[list[Any]]

    __table_args__ = (Index("ix_call_signals_kind", "kind"),)


class CallCommitmentRow(Base):
    """What somebody promised; `due` as it was said. `turn_id` is None when none of the call was named."""

    __tablename__ = "call_commitments"

    facts_id: Mapped[str] = mapped_column(ForeignKey("call_facts.facts_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    promised_by: Mapped[str] = mapped_column(String(16))
    promise: Mapped[str] = mapped_column(Text)
    due: Mapped[str | None] = mapped_column(Text)
    turn_id: Mapped[str | None] = mapped_column(String(64))


class CallEntityRow(Base):
    """Something that is named in a call. `pii`: it identifies a person, and is kept as the transcript is."""

    __tablename__ = "call_entities"

    facts_id: Mapped[str] = mapped_column(ForeignKey("call_facts.facts_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    pii: Mapped[bool]
    turn_id: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index("ix_call_entities_type", "type"),)
