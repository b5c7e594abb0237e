"""Canaries in the database: what they answered in each night, and what tonight's answers come to."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from include.database.engine import upsert
from include.database.models import CanaryRow, LlmSpendingRow
from include.judge.canaries import CANARY_STAGES
from include.judge.drift import ALL, ENOUGH_CALLS, ENOUGH_NIGHTS, Answers, Compared, compare_nights
from include.scorecards.gold import CallKey, Labels

# What tonight is compared with.
NIGHTS_BEFORE = 7
CHANGES_SHOWN = 20


@dataclass(frozen=True)
class Night:
    """How far a night's answers agreed with the labels; `models` as the API named them."""

    night: date
    calls: int
    labels: int
    agreed: int
    models: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Answers that agree, 0..1."""
        return self.agreed / self.labels if self.labels else None


@dataclass(frozen=True)
class Change:
    """An answer that differs from the usual one of the nights before; `label` is None without one."""

    call: str
    criterion: str
    usual: str
    tonight: str
    label: str | None


@dataclass(frozen=True)
class CanaryNight:
    """The result of a run's canaries, compared with the nights before.

    Attributes:
        asked: Canaries that were answered; `failed` the others, by `day/path`, with the reason.
        cost_usd: What they cost this run, as far as prices are known; None when none is.
        nights: Tonight last, those before it with the same scorecard first.
        compared: Over all criteria, then each; empty without labels or earlier nights.
        changed: All answers that differ from the usual ones; `changes` are the first.
    """

    night: date
    asked: int
    failed: dict[str, str]
    cost_usd: float | None
    nights: tuple[Night, ...]
    compared: tuple[Compared, ...]
    changed: int
    answers: int
    changes: tuple[Change, ...] = field(default=())

    @property
    def tonight(self) -> Night:
        """The night of the run."""
        return self.nights[-1]

    @property
    def drifts(self) -> list[Compared]:
        """What has changed beyond chance."""
        return [one for one in self.compared if one.drifts]

    @property
    def too_few(self) -> str:
        """Why it is unknown whether there is drift; "" when it is known."""
        nights = len(self.nights) - 1
        if nights < ENOUGH_NIGHTS:
            return f"too few nights before with this scorecard: {nights} of {ENOUGH_NIGHTS}"
        if not self.compared or self.compared[0].interval is None:
            return f"too few canaries with labels, tonight and before: {ENOUGH_CALLS} are needed"
        return ""

    def event_values(self) -> dict[str, Any]:
        """The figures for the run's webhook event. `drift` is null when it is unknown."""
        drift = [
            {
                "criterion": None if one.criterion == ALL else one.criterion,
                "agreement": round(one.share, 4),
                "agreement_before": round(one.before, 4),
                "low": round(one.interval.low, 4),
                "high": round(one.interval.high, 4),
            }
            for one in self.drifts
            if one.interval
        ]
        return {
            "night": self.night.isoformat(),
            "calls": self.asked,
            "failed": len(self.failed),
            "labels": self.tonight.labels,
            "agreement": _rounded(self.tonight.share),
            "agreement_before": _rounded(self.compared[0].before if self.compared else None),
            "nights_before": len(self.nights) - 1,
            "changed_answers": self.changed,
            "drift": None if self.too_few else drift,
        }


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Writes what came of canaries in a run, in place of what an earlier try of it wrote."""
    upsert(connection, CanaryRow, rows, ["batch_id", "call_id"])


def night_of_run(connection: Connection, batch_id: str, labels: Labels) -> CanaryNight | None:
    """Compares a run's canaries with the labels and with the last nights; None when it asked none.

    Args:
        connection: For reading.
        batch_id: Of the run.
        labels: What people answered.
    """
    own = _rows(connection, CanaryRow.batch_id == batch_id)
    if not own:
        return None
    night, scorecard = own[0].night, own[0].scorecard_sha256
    earlier: dict[date, list[Any]] = defaultdict(list)
    for row in _rows(connection, CanaryRow.night < night, CanaryRow.scorecard_sha256 == scorecard):
        earlier[row.night].append(row)
    last = sorted(day for day, rows in earlier.items() if _answers(rows))[-NIGHTS_BEFORE:]
    tonight, before = _answers(own), [_answers(earlier[day]) for day in last]
    changes = _changes(labels, tonight, before)
    return CanaryNight(
        night=night,
        asked=len(tonight),
        failed={f"{row.day}/{row.path}": row.failure for row in own if row.failure},
        cost_usd=_cost_usd(connection, batch_id),
        nights=tuple(
            _night(day, rows, labels) for day, rows in [*((d, earlier[d]) for d in last), (night, own)]
        ),
        compared=tuple(compare_nights(labels, tonight, before)) if before else (),
        changed=len(changes),
        answers=sum(len(of_call) for of_call in tonight.values()),
        changes=tuple(changes[:CHANGES_SHOWN]),
    )


def _rows(connection: Connection, *where: Any) -> list[Any]:
    query = select(CanaryRow.__table__).where(*where)
    return list(connection.execute(query.order_by(CanaryRow.asked_at, CanaryRow.day, CanaryRow.path)))


def _answers(rows: Sequence[Any]) -> dict[CallKey, dict[str, str]]:
    """The answers by call; of several runs in one night those of the last."""
    return {(row.day, row.path): row.answers for row in rows if row.answers}


def _night(night: date, rows: Sequence[Any], labels: Labels) -> Night:
    answers = _answers(rows)
    pairs = [
        (label, answers[key][name])
        for key, of_call in labels.items()
        if key in answers
        for name, label in of_call.items()
        if name in answers[key]
    ]
    models = tuple(sorted({row.model for row in rows if row.model}))
    return Night(night, len(answers), len(pairs), sum(label == given for label, given in pairs), models)


def _changes(labels: Labels, tonight: Answers, before: Sequence[Answers]) -> list[Change]:
    changes = []
    for key, of_call in sorted(tonight.items()):
        for name, answer in of_call.items():
            earlier = Counter(night[key][name] for night in before if name in night.get(key, {}))
            if earlier and (usual := earlier.most_common(1)[0][0]) != answer:
                label = labels.get(key, {}).get(name)
                changes.append(Change(f"{key[0]}/{key[1]}", name, usual, answer, label and str(label)))
    return changes


def _cost_usd(connection: Connection, batch_id: str) -> float | None:
    query = select(func.sum(LlmSpendingRow.cost_usd)).where(
        LlmSpendingRow.batch_id == batch_id, LlmSpendingRow.stage.in_(CANARY_STAGES)
    )
    found: float | None = connection.execute(query).scalar_one()
    return found


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
