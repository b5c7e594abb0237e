"""What the LLM was shown of a call: its transcript as it left, made again by the same rules."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from include.call_pages.call import CallHead, ivr_of, transcript_of
from include.calls.call import CallMetadata
from include.database.models import LlmResultRow
from include.llm.circumstances import circumstances_of
from include.llm.prompting import transcript_text
from include.redaction.known import Known
from include.redaction.known_numbers import numbers_in_metadata
from include.redaction.names import names_in_metadata
from include.redaction.redacting import prepared

if TYPE_CHECKING:
    from include.redaction.recognition import NameRecogniser


@dataclass(frozen=True)
class Redacting:
    """How a deployment replaces private data; see `include.llm.stages.LlmWork`."""

    redact: bool
    recogniser: "NameRecogniser | None" = None
    names_kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A call's text as the model was shown it.

    Attributes:
        text: The transcript with tokens instead of what was replaced, and what was told around it.
        as_sent: Whether as much was replaced as is noted of the answer that counts: rules, models or settings
            may have changed since.
    """

    text: str
    as_sent: bool


def shown_of(connection: Connection, head: CallHead, how: Redacting) -> Shown | None:
    """Makes the text again; None when there is no transcript."""
    transcript, ivr = transcript_of(connection, head.call_id), ivr_of(connection, head.call_id)
    if transcript is None:
        return None
    known = _known(head, how)
    if how.redact and how.recogniser is not None:
        known = how.recogniser.recognise(transcript, known)
    leaving = prepared(transcript, known, redacted=how.redact)
    query = select(LlmResultRow.redactions).where(
        LlmResultRow.call_id == head.call_id, LlmResultRow.stage == "llm1"
    )
    noted = connection.scalars(query.order_by(LlmResultRow.created_at.desc()).limit(1)).first()
    text = transcript_text(leaving.transcript, circumstances_of(transcript, ivr))
    return Shown(text, noted == leaving.redaction.counts)


def _known(head: CallHead, how: Redacting) -> Known:
    details = head.details
    metadata = CallMetadata(
        agent=head.agent,
        customer_ref=head.customer_ref,
        caller=details.get("caller"),
        called=details.get("called"),
        caller_name=details.get("caller_name"),
        called_name=details.get("called_name"),
    )
    numbers = numbers_in_metadata(metadata)
    return Known(names_in_metadata(metadata), kept=how.names_kept, numbers=numbers)
