"""What the report says of the judge: second opinions, calibration, canaries; nothing where there are none."""

import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from include.database.models import AnswerRow, BatchRow, CanaryRow
from include.delivery.judge_charts import canary_chart, reliability_chart
from include.delivery.report import render_html, render_json
from include.delivery.summary import RunSummary, summarise
from include.delivery.table import text_table
from include.judge.nights import NIGHTS_BEFORE, night_of_run
from tests.unit.delivery.seeding import DAY, OPENED_AT, SCORECARD, SeededDay

RUN = "run-2"
HOSTILE = '<script>alert("1")</script>'
NIGHT = date(2026, 3, 3)
Key = tuple[date, str]


def opinion(by: str, answer: str | None, why: str = "") -> dict[str, object]:
    return {
        "by": by,
        "answer": answer,
        "justification": why,
        "failure": "" if answer else why,
        "llm_identity": "",
    }


def audited(day: SeededDay, calls: int, answers: dict[str, str]) -> list[str]:
    day.batch(RUN)
    paths = [f"{n:02}{HOSTILE}.wav" for n in range(calls)]
    for path in paths:
        call = day.call(RUN, path)
        identity = day.llm(RUN, call, model=f"model {HOSTILE}")
        day.audit(RUN, call, 50, answers, identity=identity)
    change(day, BatchRow, scorecard_sha256=SCORECARD.sha256)
    return paths


def change(day: SeededDay, table: type, *where: object, **values: object) -> None:
    with day.database.writing() as connection:
        connection.execute(update(table).where(*where).values(**values))


def summary(day: SeededDay, labels: dict[Key, dict[str, str]] | None = None) -> RunSummary:
    night = day.database.read(lambda connection: night_of_run(connection, RUN, labels or {}))
    return summarise(day.database, RUN, labels, night)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.long
def test_a_run_without_any_of_it_says_nothing_of_it(day: SeededDay) -> None:
    audited(day, 2, {"verified": "yes"})
    run = summary(day)
    page = render_html(run)
    assert (run.second_opinions.asked, run.calibration, run.canaries) == (0, None, None)
    for heading in ("opinions", "calibration", "canaries"):
        assert f'id="{heading}"' not in page
    assert "opinions" not in text_table(run) and "canaries" not in text_table(run)


class TestSecondOpinions:
    @pytest.fixture
    def asked(self, day: SeededDay) -> SeededDay:
        audited(day, 3, {"verified": "no", "closing": "yes"})
        both = [opinion("sample 1", "no"), opinion("sample 2", "yes", f"so {HOSTILE}")]
        change(day, AnswerRow, AnswerRow.criterion_id == "verified", opinions=both)
        closing = [opinion(f"m {HOSTILE}", "yes"), opinion("m2", None, f"refused {HOSTILE}")]
        change(day, AnswerRow, AnswerRow.criterion_id == "closing", opinions=closing)
        return day

    def test_they_are_counted_by_criterion_and_contradictions_named(self, asked: SeededDay) -> None:
        found = summary(asked).second_opinions
        assert [(one.text, one.answers, one.agreed, one.opinions, one.missing) for one in found.criteria] == [
            ("Customer verified before account data", 3, 0, 6, 0),
            ("Proper closing", 3, 3, 3, 3),
        ]
        assert (found.total.answers, found.total.agreed) == (6, 3)
        assert len(found.contradictions) == 3
        assert [other.answer for other in found.contradictions[0].others] == ["no", "yes"]

    @pytest.mark.long
    @pytest.mark.drawn
    def test_page_and_table_show_who_said_what(self, asked: SeededDay) -> None:
        run = summary(asked)
        page = render_html(run)
        assert "Second opinions: 6 answers were asked about again" in words(page)
        assert "so &lt;script&gt;" in page and "<script>" not in page
        assert "opinions  3 of 6 answers agree with second opinions" in text_table(run)
        assert json.loads(render_json(run))["second_opinions"]["total"]["answers"] == 6


class TestCalibration:
    def labelled(self, day: SeededDay, calls: int) -> dict[Key, dict[str, str]]:
        """`verified` is stated with 0.9 and right in every second call, `closing` with 0.6 and never."""
        paths = audited(day, calls, {"verified": "yes", "closing": "yes", "dead_air": "yes"})
        change(day, AnswerRow, AnswerRow.criterion_id == "verified", confidence=0.9)
        change(day, AnswerRow, AnswerRow.criterion_id == "closing", confidence=0.6)
        return {
            (DAY, path): {"verified": "yes" if n % 2 else "no", "closing": "no", "dead_air": "yes"}
            for n, path in enumerate(paths)
        }

    @pytest.mark.long
    @pytest.mark.drawn
    def test_enough_labels_are_drawn_with_their_counts(self, day: SeededDay) -> None:
        run = summary(day, self.labelled(day, 30))
        found = run.calibration
        assert found is not None and found.enough
        assert (found.answers, found.right, found.model) == (60, 15, f"model {HOSTILE}")
        assert [(one.low, one.answers, one.share) for one in found.bins] == [(0.6, 30, 0.0), (0.9, 30, 0.5)]
        chart = reliability_chart(found)
        assert chart.count(">30<") == 2 and "answers that are right" in chart
        page = render_html(run)
        assert chart in page and "<script>" not in page
        assert "60 answers of model" in words(page) and "25 % are right" in words(page)
        assert "there the calibrated one counts, never the stated one" in words(page)

    @pytest.mark.long
    def test_too_few_are_said_to_be(self, day: SeededDay) -> None:
        run = summary(day, self.labelled(day, 10))
        assert run.calibration is not None and not run.calibration.enough
        assert reliability_chart(run.calibration) == ""
        assert "Too few to tell: 20 of 50 answers" in words(render_html(run))

    def test_labels_of_nobody_are_too_few_too(self, day: SeededDay) -> None:
        audited(day, 1, {"verified": "yes"})
        run = summary(day, {(DAY, "other.wav"): {"verified": "yes"}})
        assert run.calibration is not None and run.calibration.answers == 0
        assert "Too few to tell: 0 of 50 answers" in words(render_html(run))


