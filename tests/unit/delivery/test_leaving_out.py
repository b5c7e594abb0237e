"""A report for who answers some of its calls blind, or may see no call: without these, or not at all."""

import re
from pathlib import Path

import pytest
from markupsafe import escape

from include.calls.call import CallState
from include.calls.stage import Stage
from include.delivery import report
from include.delivery.leaving_out import quoted_calls, without_any_call, without_calls
from include.delivery.report import render_html
from include.delivery.summary import summarise
from include.errors import NotForYou
from tests.unit.delivery.seeding import SeededDay

pytestmark = pytest.mark.drawn

TEMPLATES = sorted((Path(report.__file__).parent / "templates").glob("*.html"))
ONE, OTHER = "20261116-1", "20261116-2"
EVIL = "<!--end--><!--of 20261116-2-->"


def _entry(call_id: str, said: str) -> str:
    return f'<!--of {call_id}--><li><a href="calls/{call_id}">a.wav</a>\n{escape(said)}</li><!--end-->'


def _page(*entries: str) -> str:
    return f"<body>\n<main>\n<p>All in all 80 %</p>\n<ol>{' '.join(entries)}</ol></main></body>"


def test_what_it_tells_of_the_calls_is_left_out_wherever_it_stands() -> None:
    page = without_calls(_page(_entry(ONE, "61 %"), _entry(OTHER, "70 %"), _entry(ONE, "no notice")), {ONE})
    assert "Without the 1 call that you answer in calibration" in page
    assert ONE not in page and "61 %" not in page and "no notice" not in page
    assert OTHER in page and "70 %" in page and "All in all 80 %" in page


def test_what_was_said_ends_no_entry_and_begins_none() -> None:
    page = without_calls(_page(_entry(ONE, f"{EVIL} 61 %"), _entry(OTHER, EVIL)), {ONE})
    assert "61 %" not in page
    assert OTHER in page


def test_a_report_without_these_calls_is_as_it_was_written() -> None:
    page = _page(_entry(OTHER, "70 %"))
    assert without_calls(page, {ONE}) == without_calls(page, ()) == page


def test_one_that_tells_of_a_call_outside_of_its_entries_is_not_shown() -> None:
    with pytest.raises(NotForYou, match="1 call that you answer in a calibration session"):
        without_calls(_page(f'<li><a href="calls/{ONE}">a.wav</a> 61 %</li>'), {ONE})


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_recording_that_a_report_names_stands_in_an_entry(template: Path) -> None:
    text = re.sub(r"\{% (from|macro recording).*", "", template.read_text())
    rest = re.sub(r"\{\{ (of|quoting)\(.*?\{\{ end_of \}\}", "", text, flags=re.DOTALL)
    assert "recording(" not in rest


# What people and recorders write; each stands in the report of `told` somewhere.
AGENT, QUOTE, PROOF, AUDITED, LOST = (
    "Ana --><!--end--> Silva",
    "my balance",
    "he said so",
    "ana-1.wav",
    "lost.wav",
)


@pytest.fixture
def told(day: SeededDay) -> str:
    """A report of calls with quotes, and of one that failed."""
    day.batch("run-2")
    call = day.call("run-2", AUDITED, agent=AGENT)
    day.stages("run-2", call)
    found = {
        "turn_id": "t4",
        "speaker": "agent",
        "status": "verified",
        "quote": f"{QUOTE} {EVIL}",
        "counts": True,
    }
    found |= {"start_ms": 65_000, "end_ms": 67_000, "confidence": 0.9}
    answers = {"verified": "no", "closing": "no", "dead_air": "yes"}
    day.audit("run-2", call, 0, answers, evidence={"verified": [found]}, doubts={"closing": PROOF})
    lost = day.call("run-2", LOST, CallState.FAILED, reason="stt: broke")
    day.failure("run-2", lost, Stage.STT)
    return render_html(summarise(day.database, "run-2"))


@pytest.mark.long
def test_whoever_may_see_no_call_sees_how_the_run_went_and_nothing_of_its_calls(told: str) -> None:
    assert all(str(escape(one)) in told for one in (AGENT, QUOTE, PROOF, AUDITED, LOST))
    page = without_any_call(told, "Your account lacks a right.")
    assert not [one for one in (AGENT, "Silva", QUOTE, PROOF, AUDITED, LOST, 'href="calls/') if one in page]
    assert "Without what it tells of calls and agents. Your account lacks a right." in page
    assert "mean score" in page and "Answers by criterion" in page and "Stages and hosts" in page


@pytest.mark.long
def test_what_failed_and_its_log_stay_for_who_looks_after_runs(told: str) -> None:
    page = without_any_call(told, "")
    rows = re.findall(r"<tr><td>failed</td>.*?</tr>", page)
    assert any("stt: broke" in row and "its log" in row for row in rows)
    assert page.count("<tr") == page.count("</tr>")


@pytest.mark.long
def test_the_reader_of_a_report_reads_of_the_calls_that_it_quotes(told: str) -> None:
    (audited,) = {one for one in re.findall(r'href="calls/([^"]+)">([^<]+)', told) if one[1] == AUDITED}
    assert quoted_calls(told) == [audited[0]]
    assert quoted_calls(without_any_call(told, "")) == []


def test_a_report_of_an_older_version_is_not_shown_without_its_calls_and_quotes_all_that_it_names() -> None:
    page = _page(_entry(ONE, "61 %"), '<li><a href="calls/20261116-2">b.wav</a></li>', _entry(ONE, "70 %"))
    with pytest.raises(NotForYou, match=r"^You may not\. This report was written by an older cofi"):
        without_any_call(page, "You may not.")
    assert quoted_calls(page) == [ONE, OTHER]


def test_a_run_that_stopped_at_its_beginning_has_no_calls(tmp_path: Path) -> None:
    page = report.write_stopped("run-2", "There is no connection cofi_llm", tmp_path).read_text()
    assert "There is no connection cofi_llm" in without_any_call(page, "")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_what_is_quoted_and_who_spoke_stands_in_entries(template: Path) -> None:
    """Whatever a template takes from one call or agent: seen by the names that the values have."""
    rest = re.sub(r"\{\{ (of|quoting)\(.*?\{\{ end_of \}\}", "", template.read_text(), flags=re.DOTALL)
    rest = re.sub(r"\{% macro .*?\{% endmacro %\}", "", rest, flags=re.DOTALL)
    assert not re.findall(
        r"\{\{[^}]*\.(?:agent|quote|quotes|justification|summary|path)\b|charts\.agents \}", rest
    )
