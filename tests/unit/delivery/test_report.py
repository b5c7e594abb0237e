"""The page and its JSON: safe with hostile text, complete in itself, equal for equal runs."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from include import __version__
from include.calls.call import CallState
from include.calls.stage import Stage
from include.delivery import report
from include.delivery.chart_tables import chart_tables
from include.delivery.report import render_html, write_report
from include.delivery.summary import summarise
from include.delivery.table import text_table
from include.scorecards.assessment import IN_WORDS, ONE_RULE, Standing
from tests.unit.delivery.seeding import SeededDay

RUN = "run-2"
# Served beside the page; without them it is read as well.
OWN_SCRIPTS = [f"static/{__version__}/{name}" for name in ("theme.js", "around.js")]
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)>'


class _Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _scripts(page: _Page) -> list[str | None]:
    return [attributes.get("src") for tag, attributes in page.tags if tag == "script"]


@pytest.fixture
def hostile_day(day: SeededDay) -> SeededDay:
    """Every text that comes from outside tries to be markup."""
    quote = {"turn_id": "t4", "speaker": HOSTILE, "status": "verified", "quote": f"quoted {HOSTILE}"}
    found = quote | {"start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9, "counts": True}
    day.batch(RUN)
    for n in range(2):
        call = day.call(RUN, f"{n}{HOSTILE}.wav", agent=f"agent {HOSTILE}", queue=HOSTILE, language="en")
        day.stages(RUN, call, HOSTILE, at_s=60 * n)
        day.llm(RUN, call, model=f"model {HOSTILE}")
        answers = {"verified": "no", "closing": "no", "dead_air": "yes"}
        day.audit(RUN, call, 0, answers, evidence={"verified": [found]}, doubts={"closing": HOSTILE})
    lost = day.call(RUN, "lost.wav", CallState.FAILED, reason=f"stt: {HOSTILE}")
    day.failure(RUN, lost, Stage.STT, HOSTILE)
    return day


@pytest.mark.long
@pytest.mark.drawn
def test_text_from_outside_never_becomes_markup(hostile_day: SeededDay) -> None:
    page = _Page(render_html(summarise(hostile_day.database, RUN)))

    assert "img" not in {tag for tag, _ in page.tags}
    assert _scripts(page) == OWN_SCRIPTS
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert f"quoted {HOSTILE}" in page.text


@pytest.mark.long
@pytest.mark.drawn
def test_charts_show_names_as_they_are(day: SeededDay) -> None:
    day.batch(RUN)
    for n, agent in enumerate(("<b>Ana</b>", "$x^2$ & Co", "अनन्या")):
        day.audit(RUN, day.call(RUN, f"{n}.wav", agent=agent), 50, {"verified": "yes"})

    page = render_html(summarise(day.database, RUN))

    assert {"&lt;b&gt;Ana&lt;/b&gt;", "$x^2$ &amp; Co", "अनन्या"} <= set(
        re.findall(r"<text[^>]*>([^<]*)<", page)
    )


@pytest.mark.long
@pytest.mark.drawn
def test_the_page_needs_nothing_else(hostile_day: SeededDay) -> None:
    page = render_html(summarise(hostile_day.database, RUN))

    for tag, attributes in _Page(page).tags:
        assert tag not in {"link", "iframe", "object", "embed"}
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "calls/", "log?")) or target in OWN_SCRIPTS
    assert not re.search(r"url\((?!#)|@import", page)
    assert page.count("<svg") == 7
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.long
@pytest.mark.drawn
def test_equal_figures_make_an_equal_page(hostile_day: SeededDay) -> None:
    summary = summarise(hostile_day.database, RUN)

    assert render_html(summary) == render_html(summarise(hostile_day.database, RUN))


@pytest.mark.long
def test_the_page_tells_the_ledger_the_evidence_and_that_it_is_private(day: SeededDay) -> None:
    quote = {"turn_id": "t4", "speaker": "agent", "status": "verified", "quote": "your balance is ten"}
    found = quote | {"start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9, "counts": True}
    day.batch(RUN)
    call = day.call(RUN, "a.wav", agent="Ana")
    day.audit(RUN, call, 0, {"verified": "no"}, evidence={"verified": [found]})
    day.call(RUN, "b.wav", CallState.QUARANTINED, reason="the file is empty: copy it again")

    page = render_html(summarise(day.database, RUN))
    text = " ".join(_Page(page).text.split())

    assert "1 audited + 0 failed + 0 duplicate + 0 skipped + 1 quarantined = 2 discovered" in page
    assert "“your balance is ten” agent at 1:05 · in the transcript" in text
    assert "the file is empty: copy it again" in text
    assert "Private:" in text
    assert "rule-based demo endpoint" not in text


@pytest.mark.long
def test_a_quote_over_two_speakers_names_both(day: SeededDay) -> None:
    spans = [
        {"turn_id": "t4", "speaker": "agent", "start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9},
        {"turn_id": "t5", "speaker": "customer", "start_ms": 70_000, "end_ms": 72_000, "confidence": 0.8},
    ]
    quote = {"turn_id": "t4", "speaker": None, "status": "verified", "quote": "recorded. You are an idiot"}
    found = quote | {"start_ms": 65_000, "end_ms": 72_000, "confidence": 0.8, "spans": spans}
    day.batch(RUN)
    day.audit(RUN, day.call(RUN, "a.wav"), 0, {"verified": "no"}, evidence={"verified": [found]})
    text = " ".join(_Page(render_html(summarise(day.database, RUN))).text.split())
    assert "“recorded. You are an idiot” agent at 1:05, customer at 1:10 · in the transcript" in text


@pytest.mark.long
def test_what_does_not_count_is_told_in_the_same_words_everywhere(day: SeededDay) -> None:
    day.batch(RUN)
    answers = {"verified": "no", "closing": "CANNOT_DETERMINE", "dead_air": "yes"}
    day.audit(RUN, day.call(RUN, "a.wav"), 100, answers, doubts={"verified": "nobody said it"})
    summary = summarise(day.database, RUN)
    assert (summary.scores.unsupported, summary.scores.undetermined) == (1, 1)
    by_id = {one.criterion_id: one for one in summary.scores.criteria}
    assert (by_id["verified"].earned_pct, by_id["closing"].earned_pct) == (None, None)
    assert by_id["verified"].answers[0].label.endswith(IN_WORDS[Standing.UNSUPPORTED])
    assert ONE_RULE in " ".join(_Page(render_html(summary)).text.split())
    told = "1 answers without sound evidence and 1 undetermined count neither for nor against"
    assert told in text_table(summary)


@pytest.mark.long
def test_the_page_tells_what_was_redacted_or_that_nothing_was(day: SeededDay) -> None:
    day.batch(RUN)
    calls = [day.call(RUN, f"{n}.wav") for n in range(2)]
    nothing = _Page(render_html(summarise(day.database, RUN))).text
    day.llm(RUN, calls[0])
    clean = _Page(render_html(summarise(day.database, RUN))).text
    day.llm(RUN, calls[1], redactions={"PLACE": 2, HOSTILE: 1})
    found = " ".join(_Page(render_html(summarise(day.database, RUN))).text.split())

    assert "left for the LLM" not in nothing
    assert "Nothing was replaced" in clean
    assert "left for the LLM in 1 of 2 calls" in found
    assert "places where somebody lives[PLACE_n]21" in found
    assert f"[{HOSTILE}_n]11" in found


def test_rules_and_an_open_ledger_are_announced(day: SeededDay) -> None:
    day.batch(RUN, wall_s=None)
    call = day.call(RUN, "a.wav")
    day.audit(RUN, call, 90, {"verified": "yes"}, identity=day.llm(RUN, call, model="cofi-rules-1"))
    day.call(RUN, "stuck.wav", CallState.PENDING)

    text = _Page(render_html(summarise(day.database, RUN))).text

    assert "Answers by the rule-based demo endpoint, not by a language model" in text
    assert "Without a final state: 1 call." in text


def test_a_day_without_calls_has_a_report(day: SeededDay, tmp_path: Path) -> None:
    day.batch(RUN)

    page = write_report(summarise(day.database, RUN), tmp_path / "new" / "folder")

    assert "No recordings were found for this day" in page.read_text()
    assert json.loads((page.parent / "summary.json").read_text())["outcome"]["discovered"] == 0


@pytest.mark.long
def test_the_json_holds_the_same_figures(hostile_day: SeededDay, tmp_path: Path) -> None:
    page = write_report(summarise(hostile_day.database, RUN), tmp_path)

    content = json.loads((tmp_path / "summary.json").read_text())
    assert page == tmp_path / "report.html"
    assert content["outcome"]["ledger"]["audited"] == 2
    assert content["scores"]["auto_failed"] == 2
    assert content["review"][0]["findings"][0]["quotes"][0]["start_ms"] == 65_000


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    day: SeededDay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.batch(RUN)
    page = write_report(summarise(day.database, RUN), tmp_path)
    old = page.read_text()

    def disk_full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(report.Path, "replace", disk_full)
    day.call(RUN, "late.wav", CallState.PENDING)
    with pytest.raises(OSError, match="disk full"):
        write_report(summarise(day.database, RUN), tmp_path)

    assert page.read_text() == old
    assert sorted(path.name for path in tmp_path.glob("*.html*")) == ["report.html"]
    assert not list(tmp_path.glob(".*"))


def test_every_recording_is_a_link_to_its_page_and_a_failed_one_to_its_log(day: SeededDay) -> None:
    day.batch(RUN)
    audited = day.call(RUN, "a.wav", agent="Ana")
    day.audit(RUN, audited, 0, {"verified": "no"})
    lost = day.call(RUN, "lost.wav", CallState.FAILED, reason="stt: broke")
    found = day.call(RUN, "empty.wav", CallState.QUARANTINED, reason="the file is empty: copy it again")

    page = _Page(render_html(summarise(day.database, RUN)))

    targets = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    assert {f"calls/{call_id}" for call_id in (audited, lost, found)} <= set(targets)
    assert [one for one in targets if one.startswith("log")] == [f"log?batch_id={RUN}&call_id={lost}"]


@pytest.mark.long
@pytest.mark.drawn
def test_what_a_chart_shows_stands_in_a_table_as_well(day: SeededDay) -> None:
    name = "An agent whose name is longer than any chart has room for"
    day.batch(RUN)
    for n, pct in enumerate((90, 50)):
        call = day.call(RUN, f"{n}.wav", agent=name, queue="Billing", language="es")
        day.stages(RUN, call, at_s=600 * n)
        day.audit(RUN, call, pct, {"verified": "yes", "closing": "no"})
    summary = summarise(day.database, RUN)

    tables = {
        name: (table.heads, [tuple(row) for row in table.rows])
        for name, table in chart_tables(summary).items()
    }

    assert tables["scores"] == (("score", "calls"), [("50 to 55 %", "1"), ("90 to 95 %", "1")])
    assert tables["agents"][1] == [(name, "70 %", "2", "50 %", "0")]
    assert tables["languages"][1] == [("es", "2", "4 min 0 s")]
    assert ("Proper closing", "0 %", "No: 2") in tables["criteria"][1]
    assert tables["progress"][1][0] == ("distribute", "2", "0.1 min", "0.1 min", "10.1 min", "10.1 min")
    page = render_html(summary)
    assert page.count("The figures of this chart") == 6
    # Whole in the chart, too: over as many lines as it needs.
    drawn = re.search(r'<svg role="img" aria-label="Mean score by agent".*?</svg>', page, re.DOTALL)
    assert drawn
    assert " ".join(re.findall(r"<text[^>]*>([^<]*)<", drawn[0])[:3]) == name
