"""Requests that were answered, so that the same one sent again changes nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base


class AnsweredRequestRow(Base):
    """What a person was answered to a request, by the key that their browser gave it."""

    __tablename__ = "answered_requests"

    person: Mapped[str] = mapped_column(String(250), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    answer: Mapped[dict[str, Any]]
    answered_at: Mapped[datetime]

    __table_args__ = (Index("ix_answered_requests_at", "answered_at"),)
