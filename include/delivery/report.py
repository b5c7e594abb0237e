"""The report of a run: one HTML page that needs nothing else, and the same figures as JSON."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import TypeAdapter

from include import __version__, site_time
from include.calls.call import call_day, call_id_for
from include.card_data.masking import masked_text
from include.delivery import charts, judge_charts, wording
from include.delivery.chart_tables import chart_tables
from include.delivery.summary import RunSummary
from include.judge.calibration import ENOUGH_ANSWERS
from include.scorecards import certainty
from include.scorecards.assessment import ONE_RULE

REPORT_NAME, SUMMARY_NAME = "report.html", "summary.json"
_TEMPLATES = Path(__file__).parent / "templates"
_SUMMARY = TypeAdapter(RunSummary)


def write_report(summary: RunSummary, folder: Path) -> Path:
    """Writes `report.html` and `summary.json`; a reader sees the old or the new file, never a half one.

    Returns:
        The path of the HTML page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / SUMMARY_NAME, render_json(summary))
    _replace(folder / REPORT_NAME, render_html(summary))
    return folder / REPORT_NAME


def write_stopped(batch_id: str, reason: str, folder: Path, timezone: str = "UTC") -> Path:
    """Writes the page of a run that failed before it had a batch.

    Returns:
        The page's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = _environment().get_template("stopped.html")
    values = {"batch_id": batch_id, "reason": masked_text(reason), "now": datetime.now(UTC)}
    _replace(folder / REPORT_NAME, page.render(version=__version__, timezone=timezone, **values))
    return folder / REPORT_NAME


def render_html(summary: RunSummary) -> str:
    """Renders the report as HTML. Everything that callers said is escaped; equal figures make equal pages.

    It needs nothing else to be read. Where cofi serves it, two scripts take Airflow's theme and open
    its links to Airflow around it, and its recordings are links to their pages.
    """
    template = _environment().get_template("report.html")
    return template.render(
        run=summary,
        version=__version__,
        charts=_charts(summary),
        tables=chart_tables(summary),
        groups_drawn=charts.GROUPS_DRAWN,
        rules_notice=wording.RULES_NOTICE,
        day_states=wording.DAY_STATES,
        # A call's id begins with its day.
        of_day=lambda call_id: f" of {call_day(call_id)}" if call_day(call_id) != summary.day else "",
        canary_id=_canary_id,
        one_rule=ONE_RULE,
        gold_rule=" ".join(certainty.RULE),
        enough_answers=ENOUGH_ANSWERS,
    )


def _canary_id(name: str) -> str:
    """The call of a canary, which is named by its day and path."""
    day, path = name.split("/", 1)
    return call_id_for(date.fromisoformat(day), path)


def render_json(summary: RunSummary) -> str:
    """All figures of the run."""
    return _SUMMARY.dump_json(summary, indent=1).decode() + "\n"


def _charts(summary: RunSummary) -> dict[str, Markup]:
    scores, threshold = summary.scores, charts.pass_threshold_pct(summary.scores)
    drawn = {
        "scores": charts.score_chart(scores),
        "criteria": charts.criteria_chart(scores.criteria),
        "agents": charts.group_chart("agents", "Mean score by agent", scores.agents, threshold),
        "queues": charts.group_chart("queues", "Mean score by queue", scores.queues, threshold),
        "languages": charts.language_chart(summary.languages),
        "throughput": charts.throughput_chart(summary.stages),
        "progress": charts.progress_chart(summary.progress),
        "comparison": charts.comparison_chart(summary.comparison.criteria) if summary.comparison else "",
        "reliability": judge_charts.reliability_chart(summary.calibration),
        "canaries": judge_charts.canary_chart(summary.canaries),
    }
    # Markup: matplotlib has escaped the text in its SVG.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704  # nosec B704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for word in (
        wording.count,
        wording.calls,
        wording.percent,
        wording.decimal,
        wording.duration,
        wording.clock,
        site_time.moment,
        wording.money,
    ):
        # "count" is jinja's own name for the length of a list.
        environment.filters["figure" if word is wording.count else word.__name__] = word
    return environment


def _replace(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        draft.write_text(content, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
