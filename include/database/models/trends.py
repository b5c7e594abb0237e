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

    __table_args__ = (
        Index("ix_trend_answers_name", "dimension", "name", "day"),
        # The page of a criterion reads it of all groups, of nothing but this.
        Index(
            "ix_trend_answers_criterion",
            *("dimension", "criterion_id", "day", "scorecard_id", "name", "counted", "met", "unknown"),
        ),
    )


class MachineDayRow(Base):
    """What the machine said of a day, counted at the end of its runs: the frame of the certified rates.

    `audits`: current ones of the day under one scorecard; `calls` of them could be drawn by chance.
    """

    __tablename__ = "machine_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    scorecard_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    audits: Mapped[int]
    calls: Mapped[int]
    counted_at: Mapped[datetime]


class MachineAnswerRow(Base):
    """How many of those calls the machine gave one answer to a criterion of, by whether it counts."""

    __tablename__ = "machine_answers"

    day: Mapped[date] = mapped_column(primary_key=True)
    scorecard_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    criterion_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    answer: Mapped[str] = mapped_column(String(100), primary_key=True)
    standing: Mapped[str] = mapped_column(String(20), primary_key=True)
    calls: Mapped[int]
