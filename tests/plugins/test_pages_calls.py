"""What a call's page shows and plays, to whom, and what is recorded of it."""

import io
import re

import pytest
import soundfile
from sqlalchemy import delete, select, update

from include.call_pages.call import head_of, read_call
from include.database.engine import Database
from include.database.models import CallAccessRow, CallRow, TranscriptRow
from tests.plugins.browser import call_id_of
from tests.plugins.demo_site import As, Entries
from tests.plugins.people import WRITES

CARD, OWN, OTHERS = "1003-card-payment.flac", "1001-late-fee.ogg", "1002-slow-internet.ogg"
SAID = "Riverside"


def _page(path: str) -> str:
    return f"/cofi/calls/{call_id_of(path)}"


def _accesses(site: Database) -> list[tuple[str, str, str, int | None, float | None]]:
    row = CallAccessRow
    query = select(row.person, row.call_id, row.what, row.from_ms, row.seconds).order_by(row.id)
    with site.reading() as connection:
        return [tuple(one) for one in connection.execute(query)]


def test_a_page_shows_text_score_and_why(as_: As) -> None:
    text = as_("ana").get(_page(OWN)).text
    for expected in (SAID, "Why this score", "of 100 points", "Where all of this comes from", "cofi-rules-1"):
        assert expected in text
    assert re.search(r"2026-11-1[67] \d\d:\d\d UTC · ", text), "when it began, by the site's clock"


def test_every_sample_call_has_a_page(as_: As, site: Database) -> None:
    with site.reading() as connection:
        call_ids = list(connection.scalars(select(CallRow.call_id)))
    for call_id in call_ids:
        assert as_("ana").get(f"/cofi/calls/{call_id}").status_code == 200, call_id
    assert len(call_ids) == 24


def test_whoever_reads_a_call_stands_in_both_records(as_: As, site: Database, entries: Entries) -> None:
    as_("ana").get(_page(OWN))
    assert _accesses(site) == [("ana", call_id_of(OWN), "text", None, None)]
    assert entries == [("ana", "cofi_read_call", call_id_of(OWN))]


def test_an_agent_reads_and_hears_their_own_calls_and_learns_nothing_of_others(
    as_: As, site: Database
) -> None:
    own, others = as_("daniel").get(_page(OWN)), as_("daniel").get(_page(OTHERS))
    missing = as_("daniel").get("/cofi/calls/20261116-0")
    assert (own.status_code, others.status_code, missing.status_code) == (200, 404, 404)
    assert SAID not in others.text
    assert others.text.replace(call_id_of(OTHERS), "") == missing.text.replace("20261116-0", "")
    assert as_("daniel").get(_page(OWN) + "/sound").status_code == 200
    assert as_("daniel").get(_page(OTHERS) + "/sound").status_code == 404
    assert {row[1] for row in _accesses(site)} == {call_id_of(OWN)}


@pytest.mark.parametrize("path", ["", "/sound", "/peaks"])
def test_without_a_role_there_is_no_trace_of_a_call(as_: As, site: Database, path: str) -> None:
    answer = as_("vera").get(_page(OWN) + path)
    assert answer.status_code == 403
    for trace in (SAID, "1001", "Daniel"):
        assert trace not in answer.text
    assert not _accesses(site)


def test_without_the_right_to_hear_there_is_text_and_no_sound(as_: As, site: Database) -> None:
    page = as_("rita").get(_page(OWN))
    assert SAID in page.text
    assert "<audio" not in page.text
    for path in ("/sound", "/peaks"):
        assert as_("rita").get(_page(OWN) + path).status_code == 403
    stretch = {"from_ms": 0, "seconds": 2}
    assert as_("rita").post(_page(OWN) + "/heard", json=stretch, headers=WRITES).status_code == 403
    assert {row[2] for row in _accesses(site)} == {"text"}


def test_sound_comes_by_byte_range_and_is_recorded_once(as_: As, site: Database) -> None:
    client, url = as_("ana"), _page(OWN) + "/sound"
    whole = client.get(url)
    part = client.get(url, headers={"Range": "bytes=1000-1999"})
    assert (whole.status_code, part.status_code) == (200, 206)
    assert part.content == whole.content[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole.content)}"
    assert "private" in whole.headers["cache-control"]
    assert [row[2] for row in _accesses(site)] == ["sound"]


def test_sound_that_is_sent_ahead_is_not_recorded_as_played(as_: As, site: Database) -> None:
    client, url = as_("ana"), _page(OWN) + "/sound"
    ahead = client.get(f"{url}?ahead=true")
    assert ahead.content == client.get(url).content
    assert [row[2] for row in _accesses(site)] == ["ahead", "sound"]


def test_what_was_played_is_recorded_with_its_place(as_: As, site: Database) -> None:
    stretch = {"from_ms": 38_000, "seconds": 4.5}
    assert as_("ana").post(_page(OWN) + "/heard", json=stretch, headers=WRITES).status_code == 200
    assert _accesses(site) == [("ana", call_id_of(OWN), "heard", 38_000, 4.5)]


@pytest.mark.parametrize("wrong", [{"from_ms": -1, "seconds": 1}, {"from_ms": 0, "seconds": 0}, {}])
def test_a_stretch_that_nobody_can_have_heard_is_refused(as_: As, wrong: dict[str, float]) -> None:
    assert as_("ana").post(_page(OWN) + "/heard", json=wrong, headers=WRITES).status_code == 422


def test_card_data_is_silent_on_all_channels(as_: As, site: Database) -> None:
    with site.reading() as connection:
        head = head_of(connection, call_id_of(CARD))
        assert head is not None
        spans = read_call(connection, head).hearing.silenced
    assert spans
    samples, rate_hz = soundfile.read(io.BytesIO(as_("ana").get(_page(CARD) + "/sound").content))
    for start_ms, end_ms in spans:
        assert not samples[start_ms * rate_hz // 1000 : end_ms * rate_hz // 1000].any()
    assert samples.any()


def test_a_recording_that_is_gone_says_so_and_the_text_is_there(as_: As, site: Database) -> None:
    with site.writing() as connection:
        connection.execute(update(CallRow).values(uri="file:///nowhere/a.wav"))
    answer = as_("ana").get(_page(OWN) + "/peaks")
    assert answer.status_code == 404
    assert "cannot be played" in answer.text
    assert SAID in as_("ana").get(_page(OWN)).text


def test_what_no_machine_has_heard_is_played_to_nobody(as_: As, site: Database) -> None:
    """Card data may be said in it."""
    with site.writing() as connection:
        connection.execute(delete(TranscriptRow))
        connection.execute(update(CallRow).values(state="failed", state_reason="stt: no host"))
    assert as_("admin").get(_page(OWN) + "/sound").status_code == 409
    page = as_("admin").get(_page(OWN))
    assert page.status_code == 200
    assert "stt: no host" in page.text
    assert "<audio" not in page.text


def test_what_is_said_is_text_and_never_markup(as_: As, site: Database) -> None:
    evil = "<script>alert(1)</script></script><img src=x onerror=alert(1)>"
    with site.writing() as connection:
        stored = connection.scalar(
            select(TranscriptRow.transcript).where(TranscriptRow.call_id == call_id_of(OWN))
        )
        stored["turns"][0] |= {"text": evil, "words": []}
        query = update(TranscriptRow).where(TranscriptRow.call_id == call_id_of(OWN))
        connection.execute(query.values(transcript=stored))
        connection.execute(update(CallRow).values(path="</script><script>alert(2)</script>.wav"))
    text = as_("ana").get(_page(OWN)).text
    assert "<script>alert" not in text
    assert "<img" not in text
