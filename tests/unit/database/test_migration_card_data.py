"""What older versions have stored loses its card data, and nothing else."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from markupsafe import escape

from include.calls.transcript import Transcript
from include.card_data.masking import card_marks
from include.command_line.main import main
from include.database.migrations import config, is_current, upgrade
from include.database.migrations.card_data import rows
from include.database.migrations.facts.answers import with_facts_alone, without_violations
from include.errors import InvalidInput
from tests.card_data_search import readings, tells
from tests.unit.database import version_0005
from tests.unit.database.version_0005 import (
    BROKEN,
    CARD,
    CARD_MASK,
    CODE_MASK,
    NUMBER,
    SAID,
    SAID_MASKED,
    WRITTEN,
    WRITTEN_MASKED,
    Rows,
    dumped,
    one,
    without_card_data,
)

pytestmark = pytest.mark.long


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A run's report as older versions wrote it; its texts are escaped in the page."""
    run = tmp_path / "runs" / "demo-2026-11-16"
    run.mkdir(parents=True)
    quotes = [{"quote": SAID}, {"quote": "987."}, {"quote": "Anything else today?"}]
    finding = {"justification": f"{WRITTEN} It's <bad>.", "quotes": quotes, "earned_pct": 0.0}
    other = {"call_id": BROKEN, "reasons": ["987.", "two"], "pct": 12.5}
    summary = {"review": [{"call_id": CARD, "findings": [finding]}, other], "reasons": [{"example": NUMBER}]}
    (run / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    (run / "report.html").write_text(
        f"<html><style>p {{margin: 987.}}</style><p>“{escape(SAID)}”</p><p>“987.”</p>"
        f"<p class='muted'>{escape(finding['justification'])}</p><td>987. of 990</td><b>{NUMBER}</b></html>"
    )
    (run / ".report.html.0123abcd").write_text(f"<html>{SAID}")  # of a writer that was killed
    return tmp_path / "runs"


def values(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, str):
        yield value


def plain(stored: Rows) -> Rows:
    """Without columns that this migration and later ones add, and in JSON's own types."""
    first = {table: its_rows[0].keys() for table, its_rows in version_0005.rows().items() if its_rows}
    made: Rows = {
        table: [{name: row[name] for name in row if name in first[table]} for row in its_rows]
        for table, its_rows in json.loads(json.dumps(stored, default=str)).items()
    }
    _as_later_versions_store(made)
    heard = [row["transcript"]["turns"] for row in made["transcripts"]]
    heard += [row["result"]["turns"] for row in made["stage_results"] if "turns" in row["result"]]
    for turn in (turn for turns in heard for turn in turns):
        turn["card_data"] = [{**mark, "reason": ""} for mark in turn.get("card_data", [])]
    return made


def _as_later_versions_store(made: Rows) -> None:
    """What 0007 does: it has tests of its own."""
    turns = {row["call_id"]: row["transcript"]["turns"] for row in made["transcripts"]}
    for row in made["llm_results"]:
        if row["stage"] == "llm1":
            row["answer"] = with_facts_alone(row["answer"], (turn["id"] for turn in turns[row["call_id"]]))
        else:
            row["answer"] = without_violations(row["answer"])
    for row in made["audits"]:
        for name in ("strengths", "coaching", "comment"):
            row.pop(name, None)


def holds_number(found: list[dict[str, Any]]) -> bool:
    told = (text for row in found for value in row.values() for text in values(value))
    return any(tells(reading, NUMBER) for each in told for reading in readings(each))


class Done(NamedTuple):
    """What a command has printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


CommandLine = Callable[..., Done]


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Types `cofi db migrate --db`, and more."""

    def run(*arguments: str) -> Done:
        code = main(["db", "migrate", "--db", *arguments])
        return Done(code, *capsys.readouterr())

    return run


def test_the_fixture_holds_what_has_to_go(old: str) -> None:
    telling = [table for table, found in dumped(old).items() if holds_number(found)]
    assert telling == [
        "calls",
        "batch_calls",
        "stage_results",
        "failures",
        "transcripts",
        "llm_results",
        "audits",
        "answers",
        "webhook_outbox",
    ]


def test_card_data_goes_and_nothing_else(old: str) -> None:
    before = dumped(old)
    upgrade(old)
    assert plain(dumped(old)) == plain(without_card_data(before))


def test_what_was_masked_is_told(old: str, reports: Path) -> None:
    told: list[str] = []
    upgrade(old, reports, told.append)
    assert told[0] == (
        "Card data of earlier runs, masked rows: 2 in answers, 1 in audits, 1 in batch_calls, 1 in calls, "
        "2 in failures, 2 in llm_results, 2 in stage_results, 1 in transcripts, 1 in webhook_outbox; "
        "masked report files: 2."
    )
    lines = len(told)
    upgrade(old, reports, told.append)
    assert len(told) == lines  # nothing was left to do


def test_a_new_database_has_nothing_to_tell(
    new_url: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade(new_url())
    assert capsys.readouterr().out == ""


def test_the_number_is_in_no_column(old: str) -> None:
    upgrade(old)
    found = [row for its_rows in dumped(old).values() for row in its_rows]
    assert len(found) > 70
    assert not holds_number(found)
    code = re.compile(r"(?<![\w.-])987(?!\w)")
    told = (text for row in found for value in row.values() for text in values(value))
    assert not [text for text in told if code.search(text)]


def test_marks_tell_when_it_was_said(old: str) -> None:
    upgrade(old)
    kept = one(dumped(old), "transcripts", call_id=CARD)
    marks = card_marks(Transcript.model_validate(kept["transcript"]))
    assert [(turn.id, mark.kind, mark.start_ms, mark.end_ms) for turn, mark in marks] == [
        ("t6", "CARD", 33852, 38972),
        ("t17", "CVV", 68000, 69500),
    ]


def test_transcript_answer_and_audit_still_belong_together(old: str) -> None:
    before = dumped(old)
    upgrade(old)
    after = dumped(old)
    audit, heard = one(after, "audits", call_id=CARD), one(after, "transcripts", call_id=CARD)
    answer = one(after, "llm_results", identity=audit["llm_identity"])
    assert audit["transcript_sha256"] == heard["sha256"] == answer["transcript_sha256"]
    assert heard["sha256"] == Transcript.model_validate(heard["transcript"]).sha256
    # What a rerun would look for: of a call without card data, the same.
    untouched = [row["transcript_sha256"] for row in before["llm_results"] if row["call_id"] != CARD]
    assert untouched
    assert [row["transcript_sha256"] for row in after["llm_results"] if row["call_id"] != CARD] == untouched


def test_every_answer_stands_as_its_answer_says(old: str) -> None:
    upgrade(old)
    standing = {(row["answer"], row["standing"]) for row in dumped(old)["answers"]}
    assert standing >= {("yes", "counted"), ("NA", "not_applicable"), ("CANNOT_DETERMINE", "undetermined")}
    assert {stands for answer, stands in standing if answer not in {"NA", "CANNOT_DETERMINE"}} == {"counted"}
    assert len(standing) == len({answer for answer, _ in standing})


def test_an_old_answer_without_evidence_stays_as_its_score_was_made(new_url: Callable[[], str]) -> None:
    stored, url = version_0005.rows(), new_url()
    audit = one(stored, "audits", call_id=CARD)
    this = {"audit_id": audit["audit_id"], "criterion_id": "closing"}
    doubts = ['the answer "yes" has no evidence that counts: not found in the transcript']
    one(stored, "answers", **this).update(
        answer="yes", answered_by="llm", earned=1.0, potential=1.0, review_reasons=doubts
    )
    version_0005.load(url, stored)
    upgrade(url)
    after = dumped(url)
    kept = one(after, "answers", **this)
    assert (kept["standing"], kept["earned"], kept["potential"]) == ("counted", 1.0, 1.0)
    assert kept["review_reasons"] == doubts
    assert one(after, "audits", call_id=CARD)["pct"] == audit["pct"]


def test_reports_are_cleaned_and_keep_all_else(old: str, reports: Path) -> None:
    upgrade(old, reports)
    run = reports / "demo-2026-11-16"
    assert sorted(path.name for path in run.iterdir()) == ["report.html", "summary.json"]
    summary = json.loads((run / "summary.json").read_text())
    quotes = [{"quote": SAID_MASKED}, {"quote": CODE_MASK}, {"quote": "Anything else today?"}]
    finding = {"justification": f"{WRITTEN_MASKED} It's <bad>.", "quotes": quotes, "earned_pct": 0.0}
    other = {"call_id": BROKEN, "reasons": ["987.", "two"], "pct": 12.5}
    assert summary == {
        "review": [{"call_id": CARD, "findings": [finding]}, other],
        "reasons": [{"example": CARD_MASK}],
    }
    assert (run / "report.html").read_text() == (
        f"<html><style>p {{margin: 987.}}</style><p>“{SAID_MASKED}”</p><p>“{CODE_MASK}”</p>"
        f"<p class='muted'>{escape(finding['justification'])}</p>"
        f"<td>987. of 990</td><b>{CARD_MASK}</b></html>"
    )


def test_masking_again_changes_nothing(old: str, reports: Path) -> None:
    upgrade(old, reports)
    once = dumped(old)
    pages = {path: path.read_bytes() for path in reports.rglob("*.*")}
    command.downgrade(config(old), "0005")
    told: list[str] = []
    upgrade(old, reports, told.append)
    assert told[0] == "Card data of earlier runs, masked rows: none; masked report files: none."
    assert dumped(old) == once
    assert pages and {path: path.read_bytes() for path in reports.rglob("*.*")} == pages


def test_a_crash_loses_nothing_and_the_next_start_goes_on(
    old: str, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dumped(old)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rows, "_mask_results", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade(old, reports)
    assert not is_current(old)
    assert dumped(old) == before
    assert SAID not in (reports / "demo-2026-11-16" / "report.html").read_text()  # files come first

    upgrade(old, reports)
    assert plain(dumped(old)) == plain(without_card_data(before))


def test_a_transcript_that_cannot_be_read_is_named_and_not_quoted(new_url: Callable[[], str]) -> None:
    stored, url = version_0005.rows(), new_url()
    one(stored, "transcripts", call_id=CARD)["transcript"] = {"turns": [{"id": "t1", "text": SAID}]}
    version_0005.load(url, stored)
    with pytest.raises(InvalidInput, match=f"transcript of call {CARD} .* Delete its row") as raised:
        upgrade(url)
    assert "5-105" not in f"{raised.value}{raised.value.__cause__}"
    assert not is_current(url)


def test_it_works_call_by_call(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dumped(old)
    monkeypatch.setattr(rows, "_CALLS_AT_ONCE", 1)
    upgrade(old)
    assert plain(dumped(old)) == plain(without_card_data(before))


def test_the_command_takes_the_folder_of_reports(command_line: CommandLine, old: str, reports: Path) -> None:
    run = command_line
    wrong = run(old, "--reports", str(reports / "nowhere"))
    assert wrong.returncode and "There is no folder" in wrong.stderr

    first = run(old, "--no-reports")
    assert "1 in transcripts" in first.stdout and "name their folder" in first.stdout, first.stderr
    second = run(old, "--reports", str(reports))
    assert second.stdout.startswith("Masked report files: 2.\n"), second.stderr
    assert SAID not in (reports / "demo-2026-11-16" / "report.html").read_text()
    assert run(old).returncode == 0, "nothing is left to choose"


def test_the_command_asks_for_the_reports_before_it_masks_what_they_are_found_by(
    command_line: CommandLine, old: str, reports: Path
) -> None:
    before = dumped(old)
    refused = command_line(old)
    assert refused.returncode == 1
    assert "give --reports and the [cofi] runs_folder, or --no-reports" in refused.stderr
    assert not is_current(old) and dumped(old) == before
    done = command_line(old, "--reports", str(reports))
    assert done.returncode == 0 and "masked report files: 2" in done.stdout, done.stderr
    page = (reports / "demo-2026-11-16" / "report.html").read_text()
    assert CODE_MASK in page, "a code alone is found by what the transcript told"


def test_the_command_asks_nothing_where_no_report_can_hold_any(
    command_line: CommandLine, new_url: Callable[[], str]
) -> None:
    stored, unaudited = version_0005.rows(), new_url()
    version_0005.load(unaudited, {**stored, "audits": [], "answers": []})
    for url in (unaudited, new_url()):
        done = command_line(url)
        assert done.returncode == 0, done.stderr
        assert is_current(url)


def test_a_report_that_is_no_text_is_named_with_what_to_do(
    command_line: CommandLine, old: str, reports: Path
) -> None:
    page = reports / "demo-2026-11-16" / "report.html"
    page.write_bytes(SAID.encode() + b"\xff")
    refused = command_line(old, "--reports", str(reports))
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert f"{page} is not UTF-8" in refused.stderr and "Delete it, or move it" in refused.stderr
    assert SAID not in refused.stderr and not is_current(old)
    page.unlink()
    assert command_line(old, "--reports", str(reports)).returncode == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.html", "<p>{} and so</p>"),  # no summary tells it
        ("summary.json", '{{"quote": "{} and'),  # broken off
    ],
)
def test_a_report_is_masked_without_what_belongs_to_it(old: str, reports: Path, name: str, text: str) -> None:
    file = reports / "demo-2026-11-16" / name
    file.write_text(text.format("4539 5787 6362 1486"))
    upgrade(old, reports)
    assert file.read_text() == text.format("[card number ending 1486]")


def test_what_a_page_tells_in_a_tag_is_masked_too(old: str, reports: Path) -> None:
    page = reports / "demo-2026-11-16" / "report.html"
    page.write_text(
        f"<p title=\"{escape(SAID)} &amp; so\" class='x' data-n=\"987.\">one</p><svg aria-label='“987.”' "
        f'd="M 5105 1051 0510 5100"></svg><i title="12 calls">{NUMBER} title="987."</i>'
    )
    upgrade(old, reports)
    assert page.read_text() == (
        f'<p title="{SAID_MASKED} &amp; so" class=\'x\' data-n="987.">one</p>'
        f"<svg aria-label='“{CODE_MASK}”' "
        f'd="M 5105 1051 0510 5100"></svg><i title="12 calls">{CARD_MASK} title=&#34;987.&#34;</i>'
    )


def test_templates_put_speech_into_no_other_part_of_a_tag() -> None:
    pages = sorted(Path("include/delivery/templates").glob("*.html"))
    filled = {name for page in pages for name in re.findall(r'([\w-]+)="[^"]*\{\{', page.read_text("utf-8"))}
    assert {"class", "title"} <= filled
    # An address is made of ids.
    assert filled <= {"class", "style", "title", "aria-label", "alt", "href", "src"}


def test_card_data_that_only_the_words_tell_goes_too(new_url: Callable[[], str]) -> None:
    stored, url = version_0005.rows(), new_url()
    quiet = next(row for row in stored["transcripts"] if row["call_id"] not in (CARD, BROKEN))
    turn = quiet["transcript"]["turns"][0]
    turn["words"] = [
        {"text": word, "start_ms": 100 * n, "end_ms": 100 * n + 90, "confidence": 0.9}
        for n, word in enumerate(["card", "5105", "1051", "0510", "5100"])
    ]
    quiet["sha256"] = Transcript.model_validate(quiet["transcript"]).sha256
    for row in stored["audits"] + stored["llm_results"]:
        if row["call_id"] == quiet["call_id"]:
            row["transcript_sha256"] = quiet["sha256"]
    version_0005.load(url, stored)
    upgrade(url)
    after = dumped(url)
    assert not holds_number(after["transcripts"])
    kept = one(after, "transcripts", call_id=quiet["call_id"])
    heard = Transcript.model_validate(kept["transcript"])
    assert (heard.turns[0].text, heard.turns[0].words) == (turn["text"], [])
    assert kept["sha256"] == heard.sha256
    hashes = {r["transcript_sha256"] for r in after["audits"] if r["call_id"] == quiet["call_id"]}
    assert hashes == {heard.sha256}
