"""Scores and answers counted by day, so that weeks of a long history are read at once."""

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base


class TrendScoreRow(Base):
    """Official scores of a day under one scorecard, of all calls or of one agent, team, queue or language.

    `dimension`: `include.trends.dimensions.Dimension`. `name` is what calls are grouped by (an agent's id),
    `label` what people call it. `sum_pct` and `sum_squares` are over `scored` calls; `passed` is of `judged`.
    """

    __tablename__ = "trend_scores"

    day: Mapped[date] = mapped_column(primary_key=True)
    scorecard_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    calls: Mapped[int]
    scored: Mapped[int]
    sum_pct: Mapped[float]
    sum_squares: Mapped[float]
    judged: Mapped[int]
    passed: Mapped[int]
    auto_failed: Mapped[int]
    needs_review: Mapped[int]
    reviewed: Mapped[int]
    counted_at: Mapped[datetime]

    __table_args__ = (Index("ix_trend_scores_name", "dimension", "name", "day"),)


class TrendAnswerRow(Base):
    """Official answers of a day to one criterion, grouped likewise.

    `met` of the `counted` ones earned all that there was to earn and failed nothing; `unknown` could not be
    told or have no sound evidence. Those that do not apply are neither.
    """

    __tablename__ = "trend_answers"

    day: Mapped[date] = mapped_column(primary_key=True)
    scorecard_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    criterion_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    counted: Mapped[int]
    met: Mapped[int]
    unknown: Mapped[int]

    __table_args__ = (Index("ix_trend_answers_name", "dimension", "name", "day"),)
