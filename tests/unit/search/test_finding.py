"""A search finds what was said, on both databases, as reading every transcript would."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from include.calls.transcript import Transcript
from include.database.engine import Database
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchRow,
    CallRow,
    IndexedCallRow,
    ScorecardRow,
    SpokenRow,
    TranscriptRow,
)
from include.search import finding, narrowing, walking
from include.search.filters import Filters
from include.search.finding import find, find_all
from include.search.indexing import index_calls
from include.search.language import Clause, Term, parse
from include.search.pieces import PIECE_WORDS
from include.spoken.words import bare_words
from tests.unit.search.conftest import DAY, AddCall, call_row, transcript_of, transcript_row
from tests.unit.search.test_filters import BATCH, SCORECARD, answer, audit

WORDS = ("refund", "contract", "cancel", "cancelled", "thank", "you", "not", "working")
SPEAKERS = ("agent", "customer", "unknown")


def found(database: Database, typed: str, **filters: object) -> list[str]:
    with database.reading() as connection:
        return [call.call_id for call in find(connection, Filters(text=typed, **filters)).calls]


@pytest.mark.parametrize(
    ("typed", "calls"),
    [
        ("refund", ["b", "a"]),
        ("REFUND", ["b", "a"]),
        ("agent:refund", ["b"]),
        ("customer:refund", ["a"]),
        ('"my refund"', ["a"]),
        ('"refund my"', []),
        ("refund -voucher", ["a"]),
        ("-refund", ["c"]),
        ("voucher OR número", ["c", "b"]),
        ("numero", ["c"]),
        ("refun*", ["b", "a"]),
        ("refun", []),
        ("don't", ["a"]),
        ('"working I"', []),
        ("返金", ["c"]),
        ("'; DROP TABLE calls; --", []),
        ("refund & | ! ( ) <-> ' \\ *", ["b", "a"]),
    ],
)
def test_words_and_phrases(database: Database, add_call: AddCall, typed: str, calls: list[str]) -> None:
    add_call("a", ("customer", "Where is my refund?"), ("agent", "I don't know."))
    add_call("b", ("customer", "It is not working"), ("agent", "I give you a refund, as a voucher."))
    add_call("c", ("customer", "El número, 返金です"))
    add_call("d")
    index_calls(database)

    assert found(database, typed) == calls


def test_no_phrase_reaches_from_one_turn_into_the_next(database: Database, add_call: AddCall) -> None:
    add_call("a", ("agent", "I am not"), ("customer", "what?"), ("agent", "working on Mondays"))
    index_calls(database)
    assert found(database, '"not working"') == []
    assert found(database, "not working") == ["a"]


def test_a_phrase_is_found_late_in_an_hour_of_talk(database: Database, add_call: AddCall) -> None:
    """A tsvector alone forgets places of words that are said often."""
    add_call("a", *(("agent", "thank you " * 40) for _ in range(60)), ("agent", "thank goodness it ended"))
    index_calls(database)
    assert found(database, '"thank goodness"') == ["a"]


def test_a_turn_longer_than_a_piece_loses_no_word(database: Database, add_call: AddCall) -> None:
    add_call("a", ("agent", " ".join(f"word{n}" for n in range(PIECE_WORDS * 2 + 5))))
    index_calls(database)
    for n in (0, PIECE_WORDS, 2 * PIECE_WORDS + 4):
        assert found(database, f"word{n}") == ["a"]


calls_said = st.lists(
    st.lists(
        st.tuples(st.sampled_from(SPEAKERS), st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)),
        max_size=4,
    ),
    max_size=4,
)
terms = st.builds(
    lambda words, speaker, star: (
        (f"{speaker}:" if speaker else "")
        + (f"{words[0]}*" if star and len(words) == 1 else f'"{" ".join(words)}"')
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.sampled_from(["", "agent", "customer"]),
    st.booleans(),
)
clauses_typed = st.one_of(terms, terms.map("-{}".format), st.tuples(terms, terms).map(" OR ".join))
queries = st.lists(clauses_typed, min_size=1, max_size=3).map(" ".join)


def holds(clause: Clause, transcript: Transcript) -> bool:
    said = any(is_said(term, transcript) for term in clause.terms)
    return said is not clause.negated


def is_said(term: Term, transcript: Transcript) -> bool:
    length = len(term.words)
    for turn in transcript.turns:
        words = [word for word, _, _ in bare_words(turn.text)]
        for at in range(len(words) - length + 1):
            here = words[at : at + length]
            same = here[-1].startswith(term.words[-1]) if term.is_prefix else here[-1] == term.words[-1]
            if same and here[:-1] == list(term.words[:-1]) and term.speaker in (None, turn.label):
                return True
    return False


def paged(database: Database, filters: Filters) -> list[str]:
    """All pages, one after the other; none goes further than its first stretch of calls."""
    shown: list[str] = []
    after = None
    with database.reading() as connection:
        while True:
            page = find(connection, filters, after, patience_s=0)
            shown += [call.call_id for call in page.calls]
            if (after := page.following) is None:
                return shown


AGENTS, ANSWERS = ("Ana", "Ben", None), ("yes", "no")
filters_asked = st.fixed_dictionaries(
    {},
    optional={
        "agent": st.sampled_from(["ana", "BEN", "carla"]),
        "min_pct": st.sampled_from([0, 40, 70]),
        "first_day": st.sampled_from([DAY - timedelta(days=1), DAY]),
        "answer": st.sampled_from(ANSWERS),
    },
)


@pytest.fixture(params=[0, 2000])
def short_stretches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are looked for stretch by stretch, or among the few that an index knows."""
    monkeypatch.setattr(narrowing, "FEW_CALLS", request.param)
    monkeypatch.setattr(walking, "FIRST_CALLS", 2)
    monkeypatch.setattr(finding, "PAGE_CALLS", 2)


