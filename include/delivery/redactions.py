"""What was replaced in transcripts before they left for the LLM, summed up over a run."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, select

from include.database.models import LlmResultRow
from include.judge.canaries import CANARY_STAGES

# In the words of a report; a type that is missing here is shown as it is.
_TITLES = {
    "NAME": "names of people",
    "ADDRESS": "street addresses",
    "PLACE": "places where somebody lives",
    "PHONE": "phone numbers",
    "EMAIL": "e-mail addresses",
    "DOB": "dates of birth",
    "PIN": "PINs and passcodes",
    "SECRET": "security words",
    "ACCOUNT": "other long numbers",
    "CARD": "card numbers",
    "CVV": "security codes of cards",
    "IBAN": "bank accounts (IBAN)",
    "ID": "national ids",
    "IP": "IP addresses",
    "TEXT": "what looked like a token",
}


@dataclass(frozen=True)
class RedactedType:
    """Everything of one type: how often it was replaced, and in how many calls."""

    type: str
    times: int
    calls: int

    @property
    def title(self) -> str:
        """The type in words."""
        return _TITLES.get(self.type, self.type)


@dataclass(frozen=True)
class Redactions:
    """The redactions of a run: what was replaced in transcripts.

    Attributes:
        calls: Those that the LLM was asked about in this run, and whose answer is stored.
        redacted: Those of them in which something was replaced.
        types: The most frequent first.
    """

    calls: int
    redacted: int
    types: tuple[RedactedType, ...]


def count_redactions(connection: Connection, batch_id: str) -> Redactions:
    """Counts what was replaced in each call once: both LLM stages send the same transcript."""
    row = LlmResultRow
    own = (row.batch_id == batch_id, row.attempts > 0, row.stage.not_in(CANARY_STAGES))
    asked = select(row.call_id, row.redactions).where(*own)
    by_call: dict[str, Counter[str]] = defaultdict(Counter)
    for call_id, counts in connection.execute(asked):
        by_call[call_id] |= Counter(counts)
    times = sum(by_call.values(), Counter[str]())
    calls = Counter(kind for counts in by_call.values() for kind in counts)
    types = [RedactedType(kind, number, calls[kind]) for kind, number in times.items()]
    return Redactions(
        calls=len(by_call),
        redacted=sum(bool(counts) for counts in by_call.values()),
        types=tuple(sorted(types, key=lambda one: (-one.times, one.type))),
    )
