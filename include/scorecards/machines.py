"""The figures that need machines distinguished from people, and are unknown where no prompts are known.

Without prompts that a site gave or its hosts learned, the words of a menu pass for the agent's greeting, and
the queue's silence and music for theirs. Such answers count neither for nor against, and a person looks.
"""

from collections.abc import Sequence

from include.scorecards.answers import NOT_APPLICABLE
from include.scorecards.assessment import AssessedAnswer
from include.scorecards.conditions import METRICS_PREFIX, FieldCondition
from include.scorecards.metrics import Announcement, CallMetrics
from include.scorecards.schema import AnsweredBy, Criterion

NO_LIBRARY = "no library of prompts, and too few calls heard to learn them"
GREETING = f"{NO_LIBRARY}: cannot tell the agent's greeting from a machine's"
BY_MACHINE = f"{NO_LIBRARY}: a machine may say it"
WAITING = f"{NO_LIBRARY}: cannot tell a hold or silence of the agent's from the telephone system's"
UNNAMED = (
    "an announcement was played that hosts learned and nobody has named: listen to it and name it "
    "(`cofi prompts learned`)"
)

# What is longer where a queue is taken for the conversation, never shorter.
_AT_MOST = frozenset({"hold_count", "hold_s", "longest_hold_s", "dead_air_s", "longest_dead_air_s"})
_UPPER_BOUNDS = frozenset({"le", "lt"})
# Names that hosts make up for what they learned.
_LEARNED = "learned-"


def doubts_about(criterion: Criterion, answer: AssessedAnswer, metrics: CallMetrics) -> list[str]:
    """Why an answer does not count because a machine may be behind it; nothing when it does."""
    option = criterion.option(answer.answer)
    if option is None or answer.answer == NOT_APPLICABLE:
        return []
    worst = option.score < criterion.potential
    if worst and criterion.settled_by_prompt and _unnamed(metrics.announcements):
        return [UNNAMED]
    if metrics.machines_told:
        return []
    if criterion.answered_by is AnsweredBy.METRIC:
        return [WAITING] if _may_be_less(criterion, worst=worst) else []
    if worst and criterion.evidence.window.first_s is not None:
        return [GREETING]
    return [WAITING] if worst and _asks_for_waiting(criterion) else []


def _may_be_less(criterion: Criterion, *, worst: bool) -> bool:
    """Whether the figure that an answer stands on may be less in truth, and the answer another one."""
    metric = criterion.metric
    if metric is None or metric.field not in _AT_MOST:
        return False
    return worst if metric.op in _UPPER_BOUNDS else not worst


def _asks_for_waiting(criterion: Criterion) -> bool:
    condition = criterion.applies_if
    if not isinstance(condition, FieldCondition) or not condition.about_metrics:
        return False
    return condition.field.removeprefix(METRICS_PREFIX) in _AT_MOST


def _unnamed(announcements: Sequence[Announcement]) -> bool:
    return any(played.name.startswith(_LEARNED) for played in announcements)
