"""What searches look at, and searches that people keep."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base


class IndexedCallRow(Base):
    """A call whose transcript the index holds; with the transcript, what is indexed of it goes too."""

    __tablename__ = "indexed_calls"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("transcripts.call_id", ondelete="CASCADE"), primary_key=True
    )
    transcript_sha256: Mapped[str] = mapped_column(String(64))
    indexed_at: Mapped[datetime]


class SpokenRow(Base):
    """Words of one speaker of a call (`include.search.pieces.Piece`).

    Beside it stands what is no column of a model: on SQLite the FTS5 table `spoken_words`, kept by triggers;
    on PostgreSQL a generated tsvector, `vector`, with its index.
    """

    __tablename__ = "spoken"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("indexed_calls.call_id", ondelete="CASCADE"))
    speaker: Mapped[str] = mapped_column(String(40))
    words: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_spoken_call", "call_id"),)


class SavedSearchRow(Base):
    """A search that somebody keeps under a name, for themselves or, `shared`, for all who may search."""

    __tablename__ = "saved_searches"

    search_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner: Mapped[str] = mapped_column(String(250))
    name: Mapped[str] = mapped_column(String(200))
    shared: Mapped[bool]
    search: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (Index("uq_saved_searches_name", "owner", "name", unique=True),)
