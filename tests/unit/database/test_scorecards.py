"""Scorecard versions that an older cofi recorded, whose criteria still hold hints."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from include.database import batches, scorecards
from include.database.batches import Batch
from include.database.models import ScorecardRow
from include.errors import InvalidInput
from include.scorecards.schema import Scorecard
from include.scorecards.stored import stored_scorecard
from tests.unit.database.seeding import DAY, Day

STORED: dict[str, Any] = json.loads(Path("tests/data/scorecards/stored_with_hints.json").read_text("utf-8"))
# As the older version computed it.
RECORDED = sha256(json.dumps(STORED, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@pytest.fixture
def old(day: Day) -> Day:
    """A database with a promoted version and an open batch, both from before."""
    row = {"sha256": RECORDED, "scorecard_id": "stored", "version": "1", "scorecard": STORED}
    now = datetime.now(UTC)
    batch = Batch("before", DAY, "file:///calls", {}, scorecard_sha256=RECORDED)
    with day.database.writing() as connection:
        connection.execute(insert(ScorecardRow).values(**row, first_used_at=now, promoted_at=now))
        batches.open_batch(connection, batch)
    return day


def current() -> dict[str, Any]:
    """The same version's content without hints, as its file holds it now."""
    criteria = [{k: v for k, v in criterion.items() if k != "hints"} for criterion in STORED["criteria"]]
    return {**STORED, "criteria": criteria}


def test_the_stored_json_has_what_no_longer_exists() -> None:
    assert sum(criterion["hints"] is not None for criterion in STORED["criteria"]) == 1
    assert all("hints" in criterion for criterion in STORED["criteria"])


def test_it_loads_under_the_identity_that_audits_refer_to(old: Day) -> None:
    with old.database.reading() as connection:
        read = [scorecards.promoted(connection), scorecards.scorecard_of(connection, "before")]
    for scorecard in read:
        assert scorecard is not None
        assert (scorecard.sha256, scorecard.version) == (RECORDED, "1")
        assert scorecard.content_sha256 == Scorecard.model_validate(current()).sha256 != RECORDED
        assert [criterion.id for criterion in scorecard.criteria] == [c["id"] for c in STORED["criteria"]]


def test_using_it_again_records_nothing_new(old: Day) -> None:
    with old.database.writing() as connection:
        scorecards.record(connection, stored_scorecard(STORED, RECORDED))
    assert [row["sha256"] for row in old.rows(ScorecardRow)] == [RECORDED]


def test_a_file_that_has_only_lost_its_hints_is_the_same_version(old: Day) -> None:
    with old.database.writing() as connection:
        scorecards.record(connection, Scorecard.model_validate(current()))


def test_a_file_with_another_content_needs_a_new_version(old: Day) -> None:
    changed = Scorecard.model_validate({**current(), "pass_threshold_pct": 50})
    with old.database.writing() as connection, pytest.raises(InvalidInput, match="give the changed one"):
        scorecards.record(connection, changed)
