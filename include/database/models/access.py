"""Who saw and heard what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base


class CallAccessRow(Base):
    """Somebody read a call's text, saw what the LLM was shown of it, or heard a part of it.

    `what`: see `include.access.record.Access`. `from_ms` and `seconds` are of what was heard.
    """

    __tablename__ = "call_accesses"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    person: Mapped[str] = mapped_column(String(250))
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id"))
    what: Mapped[str] = mapped_column(String(16))
    from_ms: Mapped[int | None]
    seconds: Mapped[float | None]

    __table_args__ = (
        Index("ix_call_accesses_call", "call_id", "at"),
        Index("ix_call_accesses_person", "person", "at"),
    )
