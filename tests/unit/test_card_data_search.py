"""The search that the gate trusts: it finds the number in every form, and says when it has proven nothing."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.card_data_search import Search, sample_card_numbers, searched

NUMBER = "5105105105105100"
MASK = "[card number ending 5100]"
FORMS = [
    "5105105105105100",
    "5105 1051 0510 5100",
    "5-105-1051-0510-5100.",
    "five one zero five, one zero five one, zero five one zero, five one zero zero",
    "Fifty-one oh five, ten fifty-one, oh five ten, five one double oh",
    "the first half: 5105 1051 05",
]


def database(path: Path, *told: str) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE transcripts (transcript JSON)")
        made.executemany("INSERT INTO transcripts VALUES (?)", [(text,) for text in (MASK, *told)])
        made.commit()


def found(folder: Path) -> list[str]:
    return [place.removeprefix(f"{folder}/") for place in searched([folder], (NUMBER,)).found]


def test_the_sample_calls_say_one_card_number() -> None:
    assert sample_card_numbers() == (NUMBER,)


@pytest.mark.parametrize("form", FORMS)
def test_the_number_is_found_in_every_form_wherever_it_is(tmp_path: Path, form: str) -> None:
    database(tmp_path / "cofi.db", json.dumps({"turns": [{"id": "t1", "text": f"it is {form}"}]}))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "summary.json").write_text(json.dumps({"review": [{"quote": form}]}))
    (tmp_path / "runs" / "report.html").write_text(f"<html><p>“{form}”</p></html>")
    (tmp_path / "gpu_a.log").write_text(f"INFO failed: {form}\n")
    places = set(found(tmp_path))
    assert {"cofi.db, transcripts.transcript", "runs/summary.json", "runs/report.html", "gpu_a.log"} <= places


def test_words_with_their_times_are_read_one_after_the_other(tmp_path: Path) -> None:
    words = [
        {"text": part, "start_ms": 10 * n} for n, part in enumerate(["5", "-105", "-1051", "-0510", "-5100."])
    ]
    database(tmp_path / "cofi.db", json.dumps({"turns": [{"words": words}]}))
    assert found(tmp_path) == ["cofi.db, transcripts.transcript"]


def test_deleted_bytes_of_a_database_are_found(tmp_path: Path) -> None:
    path = tmp_path / "cofi.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA secure_delete = OFF")
        made.execute("CREATE TABLE transcripts (transcript JSON)")
        made.executemany("INSERT INTO transcripts VALUES (?)", [(f"{NUMBER}, " * 100,) for _ in range(50)])
        made.commit()
        made.execute("DELETE FROM transcripts")
        made.execute("INSERT INTO transcripts VALUES (?)", (MASK,))
        made.commit()
    assert found(tmp_path) == ["cofi.db, as bytes"]


def test_a_masked_number_is_no_find_nor_is_any_other(tmp_path: Path) -> None:
    database(tmp_path / "cofi.db", "4111 1111 1111 1111", "ending 5100", "2026-11-29T08:34:44.358667+00:00")
    assert found(tmp_path) == []


def test_a_search_that_could_find_nothing_is_no_proof(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Nothing is proven"):
        searched([tmp_path], (NUMBER,))
    (tmp_path / "a.log").write_text("nobody said anything")
    with pytest.raises(SystemExit, match=r"1 files with 0 rows hold 0 masks"):
        searched([tmp_path], (NUMBER,))
    assert Search((NUMBER,)).found == []
