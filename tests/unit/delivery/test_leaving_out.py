"""A report for somebody who answers some of its calls blind: without these, or not at all."""

import re
from pathlib import Path

import pytest
from markupsafe import escape

from include.delivery import report
from include.delivery.leaving_out import without_calls
from include.errors import NotForYou

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
    rest = re.sub(r"\{\{ of\(.*?\{\{ end_of \}\}", "", text, flags=re.DOTALL)
    assert "recording(" not in rest