class TestCanaries:
    LABELS = {(DAY, f"{n:02}.wav"): {"verified": "yes", "closing": "yes"} for n in range(12)}  # noqa: RUF012

    def night(self, day: SeededDay, batch_id: str, night: date, wrong: int = 0, failed: int = 0) -> None:
        for n in range(12):
            answer = "no" if n < wrong else "yes"
            day.insert(
                CanaryRow,
                batch_id=batch_id,
                call_id=f"c{n}",
                day=DAY,
                path=f"{n:02}.wav",
                night=night,
                scorecard_sha256=SCORECARD.sha256,
                model=f"m {HOSTILE}",
                answers=None if n >= 12 - failed else {"verified": answer, "closing": "yes"},
                failure=f"llm_busy: {HOSTILE}" if n >= 12 - failed else None,
                asked_at=OPENED_AT,
            )

    def nights(self, day: SeededDay, *wrong: int, failed: int = 0) -> None:
        """Nights one after the other; the last is the run's."""
        audited(day, 1, {"verified": "yes"})
        for back, count in enumerate(reversed(wrong)):
            batch_id = RUN if back == 0 else f"before-{back}"
            if back:
                day.batch(batch_id)
            at = NIGHT - timedelta(days=back)
            self.night(day, batch_id, at, count, failed if back == 0 else 0)

    @pytest.mark.long
    @pytest.mark.drawn
    def test_a_steady_judge(self, day: SeededDay) -> None:
        self.nights(day, 1, 1, 1, 1)
        run = summary(day, self.LABELS)
        assert run.canaries is not None and not run.canaries.drifts and run.canaries.too_few == ""
        page = render_html(run)
        assert "no drift" in page and "Whether there is drift is unknown" not in page
        assert "canaries  12 calls, 96 % agree with gold (before: 96 %)\n          no drift" in text_table(
            run
        )
        assert "<script>" not in page

    @pytest.mark.long
    def test_one_that_drifts(self, day: SeededDay) -> None:
        self.nights(day, 0, 0, 1, 0, 9)
        run = summary(day, self.LABELS)
        assert run.canaries is not None
        assert [one.criterion for one in run.canaries.drifts] == ["all criteria", "verified"]
        assert run.canaries.changed == 9
        page = words(render_html(run))
        assert "verified: 25 % agree with the gold labels, 98 % in the nights before" in page
        assert "DRIFT in all criteria, verified" in text_table(run)
        assert canary_chart(run.canaries).count("<svg") == 1

    def test_too_few_nights(self, day: SeededDay) -> None:
        self.nights(day, 0, 0, 9)
        run = summary(day, self.LABELS)
        assert run.canaries is not None
        assert run.canaries.too_few == "too few nights before with this scorecard: 2 of 3"
        assert (run.canaries.drifts, run.canaries.event_values()["drift"]) == ([], None)
        assert "Whether there is drift is unknown: too few nights" in words(render_html(run))

    def test_without_labels_only_changes_are_told(self, day: SeededDay) -> None:
        self.nights(day, 0, 0, 0, 9)
        run = summary(day)
        assert run.canaries is not None and run.canaries.changed == 9
        assert run.canaries.tonight.share is None and run.canaries.event_values()["drift"] is None
        assert "Answered otherwise than usual: 9 of 24 answers" in words(render_html(run))

    @pytest.mark.long
    @pytest.mark.drawn
    def test_those_that_failed_are_named_and_no_part_of_the_night(self, day: SeededDay) -> None:
        self.nights(day, 0, 0, 0, 0, failed=2)
        run = summary(day, self.LABELS)
        assert run.canaries is not None
        assert (run.canaries.asked, len(run.canaries.failed), run.canaries.tonight.labels) == (10, 2, 20)
        page = render_html(run)
        assert "Could not be asked about: 2 calls" in words(page) and "<script>" not in page
        assert "10 calls, 2 could not be asked" in text_table(run)

    @pytest.mark.long
    def test_a_night_with_nothing_but_failures(self, day: SeededDay) -> None:
        self.nights(day, 0, 0, 0, 0, failed=12)
        run = summary(day, self.LABELS)
        assert run.canaries is not None and run.canaries.asked == 0
        assert run.canaries.event_values()["agreement"] is None
        assert "Could not be asked about: 12 calls" in words(render_html(run))

    @pytest.mark.long
    def test_no_more_nights_than_a_week_count(self, day: SeededDay) -> None:
        self.nights(day, *[12] * 4, *[0] * (NIGHTS_BEFORE + 1))
        run = summary(day, self.LABELS)
        assert run.canaries is not None
        assert len(run.canaries.nights) == NIGHTS_BEFORE + 1
        assert run.canaries.compared[0].before == 1.0
