"""The words for what is found out about a call: LLM1 answers in them, scorecards' conditions ask for them."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from include.plain_yaml import read_yaml
from include.spoken.folding import plain

_CONTACT_REASONS = Path(__file__).parent / "contact_reasons.yaml"


class CallType(StrEnum):
    """What kind of call it is."""

    CONVERSATION = "conversation"
    VOICEMAIL = "voicemail"
    IVR_ONLY = "ivr_only"
    SILENT = "silent"
    WRONG_NUMBER = "wrong_number"
    TRANSFER_ONLY = "transfer_only"
    TEST = "test"


class Resolution(StrEnum):
    """How far the customer's matter is settled at the end."""

    RESOLVED = "resolved"
    PARTIAL = "partial"
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


class SignalKind(StrEnum):
    """Something in a call that somebody should know of."""

    COMPLAINT = "complaint"
    ESCALATION_REQUEST = "escalation_request"
    CANCEL_INTENT = "cancel_intent"
    VULNERABILITY = "vulnerability"
    LEGAL_THREAT = "legal_threat"
    FRAUD_SUSPICION = "fraud_suspicion"
    PROFANITY = "profanity"
    REPEAT_CONTACT = "repeat_contact"
    PRAISE = "praise"


@cache
def contact_reasons() -> Mapping[str, str]:
    """The taxonomy of why customers call: code to title."""
    reasons: Mapping[str, str] = read_yaml(_CONTACT_REASONS.read_text("utf-8"))
    return reasons


def reason_code(said: str) -> str | None:
    """The code that a title of the taxonomy stands for; a code stands for itself. None for anything else.

    Args:
        said: As a model wrote it: case, accents and punctuation do not matter.
    """
    return _codes().get(_bare(said))


@cache
def _codes() -> Mapping[str, str]:
    reasons = contact_reasons()
    return {_bare(written): code for code, title in reasons.items() for written in (title, code)}


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, plain(text)))