@pytest.mark.long
@pytest.mark.usefixtures("short_stretches")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=calls_said, typed=st.one_of(st.just(""), queries), asked=filters_asked)
def test_pages_hold_each_call_once_that_reading_every_transcript_finds(
    database: Database, said: list, typed: str, asked: dict
) -> None:
    transcripts = [transcript_of(f"c{n}", turns) for n, turns in enumerate(said)]
    calls = [
        call_row(one.call_id, DAY - timedelta(days=n // 2), agent=AGENTS[n % 3])
        for n, one in enumerate(transcripts)
    ]
    judged = {call["call_id"]: (30.0 * n, ANSWERS[n % 2]) for n, call in enumerate(calls)}
    _store(database, calls, transcripts, judged)

    # A transcript in which nobody says anything is one of which nobody knows what was said.
    heard = {one.call_id: one for one in transcripts if any(turn.text for turn in one.turns)}
    clauses = parse(typed)

    def is_wanted(call: dict) -> bool:
        pct, answered = judged[call["call_id"]]
        transcript = heard.get(call["call_id"])
        return (
            (not clauses or (transcript is not None and all(holds(one, transcript) for one in clauses)))
            and ("agent" not in asked or asked["agent"].lower() == (call["agent"] or "").lower())
            and pct >= asked.get("min_pct", 0)
            and call["day"] >= asked.get("first_day", call["day"])
            and answered == asked.get("answer", answered)
        )

    order = sorted(calls, key=lambda call: (call["day"], call["call_id"]), reverse=True)
    filters = Filters(text=typed, criterion="notice" if "answer" in asked else None, **asked)
    expected = [call["call_id"] for call in order if is_wanted(call)]
    assert paged(database, filters) == expected
    with database.reading() as connection:
        assert [call.call_id for call in find_all(connection, filters, most=100)] == expected


def _store(database: Database, calls: list[dict], transcripts: list[Transcript], judged: dict) -> None:
    """Replaces all that is stored, and indexes it."""
    tables = (AnswerRow, AuditRow, TranscriptRow, CallRow, ScorecardRow, BatchRow)
    with database.writing() as connection:
        for table in tables:
            connection.execute(delete(table))
        connection.execute(insert(BatchRow), [BATCH])
        connection.execute(insert(ScorecardRow), [SCORECARD])
        if calls:
            connection.execute(insert(CallRow), calls)
            connection.execute(insert(TranscriptRow), [transcript_row(one) for one in transcripts])
            audits = [audit(call_id, pct=pct) for call_id, (pct, _) in judged.items()]
            connection.execute(insert(AuditRow), audits)
            answers = [answer(call_id, "notice", answered) for call_id, (_, answered) in judged.items()]
            connection.execute(insert(AnswerRow), answers)
    index_calls(database)


def test_what_is_heard_again_is_found_by_its_new_words_alone(database: Database, add_call: AddCall) -> None:
    add_call("a", ("agent", "fifteen pounds"))
    index_calls(database)
    again = transcript_row(transcript_of("a", [("agent", "fifty pounds")]))
    with database.writing() as connection:
        connection.execute(update(TranscriptRow).values(again))

    assert index_calls(database) == 1

    assert (found(database, "fifteen"), found(database, "fifty")) == ([], ["a"])
    assert index_calls(database) == 0


def test_with_its_transcript_a_call_leaves_the_index(database: Database, add_call: AddCall) -> None:
    add_call("a", ("agent", "my address is known"))
    index_calls(database)
    with database.writing() as connection:
        connection.execute(delete(TranscriptRow).where(TranscriptRow.call_id == "a"))

    assert found(database, "address") == []
    with database.reading() as connection:
        assert connection.execute(select(SpokenRow.id)).all() == []
        assert connection.execute(select(IndexedCallRow.call_id)).all() == []
        if connection.dialect.name == "sqlite":
            assert not connection.execute(text("SELECT 1 FROM spoken_words('address')")).all()


def test_pages_follow_each_other_newest_first(
    database: Database, add_call: AddCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE_CALLS", 3)
    ids = [add_call(f"c{n:02}", day=DAY - timedelta(days=n // 3)) for n in range(8)]
    expected = sorted(ids, key=lambda one: (DAY - timedelta(days=int(one[1:]) // 3), one), reverse=True)
    shown, after = [], None
    with database.reading() as connection:
        while True:
            page = find(connection, Filters(), after)
            shown.append([call.call_id for call in page.calls])
            assert (page.counted, page.more) == ((None, False) if after else (8, False))
            if (after := page.following) is None:
                break
        everything = [call.call_id for call in find_all(connection, Filters(), most=7)]
    assert shown == [expected[:3], expected[3:6], expected[6:]]
    assert everything == expected[:7]


def test_no_more_are_counted_than_anybody_reads(
    database: Database, add_call: AddCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED_CALLS", 2)
    for n in range(4):
        add_call(f"c{n}")
    with database.reading() as connection:
        page = find(connection, Filters())
    assert (page.counted, page.more) == (2, True)


def test_it_shows_where_it_was_said(database: Database, add_call: AddCall) -> None:
    long = "first of all " * 20
    add_call("a", ("agent", "Hello."), ("customer", f"{long}I want my refund, please. {long}"))
    index_calls(database)
    with database.reading() as connection:
        (call,) = find(connection, Filters(text="refund -voucher")).calls
    (snippet,) = call.snippets
    assert (snippet.turn_id, snippet.speaker, snippet.start_ms) == ("t2", "customer", 20_000)
    assert [part for part, is_sought in snippet.parts if is_sought] == ["refund"]
    assert (snippet.parts[0], snippet.parts[-1]) == (("…", False), ("…", False))


def test_days_are_bounds_that_are_included(database: Database, add_call: AddCall) -> None:
    for n in range(4):
        add_call(f"c{n}", day=date(2026, 11, 1 + n))
    asked = {"first_day": date(2026, 11, 2), "last_day": date(2026, 11, 3)}
    assert found(database, "", **asked) == ["c2", "c1"]
