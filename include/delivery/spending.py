"""What a run asked of the LLM, and what it paid for it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from include.database.models import LlmResultRow, LlmSpendingRow
from include.database.spending import count_stopped
from include.judge.canaries import CANARY_STAGES

# The demo's endpoint answers by rules; whoever reads its scores must know that no language model gave them.
RULE_BASED_PREFIX = "cofi-rules"

_Key = tuple[str, str]


@dataclass(frozen=True)
class LlmUsage:
    """What one LLM stage asked of one model in this run; answers that were stored before cost nothing.

    Attributes:
        answers: Those that were of use, and are stored.
        requests: Attempts behind them.
        paid: All that the API gave, also those that had to be repaired or never fitted. Tokens and costs are
            theirs.
        cost_usd: Of those whose price is known; None when none is.
        unpriced: Those without a known price.
        repaired: Answers that fitted their schema only after a repair.
    """

    stage: str
    model: str
    answers: int = 0
    requests: int = 0
    paid: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    unpriced: int = 0
    mean_latency_s: float | None = None
    repaired: int = 0

    @property
    def rule_based(self) -> bool:
        """Answered by the demo's rules."""
        return self.model.startswith(RULE_BASED_PREFIX)


@dataclass(frozen=True)
class Spending:
    """What a run spent on the LLM.

    Attributes:
        calls: Calls that something was paid for, without canaries.
        cost_usd: All that was paid, canaries included, as far as prices are known; None when none is.
        mean_call_usd: Of those calls; `max_call_usd` of the dearest.
        stopped: Calls that ended as failed because the budget was used up; the next run of the
            day, or the next rescore, has them.
    """

    calls: int
    cost_usd: float | None
    mean_call_usd: float | None
    max_call_usd: float | None
    stopped: int


def measure_llm(connection: Connection, batch_id: str) -> tuple[LlmUsage, ...]:
    """Sums up what this run asked of the LLM, by stage and model."""
    answers, paid = _answers(connection, batch_id), _paid(connection, batch_id)
    keys = sorted({*answers, *paid})
    return tuple(
        LlmUsage(stage=stage, model=model, **answers.get((stage, model), {}), **paid.get((stage, model), {}))
        for stage, model in keys
    )


def measure_spending(connection: Connection, batch_id: str) -> Spending:
    """Sums up what this run paid: all of it; call by call without canaries, which are none of its calls."""
    row = LlmSpendingRow
    of_run = row.batch_id == batch_id
    of_call = select(func.sum(row.cost_usd).label("usd")).where(of_run, row.stage.not_in(CANARY_STAGES))
    usd = of_call.group_by(row.call_id).subquery().c.usd
    figures = select(
        func.count().label("calls"),
        func.avg(usd).label("mean_call_usd"),
        func.max(usd).label("max_call_usd"),
    ).select_from(usd.table)
    return Spending(
        **connection.execute(figures).one()._mapping,
        cost_usd=connection.scalar(select(func.sum(row.cost_usd)).where(of_run)),
        stopped=count_stopped(connection, batch_id),
    )


def _answers(connection: Connection, batch_id: str) -> dict[_Key, dict[str, Any]]:
    row = LlmResultRow
    figures = {
        "answers": func.count(),
        "requests": func.sum(row.attempts),
        "mean_latency_s": func.avg(row.latency_s),
        "repaired": func.sum(case((row.repaired, 1), else_=0)),
    }
    return _by_model(connection, row, batch_id, figures)


def _paid(connection: Connection, batch_id: str) -> dict[_Key, dict[str, Any]]:
    row = LlmSpendingRow
    figures = {
        "paid": func.count(),
        "prompt_tokens": func.sum(row.prompt_tokens),
        "completion_tokens": func.sum(row.completion_tokens),
        "cached_tokens": func.sum(row.cached_tokens),
        "cost_usd": func.sum(row.cost_usd),
        "unpriced": func.count() - func.count(row.cost_usd),
    }
    return _by_model(connection, row, batch_id, figures)


def _by_model(
    connection: Connection,
    row: type[LlmResultRow] | type[LlmSpendingRow],
    batch_id: str,
    figures: dict[str, Any],
) -> dict[_Key, dict[str, Any]]:
    query = select(row.stage, row.model, *figures.values()).where(row.batch_id == batch_id)
    found = connection.execute(query.group_by(row.stage, row.model))
    return {(stage, model): dict(zip(figures, values, strict=True)) for stage, model, *values in found}
