"""A day is judged by what is there, by what was expected, and by who asked."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import Call, CallMetadata, CallState, call_id_for
from include.calls.days import (
    DayState,
    EmptyDay,
    Verdict,
    began_on_other_days,
    day_of,
    is_recording,
    judge,
    recordings_of,
    verdict_of,
)
from include.calls.expected import Bound, LeastExpected, same_weekday_before
from include.calls.late import late_recordings
from include.calls.surroundings import Surroundings
from include.errors import InvalidInput

DAY = date(2026, 11, 20)
FEW = Bound(5, "at least 5 are expected")
NOT_THERE = Surroundings("2026-11-20", "YYYY-MM-DD")
MISNAMED = Surroundings("2026-11-20", "YYYY-MM-DD", ("2026_11_20",), layout_fits=False)


def call(path: str = "a.wav", size_bytes: int = 10, **changes: object) -> Call:
    description = {"modified_at": datetime(2026, 11, 20, 22, tzinfo=UTC), **changes}
    return Call(call_id_for(DAY, path), DAY, path, f"file:///{path}", size_bytes, **description)


def judged(recordings: int, around: Surroundings | None = None, least: Bound | None = None, **by: object):
    rules = {"run_type": "scheduled", "empty_day": EmptyDay.AUTO, **by}
    return judge(DAY, recordings, around, least, location="file:///calls", **rules)


class TestJudging:
    def test_absence_is_told_apart_from_a_day_without_calls(self) -> None:
        found = [judged(0, NOT_THERE), judged(0), judged(4, least=FEW), judged(5, least=FEW), judged(1)]
        assert [day.state for day in found] == ["no_folder", "empty", "few", "ok", "ok"]
        assert [day.recordings for day in found] == [0, 0, 4, 5, 1]
        assert [bool(day.problem) for day in found] == [True, True, True, False, False]

    def test_few_recordings_are_told_with_what_was_expected(self) -> None:
        assert judged(4, least=FEW).problem == "2026-11-20 has 4 recordings, and at least 5 are expected."
        assert judged(1, least=FEW).problem == "2026-11-20 has 1 recording, and at least 5 are expected."

    @pytest.mark.parametrize(
        ("run_type", "no_folder", "misnamed"),
        [
            ("scheduled", Verdict.FAIL, Verdict.FAIL),
            ("manual", Verdict.FAIL, Verdict.FAIL),
            ("asset_triggered", Verdict.FAIL, Verdict.FAIL),
            ("backfill", Verdict.WARN, Verdict.FAIL),
        ],
    )
    def test_by_itself_what_is_missing_fails_those_that_count_on_it(
        self, run_type: str, no_folder: Verdict, misnamed: Verdict
    ) -> None:
        assert judged(0, NOT_THERE, run_type=run_type).verdict is no_folder
        assert judged(0, MISNAMED, run_type=run_type).verdict is misnamed
        assert judged(0, run_type=run_type).verdict is Verdict.WARN
        assert judged(1, least=FEW, run_type=run_type).verdict is Verdict.WARN

    @pytest.mark.parametrize("setting", [EmptyDay.OK, EmptyDay.WARN, EmptyDay.FAIL])
    def test_a_setting_holds_for_every_run_and_every_absence(self, setting: EmptyDay) -> None:
        absences = [DayState.NO_FOLDER, DayState.EMPTY, DayState.FEW]
        for state, run_type, fits in product(absences, ["scheduled", "manual", "backfill"], [True, False]):
            assert verdict_of(state, setting, run_type, fits) == setting.value

    @pytest.mark.parametrize("setting", list(EmptyDay))
    def test_a_day_that_has_what_it_should_fails_nothing(self, setting: EmptyDay) -> None:
        assert judged(5, least=FEW, empty_day=setting).verdict is Verdict.OK

    def test_the_setting_is_read_in_any_case_and_refused_with_what_to_enter(self) -> None:
        assert [EmptyDay.parse(text) for text in ("", " Fail ", "warn")] == ["auto", "fail", "warn"]
        with pytest.raises(InvalidInput, match=r"empty_day = no: enter one of auto, ok, warn, fail"):
            EmptyDay.parse("no")

    def test_what_only_the_manifest_knows_is_no_recording(self) -> None:
        listed_only = call("lost.wav", 0, modified_at=None, state=CallState.QUARANTINED)
        assert not is_recording(listed_only)
        assert is_recording(call("empty.wav", 0))
        assert is_recording(call("in-a-store-without-times.wav", 7, modified_at=None))
        assert recordings_of([call("a.wav"), listed_only], [call("a.wav"), call("b.wav")]) == 2


class TestDayOfACall:
    @pytest.mark.parametrize(
        ("timezone", "began", "day"),
        [
            ("Europe/Madrid", datetime(2026, 11, 19, 23, 30, tzinfo=UTC), date(2026, 11, 20)),
            ("Europe/Madrid", datetime(2026, 11, 19, 22, 59, tzinfo=UTC), date(2026, 11, 19)),
            ("America/Bogota", datetime(2026, 11, 21, 4, 59, tzinfo=UTC), date(2026, 11, 20)),
            ("America/Bogota", datetime(2026, 11, 21, 5, 0, tzinfo=UTC), date(2026, 11, 21)),
        ],
    )
    def test_it_is_the_sites_where_somebody_says_when_it_began(
        self, timezone: str, began: datetime, day: date
    ) -> None:
        assert day_of(call(metadata=CallMetadata(started_at=began)), timezone) == day

    def test_else_it_is_that_of_the_folder(self) -> None:
        assert day_of(call(), "Asia/Tokyo") == DAY

    def test_a_recorder_that_cuts_its_days_elsewhere_is_noticed(self) -> None:
        hours = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in range(24)]
        calls = [call(f"{h.hour}.wav", metadata=CallMetadata(started_at=h)) for h in hours]
        assert began_on_other_days(calls, "UTC") == {}
        assert began_on_other_days(calls, "America/Bogota") == {date(2026, 11, 19): 5}


class TestLeastExpected:
    @pytest.mark.parametrize("text", ["", "  "])
    def test_nothing_is_expected_of_a_site_that_says_nothing(self, text: str) -> None:
        assert LeastExpected.parse(text) is None

    @pytest.mark.parametrize("text", ["half", "-5", "50 %%", "0%", "101%", "1.5", "5 calls", "%"])
    def test_what_is_neither_number_nor_share_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match=r"a number of recordings like 500, or a share .* like 50%"):
            LeastExpected.parse(text)

    def test_a_number_needs_no_history(self) -> None:
        bound = LeastExpected.parse("9500").bound([], DAY)
        assert bound.recordings == 9500
        assert bound.sentence == "at least 9,500 are expected ([cofi] expected_recordings_min)"

    def test_a_share_is_of_the_median_of_the_weekday(self) -> None:
        bound = LeastExpected.parse("50 %").bound([9000, 10_000, 0, 9900, 9901], DAY)
        assert bound.recordings == 4950
        assert bound.sentence == (
            "at least 4,950 are expected ([cofi] expected_recordings_min = 50% of 9,900, the median of the "
            "last 5 Fridays)"
        )

    def test_a_closed_weekday_expects_nothing(self) -> None:
        assert LeastExpected.parse("80%").bound([0, 0, 0, 0, 3], DAY).recordings == 0

    @pytest.mark.parametrize("weeks", range(4))
    def test_too_few_weeks_say_nothing(self, weeks: int) -> None:
        assert LeastExpected.parse("50%").bound([1000] * weeks, DAY) is None

    def test_a_day_is_compared_with_its_weekday_of_the_last_eight_weeks(self) -> None:
        days = same_weekday_before(DAY)
        assert {day.weekday() for day in days} == {DAY.weekday()}
        assert (days[0], days[-1], len(days)) == (DAY - timedelta(days=7), DAY - timedelta(days=56), 8)

    @given(st.lists(st.integers(0, 10**6), min_size=4, max_size=8), st.integers(1, 100))
    def test_a_usual_day_is_never_one_of_few(self, history: list[int], percent: int) -> None:
        bound = LeastExpected.parse(f"{percent}%").bound(history, DAY)
        assert 0 <= bound.recordings <= max(history)
        assert sum(day >= bound.recordings for day in history) >= len(history) / 2


class TestLateRecordings:
    def test_what_nobody_knew_is_late(self) -> None:
        known = call("a.wav", state=CallState.AUDITED)
        assert late_recordings([known, call("b.wav")], {"a.wav": known}, ()) == [call("b.wav")]

    @pytest.mark.parametrize("state", [s for s in CallState if s is not CallState.QUARANTINED])
    @pytest.mark.parametrize("size_bytes", [10, 11])
    def test_what_was_judged_stays_as_it_is_even_when_its_file_has_changed(
        self, state: CallState, size_bytes: int
    ) -> None:
        assert late_recordings([call(size_bytes=size_bytes)], {"a.wav": call(state=state)}, ()) == []

    @pytest.mark.parametrize("before", [0, 4])
    def test_a_file_that_was_not_whole_and_is_another_now_is_late(self, before: int) -> None:
        quarantined = call(size_bytes=before, state=CallState.QUARANTINED)
        assert late_recordings([call()], {"a.wav": quarantined}, ()) == [call()]

    def test_one_that_the_manifest_had_named_before_it_came_is_late(self) -> None:
        named = call(size_bytes=0, modified_at=None, state=CallState.QUARANTINED)
        assert late_recordings([call()], {"a.wav": named}, ()) == [call()]
        assert late_recordings([named], {"a.wav": named}, ()) == []
        assert late_recordings([named], {}, ()) == [], "then it could never come"

    def test_a_broken_file_stays_quarantined(self) -> None:
        quarantined = call(state=CallState.QUARANTINED)
        assert late_recordings([quarantined], {"a.wav": quarantined}, ()) == []

    def test_what_a_run_that_ended_has_left_is_taken_up(self) -> None:
        known = {path: call(path) for path in ("left.wav", "in-work.wav")}
        left = late_recordings(known.values(), known, {known["left.wav"].call_id})
        assert left == [known["left.wav"]]
