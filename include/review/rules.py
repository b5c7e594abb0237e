"""Which calls people listen to: a YAML file beside the scorecards, `review/<scorecard id>.yaml`.

Every rule may be left out (then it is as below), changed, or switched off by `null`. The file is for all
versions of a scorecard, and may change from run to run: what was drawn before stays as it was drawn.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.errors import InvalidInput
from include.outside.system_errors import why_unreadable
from include.scorecards.written import Written, read_written

# Below the folder of scorecards.
FOLDER = "review"


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RiskRule(_Rule):
    """Calls for a reason that the machine's answers give.

    Attributes:
        due_days: Days that people have for it.
        most_per_run: The most valuable of them only; None for all.
    """

    due_days: float = Field(gt=0, le=365)
    most_per_run: int | None = Field(default=None, ge=1)


class AgentRule(_Rule):
    """Calls of each agent by chance.

    Attributes:
        calls_per_agent_and_week: On average.
        days_per_week: On which an agent works: so many runs share the week's calls.
        questions: Criteria that are asked; empty for all that the LLM or a rule answers.
    """

    calls_per_agent_and_week: float = Field(gt=0, le=100)
    days_per_week: int = Field(default=5, ge=1, le=7)
    due_days: float = Field(gt=0, le=365)
    questions: list[str] = []


class PassesRule(_Rule):
    """A share of the calls that pass, by chance: misses of the machine hide there."""

    pct: float = Field(gt=0, le=100)
    due_days: float = Field(gt=0, le=365)
    questions: list[str] = []


class CalibrationRule(_Rule):
    """Calls that are set aside by chance for the next calibration session."""

    calls_per_week: float = Field(gt=0, le=100)


class DisputeRule(_Rule):
    """How agents may object.

    Attributes:
        raise_days: After the call was audited, or last reviewed.
        decide_days: From the dispute to its decision.
        most_per_agent_and_30_days: That one agent may raise.
    """

    raise_days: float = Field(default=14, gt=0)
    decide_days: float = Field(default=7, gt=0)
    most_per_agent_and_30_days: int = Field(default=5, ge=0)


class EstimateRule(_Rule):
    """When an estimate is shown: from so many blind answers of the random sample on."""

    least_answers: int = Field(default=20, ge=5)


class ReviewRules(_Rule):
    """All rules of a scorecard.

    Attributes:
        blind: Whether the machine's answers are hidden in items of the random sample.
        auto_fails: All calls with an auto-fail that no person has confirmed.
        needs_review: Calls in which the machine doubts itself, or cannot tell.
        second_opinions: Calls in which a second opinion differs.
        random: Of each agent; the base of all estimates, with `passes`.
    """

    blind: bool = True
    auto_fails: RiskRule | None = RiskRule(due_days=1)
    needs_review: RiskRule | None = RiskRule(due_days=3, most_per_run=200)
    second_opinions: RiskRule | None = RiskRule(due_days=3, most_per_run=100)
    random: AgentRule | None = AgentRule(calls_per_agent_and_week=2, due_days=7)
    passes: PassesRule | None = PassesRule(pct=1, due_days=7)
    calibration: CalibrationRule | None = None
    disputes: DisputeRule = DisputeRule()
    estimates: EstimateRule = EstimateRule()


def load_rules(folder: Path, scorecard_id: str) -> ReviewRules:
    """Reads the rules of a scorecard; those of above where it has no file.

    Raises:
        InvalidInput: The file cannot be read, or is wrong; all problems at once, a line each.
    """
    path = folder / FOLDER / f"{scorecard_id}.yaml"
    if not path.exists():
        return ReviewRules()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Review rules {path} cannot be read: {why_unreadable(error)}") from error
    written = read_written(text, source=str(path))
    messages = {f"{path}:{written.line(one.place)}: {one.message}" for one in written.repeated}
    try:
        rules = ReviewRules.model_validate(written.content)
    except ValidationError as error:
        messages |= {f"{path}:{_message(written, one)}" for one in error.errors()}
    if messages:
        raise InvalidInput("\n".join(sorted(messages)))
    return rules


def _message(written: Written, error: Any) -> str:
    place = error["loc"]
    line = written.line(place if place in written.lines else place[:-1])
    where = ".".join(str(part) for part in place)
    if error["type"] == "extra_forbidden" and len(place) == 1:
        return f"{line}: {where} is no rule; rules are {', '.join(ReviewRules.model_fields)}"
    if error["type"] == "extra_forbidden":
        return f"{line}: {where} is no field of this rule: correct its spelling or remove it"
    return f"{line}: {where}: {error['msg']}"
