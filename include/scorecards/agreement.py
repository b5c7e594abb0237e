"""How far a scorecard's answers agree with gold labels, and whether that is enough."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from include.errors import InvalidInput
from include.scorecards.answers import CANNOT_DETERMINE
from include.scorecards.certainty import Certainty, Labelled, certainty_of
from include.scorecards.coefficients import cohens_kappa, gwets_ac1
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
        ac1: Gwet's, likewise: it does not fall, as kappa does, where nearly all labels are the same.
        certainty: How far accuracy, kappa and AC1 may be off, or that there are too few labels to tell.
        fails: Labels that earn no point; `fails_found` are those whose answer earns none either.
        false_fails: Answers that earn no point where the label earns some, or is NA or CANNOT_DETERMINE.
        auto_fails: Labels that fail a section or the form; found when the answer is such a one, whether it
            stands or waits for a person.
        false_auto_fails: Answers that fail a section or the form where the label does not.
    """

    labelled: int
    agreed: int
    undetermined: int
    kappa: float | None
    fails: int
    fails_found: int
    false_fails: int
    auto_fails: int
    auto_fails_found: int
    false_auto_fails: int
    ac1: float | None = None
    certainty: Certainty = field(default_factory=Certainty)

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
    """Agreement on each labelled criterion, in the scorecard's order, and on all together.

    Attributes:
        left_out: Labels of criteria that the scorecard does not have, by the criterion.
    """

    calls: int
    by_criterion: Mapping[str, Agreement]
    total: Agreement
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Bar:
    """The agreement that a scorecard must reach, over all labels; shares in 0..1.

    Attributes:
        false_auto_fails: At most so many; None for any number.
    """

    calls: int
    accuracy: float
    kappa: float
    fail_recall: float
    auto_fail_recall: float
    false_auto_fails: int | None = None

    def missed(self, found: Agreements) -> list[str]:
        """The figures that are below the bar, as sentences. A share that is unknown is below it."""
        total, certainty = found.total, found.total.certainty
        reached = {
            "accuracy": (total.accuracy, self.accuracy, certainty.interval_text(certainty.accuracy)),
            "Cohen's kappa": (
                total.kappa,
                self.kappa,
                f"{certainty.interval_text(certainty.kappa)}{_ac1(total)}",
            ),
            "recall on fails": (total.fail_recall, self.fail_recall, ""),
            "recall on auto-fails": (total.auto_fail_recall, self.auto_fail_recall, ""),
        }
        missed = [
            f"{name} is {'unknown' if value is None else f'{value:.3f}'}{off}, asked for: {least:g}"
            for name, (value, least, off) in reached.items()
            if least > 0 and (value is None or value < least)
        ]
        if self.false_auto_fails is not None and total.false_auto_fails > self.false_auto_fails:
            missed.append(f"{total.false_auto_fails} auto-fails are false, allowed: {self.false_auto_fails}")
        if found.calls < self.calls:
            missed.insert(0, f"{found.calls} labelled calls were audited, asked for: {self.calls}")
        return missed


def measure(labels: Labels, answers: Answers, scorecard: Scorecard) -> Agreements:
    """Compares answers with labels.

    Args:
        labels: What people answered. Criteria that the scorecard does not have are left out.
        answers: What the audit answered, by criterion, of each audited call; others are left out.
        scorecard: The one that was answered.

    Raises:
        InvalidInput: As `check_labels`.
    """
    check_labels(labels, scorecard)
    # In one order: draws of the same calls are the same, whatever the order of the file.
    audited = sorted(key for key in labels if key in answers)
    labelled = {}
    for criterion in scorecard.criteria:
        pairs = {
            place: (str(labels[key][criterion.id]), answers[key].get(criterion.id, CANNOT_DETERMINE))
            for place, key in enumerate(audited)
            if criterion.id in labels[key]
        }
        if pairs:
            labelled[criterion.id] = Labelled(tuple(pairs), tuple(pairs.values()))
    sure, sure_of_all = certainty_of(labelled, len(audited))
    by_criterion = {
        name: replace(_agreement(scorecard.criterion(name), one.pairs), certainty=sure[name])
        for name, one in labelled.items()
    }
    total = replace(_together(by_criterion.values()), certainty=sure_of_all)
    known = {criterion.id for criterion in scorecard.criteria}
    left_out = Counter(name for key in audited for name in labels[key] if name not in known)
    return Agreements(len(audited), by_criterion, total, dict(left_out))


def check_labels(labels: Labels, scorecard: Scorecard) -> None:
    """Labels of a scorecard's criteria must be answers that it can give: no others ever agree.

    Raises:
        InvalidInput: Some are not; all of them, a line each, as `file:line: what is wrong`.
    """
    allowed = {criterion.id: criterion.possible_answers for criterion in scorecard.criteria}
    problems = [
        f"{getattr(label, 'place', f'{day} {file}')}: {scorecard.id} {scorecard.version} cannot answer "
        f"{criterion} with '{label}': write one of {', '.join(allowed[criterion])}."
        for (day, file), of_call in labels.items()
        for criterion, label in of_call.items()
        if criterion in allowed and label not in allowed[criterion]
    ]
    if problems:
        raise InvalidInput("\n".join(problems))


def _agreement(criterion: Criterion, pairs: Sequence[tuple[str, str]]) -> Agreement:
    fails = [given for gold, given in pairs if _fails(criterion, gold)]
    auto_fails = [given for gold, given in pairs if _auto_fails(criterion, gold)]
    return Agreement(
        labelled=len(pairs),
        agreed=sum(gold == given for gold, given in pairs),
        undetermined=sum(given == CANNOT_DETERMINE for _, given in pairs),
        kappa=cohens_kappa(pairs),
        ac1=gwets_ac1(pairs),
        fails=len(fails),
        fails_found=sum(_fails(criterion, given) for given in fails),
        false_fails=sum(_fails(criterion, given) and not _fails(criterion, gold) for gold, given in pairs),
        auto_fails=len(auto_fails),
        auto_fails_found=sum(_auto_fails(criterion, given) for given in auto_fails),
        false_auto_fails=sum(
            _auto_fails(criterion, given) and not _auto_fails(criterion, gold) for gold, given in pairs
        ),
    )


def _together(all_: Iterable[Agreement]) -> Agreement:
    counted = list(all_)
    return Agreement(
        labelled=sum(one.labelled for one in counted),
        agreed=sum(one.agreed for one in counted),
        undetermined=sum(one.undetermined for one in counted),
        kappa=_mean(one.kappa for one in counted),
        ac1=_mean(one.ac1 for one in counted),
        fails=sum(one.fails for one in counted),
        fails_found=sum(one.fails_found for one in counted),
        false_fails=sum(one.false_fails for one in counted),
        auto_fails=sum(one.auto_fails for one in counted),
        auto_fails_found=sum(one.auto_fails_found for one in counted),
        false_auto_fails=sum(one.false_auto_fails for one in counted),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean of the known values."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _ac1(total: Agreement) -> str:
    """Beside a kappa that is too low: whether it is so for the labels' sameness alone."""
    known = "unknown" if total.ac1 is None else f"{total.ac1:.3f}"
    return f", Gwet's AC1 {known}{total.certainty.interval_text(total.certainty.ac1)}"


def _fails(criterion: Criterion, answer: str) -> bool:
    option = criterion.option(answer)
    return option is not None and option.score == 0


def _auto_fails(criterion: Criterion, answer: str) -> bool:
    option = criterion.option(answer)
    return option is not None and option.auto_fail is not AutoFail.NONE


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
