"""How far second opinions agree with the answers of a run."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, String, cast, select

from include.database.models import AnswerRow, AuditRow, CallRow
from include.delivery.criteria import Scorecards
from include.delivery.outcome import of_current_audits
from include.scorecards.assessment import Opinion

CONTRADICTIONS_SHOWN = 20
_NONE = "[]"
# Call id, path, the answer, and what others said.
_Answer = tuple[str, str, str, list[Opinion]]


@dataclass(frozen=True)
class AskedAgain:
    """Answers to one criterion, or to all, that others were asked about.

    Attributes:
        answers: How many; `agreed` those on which all who answered say the same.
        opinions: That were given; `missing` those that could not be had.
    """

    text: str
    answers: int
    agreed: int
    opinions: int
    missing: int


@dataclass(frozen=True)
class Contradiction:
    """An answer, and what others said instead; `others` as they are named."""

    call_id: str
    path: str
    text: str
    first: str
    others: tuple[Opinion, ...]


@dataclass(frozen=True)
class SecondOpinions:
    """The second opinions of a run; `contradictions` holds the first ones, by path."""

    total: AskedAgain
    criteria: tuple[AskedAgain, ...]
    contradictions: tuple[Contradiction, ...]

    @property
    def asked(self) -> int:
        """Answers that others were asked about."""
        return self.total.answers


def second_opinions_of(connection: Connection, batch_id: str, scorecards: Scorecards) -> SecondOpinions:
    """Counts opinions by criterion, in the order of the scorecards."""
    columns = (CallRow.call_id, CallRow.path, AnswerRow.criterion_id, AnswerRow.answer, AnswerRow.opinions)
    query = of_current_audits(select(*columns), batch_id)
    query = query.join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
    query = query.where(cast(AnswerRow.opinions, String) != _NONE)
    asked: dict[str, list[_Answer]] = defaultdict(list)
    for row in connection.execute(query.order_by(CallRow.path, AnswerRow.criterion_id)):
        opinions = [Opinion.model_validate(one) for one in row.opinions]
        asked[row.criterion_id].append((row.call_id, row.path, row.answer, opinions))
    order = [id_ for _, id_ in scorecards.terms if id_ in asked]
    texts = {id_: scorecards.criterion(id_).text for id_ in asked}
    contradictions = [
        Contradiction(call_id, path, texts[id_], first, tuple(opinions))
        for id_, answers in asked.items()
        for call_id, path, first, opinions in answers
        if not _agree(first, opinions)
    ]
    contradictions.sort(key=lambda one: (one.path, one.text))
    return SecondOpinions(
        total=_counted("all", [one for answers in asked.values() for one in answers]),
        criteria=tuple(_counted(texts[id_], asked[id_]) for id_ in dict.fromkeys([*order, *sorted(asked)])),
        contradictions=tuple(contradictions[:CONTRADICTIONS_SHOWN]),
    )


def _counted(text: str, answers: Sequence[_Answer]) -> AskedAgain:
    opinions = [opinion for *_, all_ in answers for opinion in all_]
    given = sum(opinion.answer is not None for opinion in opinions)
    agreed = sum(_agree(first, all_) for *_, first, all_ in answers)
    return AskedAgain(text, len(answers), agreed, given, len(opinions) - given)


def _agree(first: str, opinions: Sequence[Opinion]) -> bool:
    said = [opinion.answer for opinion in opinions if opinion.answer is not None]
    return bool(said) and all(answer == first for answer in said)
