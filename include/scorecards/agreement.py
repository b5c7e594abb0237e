"""How far a scorecard's answers agree with gold labels, and whether that is enough."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from include.scorecards.answers import CANNOT_DETERMINE
from include.scorecards.gold import CallKey, Labels
from include.scorecards.schema import AutoFail, Criterion, Scorecard

Answers = Mapping[CallKey, Mapping[str, str]]


@dataclass(frozen=True)
class Agreement:
    """Answers beside gold labels: of one criterion, or of all.

    Attributes:
        labelled: Labels of calls that were audited.
        undetermined: Missing, or `CANNOT_DETERMINE`; they do not agree.
        kappa: Cohen's; over all criteria the mean of theirs. None where it is not defined.
        fails: Labels that earn no point; `fails_found` are those whose answer earns none either.
        auto_fails: Labels that fail a section or the form; found when the answer is such a one, whether it
            stands or waits for a person.
    """

    labelled: int
    agreed: int
    undetermined: int
    kappa: float | None
    fails: int
    fails_found: int
    auto_fails: int
    auto_fails_found: int

    @property
    def accuracy(self) -> float | None:
        """Answers that agree, of all labels; 0..1."""
        return _share(self.agreed, self.labelled)

    @property
    def fail_recall(self) -> float | None:
        """Fails that were found, 0..1."""
        return _share(self.fails_found, self.fails)

    @property
    def auto_fail_recall(self) -> float | None:
        """Auto-fails that were found, 0..1."""
        return _share(self.auto_fails_found, self.auto_fails)


@dataclass(frozen=True)
class Agreements:
    """Agreement on each labelled criterion, in the scorecard's order, and on all together."""

    calls: int
    by_criterion: Mapping[str, Agreement]
    total: Agreement


@dataclass(frozen=True)
class Bar:
    """What must be reached, over all labels; shares in 0..1."""

    calls: int
    accuracy: float
    kappa: float
    fail_recall: float
    auto_fail_recall: float

    def missed(self, found: Agreements) -> list[str]:
        """What is not reached. A share that nothing is known about is not reached."""
        total = found.total
        reached = {
            "accuracy": (total.accuracy, self.accuracy),
            "Cohen's kappa": (total.kappa, self.kappa),
            "recall on fails": (total.fail_recall, self.fail_recall),
            "recall on auto-fails": (total.auto_fail_recall, self.auto_fail_recall),
        }
        missed = [
            f"{name} is {'unknown' if value is None else f'{value:.3f}'}, asked for: {least:g}"
            for name, (value, least) in reached.items()
            if least > 0 and (value is None or value < least)
        ]
        if found.calls < self.calls:
            missed.insert(0, f"{found.calls} labelled calls were audited, asked for: {self.calls}")
        return missed


def measure(labels: Labels, answers: Answers, scorecard: Scorecard) -> Agreements:
    """Compares answers with labels.

    Args:
        labels: What people answered. Criteria that the scorecard does not have are left out.
        answers: What the audit answered, by criterion, of each audited call; others are left out.
        scorecard: The one that was answered.
    """
    audited = [key for key in labels if key in answers]
    by_criterion = {}
    for criterion in scorecard.criteria:
        pairs = [
            (labels[key][criterion.id], answers[key].get(criterion.id, CANNOT_DETERMINE))
            for key in audited
            if criterion.id in labels[key]
        ]
        if pairs:
            by_criterion[criterion.id] = _agreement(criterion, pairs)
    return Agreements(len(audited), by_criterion, _together(by_criterion.values()))


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement beyond chance; None when chance alone would agree always.

    Source: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960): κ = (p_o - p_e) / (1 - p_e), p_e = Σ over answers of the product of their shares.

    Args:
        pairs: The two answers to each question; at least one pair.
    """
    observed = sum(one == other for one, other in pairs) / len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(ones[answer] * others[answer] for answer in ones) / len(pairs) ** 2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _agreement(criterion: Criterion, pairs: Sequence[tuple[str, str]]) -> Agreement:
    fails = [given for gold, given in pairs if _fails(criterion, gold)]
    auto_fails = [given for gold, given in pairs if _auto_fails(criterion, gold)]
    return Agreement(
        labelled=len(pairs),
        agreed=sum(gold == given for gold, given in pairs),
        undetermined=sum(given == CANNOT_DETERMINE for _, given in pairs),
        kappa=cohens_kappa(pairs),
        fails=len(fails),
        fails_found=sum(_fails(criterion, given) for given in fails),
        auto_fails=len(auto_fails),
        auto_fails_found=sum(_auto_fails(criterion, given) for given in auto_fails),
    )


def _together(all_: Iterable[Agreement]) -> Agreement:
    counted = list(all_)
    kappas = [one.kappa for one in counted if one.kappa is not None]
    return Agreement(
        labelled=sum(one.labelled for one in counted),
        agreed=sum(one.agreed for one in counted),
        undetermined=sum(one.undetermined for one in counted),
        kappa=fmean(kappas) if kappas else None,
        fails=sum(one.fails for one in counted),
        fails_found=sum(one.fails_found for one in counted),
        auto_fails=sum(one.auto_fails for one in counted),
        auto_fails_found=sum(one.auto_fails_found for one in counted),
    )


def _fails(criterion: Criterion, answer: str) -> bool:
    option = criterion.option(answer)
    return option is not None and option.score == 0


def _auto_fails(criterion: Criterion, answer: str) -> bool:
    option = criterion.option(answer)
    return option is not None and option.auto_fail is not AutoFail.NONE


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
