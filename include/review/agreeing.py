"""How far people agree with each other, and with an expert, in a calibration session that is closed."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from sqlalchemy import Connection, select

from include.database.models import CalibrationAnswerRow
from include.errors import NotForYou
from include.review.sessions import session_of
from include.scorecards.coefficients import cohens_kappa, gwets_ac1

# Below so many answers that both gave, kappa and AC1 say more of chance than of people.
FEWEST_ANSWERS = 10

# Answer by (call, criterion) of one person.
Answers = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Agreed:
    """Two people, or all pairs of them: the answers that both gave.

    Attributes:
        agreed: Those that are the same.
        kappa: Cohen's; of all pairs the mean of theirs. None where chance alone would agree always.
        ac1: Gwet's, likewise; None where only one answer occurs.
    """

    answers: int
    agreed: int
    kappa: float | None
    ac1: float | None

    @property
    def enough(self) -> bool:
        """Whether there are answers enough for a coefficient: one of three that differs makes AC1 leap."""
        return self.answers >= FEWEST_ANSWERS

    @property
    def share(self) -> float | None:
        """Same answers of all, 0..1."""
        return self.agreed / self.answers if self.answers else None


@dataclass(frozen=True)
class SessionAgreement:
    """A session that is closed.

    Attributes:
        among: All pairs of people, the expert left out.
        pairs: Each pair of people, by their names in order.
        with_expert: Each person with the expert; empty without one.
        criteria: All pairs, by criterion, the least agreed first: where the wording wants work.
        criteria_with_expert: Each person with the expert, all of them together, by criterion; empty without.
        answers: By call and criterion, what each person answered.
        comments: Likewise, what those wrote who wrote something.
    """

    among: Agreed
    pairs: Mapping[tuple[str, str], Agreed]
    with_expert: Mapping[str, Agreed]
    criteria: Mapping[str, Agreed]
    criteria_with_expert: Mapping[str, Agreed]
    answers: Mapping[tuple[str, str], Mapping[str, str]]
    comments: Mapping[tuple[str, str], Mapping[str, str]]

    @property
    def disagreements(self) -> list[tuple[str, str]]:
        """Calls and criteria to which not all gave the same answer, by the criteria's order above."""
        places = [place for place, said in self.answers.items() if len(set(said.values())) > 1]
        order = list(self.criteria)
        return sorted(places, key=lambda place: (order.index(place[1]), place[0]))

    def without(self, call_ids: Collection[str]) -> "SessionAgreement":
        """The same, without what was answered to some calls."""
        answers = {place: said for place, said in self.answers.items() if place[0] not in call_ids}
        comments = {place: said for place, said in self.comments.items() if place in answers}
        return replace(self, answers=answers, comments=comments)


def agreement_of(connection: Connection, session_id: str) -> SessionAgreement:
    """Compares the answers of those who submitted.

    Raises:
        NotForYou: The session is open: nobody sees anybody's answers before all have submitted.
    """
    session = session_of(connection, session_id)
    if not session.revealed:
        waiting = ", ".join(one for one in session.people if one not in session.submitted)
        raise NotForYou(f"Answers are shown when all have submitted; missing: {waiting}.")
    by_person: dict[str, dict[tuple[str, str], str]] = {one: {} for one in session.submitted}
    query = select(CalibrationAnswerRow.__table__).filter_by(session_id=session_id)
    together: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    comments: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in connection.execute(query.order_by(CalibrationAnswerRow.person)):
        if row.person in by_person:
            by_person[row.person][row.call_id, row.criterion_id] = row.answer
            together[row.call_id, row.criterion_id][row.person] = row.answer
            if row.comment:
                comments[row.call_id, row.criterion_id][row.person] = row.comment
    people = [one for one in session.submitted if one != session.expert]
    pairs = {(a, b): _of([(by_person[a], by_person[b])]) for a, b in combinations(people, 2)}
    expert = by_person.get(session.expert or "", {})
    criteria = {name: _of(_pairs(by_person, people, name)) for name in session.questions}
    with_expert = {
        name: _of([(_own(by_person[one], name), expert) for one in people]) for name in session.questions
    }
    return SessionAgreement(
        among=_of(_pairs(by_person, people)),
        pairs=pairs,
        with_expert={one: _of([(by_person[one], expert)]) for one in people} if expert else {},
        criteria=dict(sorted(criteria.items(), key=lambda pair: _least_first(pair[1]))),
        criteria_with_expert=with_expert if expert else {},
        answers=dict(together),
        comments=dict(comments),
    )


def _pairs(
    by_person: Mapping[str, Answers], people: Sequence[str], criterion: str | None = None
) -> list[tuple[Answers, Answers]]:
    return [
        (_own(by_person[a], criterion), _own(by_person[b], criterion)) for a, b in combinations(people, 2)
    ]


def _own(answers: Answers, criterion: str | None) -> Answers:
    return {key: said for key, said in answers.items() if criterion in (None, key[1])}


def _of(pairs: Sequence[tuple[Answers, Answers]]) -> Agreed:
    """All pairs: kappa and AC1 are the means of theirs, as the people of a pair have their own habits."""
    each = [[(one[key], other[key]) for key in sorted(one.keys() & other.keys())] for one, other in pairs]
    each = [said for said in each if said]
    kappas = [value for value in map(cohens_kappa, each) if value is not None]
    ac1s = [value for value in map(gwets_ac1, each) if value is not None]
    return Agreed(
        answers=sum(map(len, each)),
        agreed=sum(one == other for said in each for one, other in said),
        kappa=sum(kappas) / len(kappas) if kappas else None,
        ac1=sum(ac1s) / len(ac1s) if ac1s else None,
    )


def _least_first(one: Agreed) -> float:
    return 2.0 if one.share is None else one.share
