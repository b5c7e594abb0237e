"""What GPU hosts have learned of prompts and hold music."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from include.database.columns import Base


class LearnedPromptRow(Base):
    """Audio that calls repeat: its fingerprint, and what people say of it. No sound of it is kept.

    `host` learned it first. `call_id`, `channel` and `start_ms` say where it can be listened to, as long as
    that recording is there. `same_as` is the prompt that stands for this one, which is the same audio.
    `decided_by` named or refused it last.
    """

    __tablename__ = "learned_prompts"

    prompt_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    refused: Mapped[bool]
    duration_s: Mapped[float]
    calls: Mapped[int]
    host: Mapped[str] = mapped_column(String(200))
    call_id: Mapped[str] = mapped_column(String(80))
    channel: Mapped[int]
    start_ms: Mapped[int]
    learned_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    same_as: Mapped[str | None] = mapped_column(String(16))
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
