"""All that a call's page shows, on the sample calls as the demo heard and judged them."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from include import __version__
from include.call_pages.call import CallPage, head_of, read_call
from include.call_pages.hearing import hearing_of, merged, silenced
from include.calls.call import ChannelRole
from include.calls.transcript import Gap, Transcript, Turn, TurnFlag
from include.database.engine import Database
from include.database.models import CallRow
from include.gpu.wire import Engine, IvrResult
from include.gpu.wire import Span as WireSpan
from include.scorecards.assessment import Standing
from tests.demo_calls import audited_by_demo
from tests.empty_database import empty_database


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CallPage]:
    """By path."""
    database = Database(empty_database(tmp_path_factory.mktemp("demo") / "cofi.db"))
    asyncio.run(audited_by_demo(database, redact=False))
    with database.reading() as connection:
        found = {}
        for call_id in connection.scalars(select(CallRow.call_id)):
            head = head_of(connection, call_id)
            assert head is not None
            found[head.path] = read_call(connection, head)
    database.close()
    return found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    """All tables, no rows."""
    opened = Database(empty_database(tmp_path / "cofi.db"))
    yield opened
    opened.close()


def test_there_is_no_page_of_a_call_that_there_is_not(empty: Database) -> None:
    assert empty.read(lambda connection: head_of(connection, "20261116-0")) is None


@pytest.mark.long
def test_the_points_of_all_answers_add_up_to_the_score(pages: dict[str, CallPage]) -> None:
    scored = {path: page.score for path, page in pages.items() if page.score and page.score.pct is not None}
    assert len(scored) >= 15
    for path, score in scored.items():
        earned = sum(answer.earned_pct or 0.0 for answer in score.answers)
        assert earned == pytest.approx(score.pct, abs=0.01), path
        worth = sum(answer.worth_pct for answer in score.answers)
        assert worth == pytest.approx(100), path


@pytest.mark.long
def test_what_does_not_count_is_worth_nothing(pages: dict[str, CallPage]) -> None:
    answers = [answer for page in pages.values() if page.score for answer in page.score.answers]
    left_out = [answer for answer in answers if answer.standing is not Standing.COUNTED]
    assert left_out
    assert {(answer.worth_pct, answer.earned_pct) for answer in left_out} == {(0.0, None)}


def test_why_names_every_answer_that_lost_points_with_what_it_lost(pages: dict[str, CallPage]) -> None:
    for page in pages.values():
        if page.score is None or page.score.pct is None or page.score.pct == 0:
            continue
        told = " ".join(page.score.why)
        lost = [float(number) for number in re.findall(r"−(\d+\.\d)", told)]
        assert sum(lost) == pytest.approx(100 - page.score.pct, abs=0.06 * max(1, len(lost)))


def test_why_says_what_failed_the_whole_call(pages: dict[str, CallPage]) -> None:
    failed = [page.score for page in pages.values() if page.score and page.score.pct == 0]
    assert failed
    for score in failed:
        assert "fails the whole call: its score is 0" in score.why[0]
        assert "does not pass" in score.why[-1]


def test_every_audited_call_says_which_model_and_prompt_answered(pages: dict[str, CallPage]) -> None:
    for page in pages.values():
        if page.score:
            assert [one.stage for one in page.provenance.llm] == ["llm1", "llm2"]
            assert all(one.prompt_sha256 and one.model for one in page.provenance.llm)
            assert page.provenance.cofi_version == __version__
            assert page.facts is not None and page.facts.summary


def test_cuts_and_what_is_kept_make_up_the_call(pages: dict[str, CallPage]) -> None:
    page = pages["1001-late-fee.ogg"]
    assert page.transcript is not None
    assert [cut.what for cut in page.hearing.cuts][:2] == ["prompt: welcome", "prompt: recording-notice"]
    for turn in page.transcript.turns:
        middle_ms = (turn.start_ms + turn.end_ms) / 2
        assert not any(cut.start_ms <= middle_ms < cut.end_ms for cut in page.hearing.cuts)


def test_wherever_card_data_is_masked_the_copy_is_silent(pages: dict[str, CallPage]) -> None:
    marks = 0
    for page in pages.values():
        assert page.transcript is not None and page.hearing.silenced is not None
        for mark in (mark for turn in page.transcript.turns for mark in turn.card_data):
            marks += 1
            assert any(start <= mark.start_ms and mark.end_ms <= end for start, end in page.hearing.silenced)
    assert marks


def heard(turns: list[tuple[int, int, str]], gap: tuple[int, int], flagged: int | None = None) -> Transcript:
    spoken = [
        Turn(
            id=f"t{n}",
            speaker=ChannelRole.AGENT,
            channel=0,
            start_ms=start,
            end_ms=end,
            text=text,
            confidence=0.9,
            flags=[TurnFlag.BADLY_HEARD] if n == flagged else [],
        )
        for n, (start, end, text) in enumerate(turns, 1)
    ]
    gaps = [Gap(channel=0, start_ms=gap[0], end_ms=gap[1])]
    return Transcript(call_id="c1", language="en", turns=spoken, gaps=gaps)


NOTHING_CUT = IvrResult(
    call_id="c1",
    engine=Engine(name="ears", version="1", device="cpu"),
    seconds=0,
    audio_s=300,
    segments=[],
    kept=[WireSpan(start_ms=0, end_ms=300_000)],
)
CARD = (10_000, 14_000, "Could you read me the long number on your card, please?")
WEATHER = (10_000, 14_000, "We had quite some rain here this week, had you not?")


@pytest.mark.parametrize(
    ("turns", "flagged", "silent"),
    [
        # The number itself was not understood: whoever listens would hear it.
        ([CARD], None, [(19_750, 26_250)]),
        ([CARD, (30_000, 31_000, "five five tea")], 2, [(19_750, 26_250), (29_750, 31_250)]),
        ([WEATHER, (30_000, 31_000, "five five tea")], 2, []),
        # Long before, or only after it.
        ([WEATHER, (90_000, 94_000, CARD[2])], None, []),
        ([(0, 1_000, "Hello."), (150_000, 154_000, CARD[2])], None, []),
    ],
)
def test_what_may_be_a_card_number_is_silent_though_nobody_understood_it(
    turns: list[tuple[int, int, str]], flagged: int | None, silent: list[tuple[int, int]]
) -> None:
    assert silenced(heard(turns, (20_000, 26_000), flagged), NOTHING_CUT) == silent


def test_what_was_not_understood_long_after_a_payment_is_heard() -> None:
    assert silenced(heard([CARD], (80_000, 84_000)), NOTHING_CUT) == []


def test_stretches_that_touch_are_one() -> None:
    assert merged([(5, 9), (-3, 2), (2, 4), (8, 12)]) == [(0, 4), (5, 12)]


def test_a_lane_is_a_speakers_own(pages: dict[str, CallPage]) -> None:
    stereo = pages["1001-late-fee.ogg"].hearing.lanes
    assert [(lane.label, lane.channel, lane.spans) for lane in stereo] == [
        ("agent", 0, None),
        ("customer", 1, None),
    ]
    said = pages["1001-late-fee.ogg"].transcript
    assert said is not None
    voices = [turn.model_copy(update={"channel": 0}) for turn in said.turns]
    mono = hearing_of(said.model_copy(update={"turns": voices}), None, 100.0).lanes
    assert [(lane.label, lane.channel) for lane in mono] == [("agent", 0), ("customer", 0)]
    first = voices[0]
    assert mono[0].spans and mono[0].spans[0][0] == first.start_ms
