"""A day that is audited again: with a wrong key, and with another scorecard."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cofi import batch as tasks
from include.calls.call import CallState
from include.calls.discovery_rules import Redo
from include.calls.stage import STAGES, Stage
from include.database.models import CallRow, OutboxRow
from include.database.outcomes import Failure
from include.errors import InvalidInput, NearlyAllFailed
from tests.plugins.nights import FRIDAY, Nights
from tests.plugins.params import params

WRONG_KEY = "the LLM API refuses the key (401): correct the connection cofi_llm"


def test_with_a_wrong_key_what_was_audited_stays_so_and_the_report_says_it(
    nights: Nights, runs_folder: Path
) -> None:
    nights.run(FRIDAY)
    opened, found = nights.discover(FRIDAY, "again", run_type="manual", redo="all")
    assert found == {"audited": 2}
    batch = nights.batch(opened)
    waiting = nights.day.plan(batch, Redo.ALL)
    nights.day.audit(batch, *waiting, stages=STAGES[:5])
    lost = [Failure(each, "llm_refused", WRONG_KEY, state=CallState.FAILED) for each in waiting]
    nights.day.save(batch, Stage.LLM1, lost)

    with pytest.raises(NearlyAllFailed, match="2 could not be audited again: their old audit stands"):
        nights.report(opened)

    assert nights.states(FRIDAY) == {"a.wav": "audited", "b.wav": "audited"}
    assert nights.event_of("again")["ledger"]["audited"] == 2
    assert [row for row in nights.day.rows(OutboxRow) if row["event_type"] == "call.failed"] == []
    page = (runs_folder / "again" / "report.html").read_text()
    assert "2 calls could not be audited again" in page
    assert "llm1: the LLM API refuses the key" in page


class TestAnotherScorecard:
    @pytest.fixture
    def opens(self, nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
        """Friday was audited by one scorecard, and is opened with another."""
        from cofi import scorecards

        monkeypatch.setattr("include.database.scorecards.used_by_others", lambda *_: {"service_call 2": 2})
        assert scorecards.PROMOTED == "promoted"

        def opening(**changes: object) -> dict:
            wanted = params(nights.location, day="2026-11-20", **changes)
            return tasks.open_batch("again", wanted, None)

        return opening

    def test_with_skip_it_is_refused_and_what_to_choose_is_told(self, opens: Callable[..., dict]) -> None:
        with pytest.raises(
            InvalidInput, match=r"audited by service_call 2.*rescore_calls.*'redo' all"
        ) as told:
            opens()
        assert "leave 'scorecard' at promoted" in str(told.value)

    @pytest.mark.parametrize("changes", [{"redo": "all"}, {"redo": "failed only"}, {"scorecard": "promoted"}])
    def test_who_means_something_else_may_go_on(self, opens: Callable[..., dict], changes: dict) -> None:
        assert opens(**changes)["day"] == "2026-11-20"

    def test_who_leaves_the_choice_to_promotion_is_told_how_many_stay_as_they_are(
        self, opens: Callable[..., dict], caplog: pytest.LogCaptureFixture
    ) -> None:
        opens(scorecard="promoted")
        [warning] = [one.getMessage() for one in caplog.records if one.name == "cofi.scorecards"]
        assert "2 calls of 2026-11-20 are audited by service_call 2" in warning
        assert "rescore_calls" in warning


def test_calls_of_other_scorecards_are_counted(nights: Nights) -> None:
    from datetime import UTC, datetime

    from include.database.models import AuditRow
    from include.database.scorecards import used_by_others
    from tests.unit.database.seeding import scorecard

    nights.run(FRIDAY)
    used = scorecard()
    rows = [
        {
            "audit_id": row["path"], "call_id": row["call_id"], "batch_id": f"night-{FRIDAY}",
            "scorecard_sha256": used.sha256, "transcript_sha256": "", "llm_identity": "",
            "needs_review": False, "review_reasons": [], "sections": [], "created_at": datetime.now(UTC),
        }
        for row in nights.day.rows(CallRow)
    ]  # fmt: skip
    with nights.day.database.writing() as connection:
        connection.execute(AuditRow.__table__.insert(), rows)
    with nights.day.database.reading() as connection:
        assert used_by_others(connection, FRIDAY, used.sha256) == {}
        assert used_by_others(connection, FRIDAY, "0" * 64) == {f"{used.id} {used.version}": 2}
