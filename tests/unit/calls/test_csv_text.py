"""What any spreadsheet writes comes back as it was; a torn row costs no other."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls import csv_text
from include.calls.csv_text import folded, read_table
from include.errors import InvalidInput

FILE = frozenset({"file"})
LETTERS = st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u2028\u2029\ufffd")
CELL = st.text(LETTERS, max_size=12)
# A cell of several lines, none of which looks like a row of its own.
LINES = st.lists(st.text(st.characters(categories=("L",)), max_size=5), max_size=3).map("\n".join)


@pytest.mark.long
@given(
    rows=st.lists(st.tuples(CELL.filter(str.strip), CELL, LINES), max_size=6),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    empty_ends=st.integers(0, 3),
)
def test_what_was_written_is_read(*, rows, separator, encoding, line_end, quoting, empty_ends) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=quoting)
    writer.writerow(["File", "Agent", "Note"])
    writer.writerows([[*row, *[""] * empty_ends] for row in rows])

    table = read_table(io.BytesIO(text.getvalue().encode(encoding)), FILE)

    assert [folded(column) for column in table.columns] == ["file", "agent", "note"]
    read = [tuple(cell.lstrip(" ") for cell in row.cells[:3]) for row in table.rows]
    assert read == [tuple(cell.lstrip(" ") for cell in row) for row in rows]
    assert not any(row.torn for row in table.rows)
    # Rows are counted as a spreadsheet counts them, whatever lines their cells have.
    assert [row.number for row in table.rows] == list(range(2, len(rows) + 2))


@given(
    rows=st.lists(CELL.map(lambda cell: cell.replace('"', "").replace(",", "")), min_size=3, max_size=8),
    at=st.integers(0, 7),
)
def test_a_quote_that_nobody_closes_costs_its_row_alone(rows: list[str], at: int) -> None:
    torn = at % len(rows)
    lines = ["file,agent"] + [f"{n}.wav," + ('"' if n == torn else "") + cell for n, cell in enumerate(rows)]

    table = read_table(io.BytesIO("\n".join(lines).encode()), FILE)

    assert [row.cells[0] for row in table.rows] == [f"{n}.wav" for n in range(len(rows))]
    others = [row.cells[1].strip() for n, row in enumerate(table.rows) if n != torn]
    assert others == [cell.strip() for n, cell in enumerate(rows) if n != torn]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("File", "file"),
        (" channel-roles ", "channel_roles"),
        ('"Started At"', "started_at"),
        ("\ufeffFILE", "file"),
        ("customer\u00a0ref", "customer_ref"),
        ("'agent'", "agent"),
    ],
)
def test_names_of_columns_are_called_in_many_ways(written: str, name: str) -> None:
    assert folded(written) == name


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(content: bytes) -> None:
    try:
        read_table(io.BytesIO(content), FILE)
    except InvalidInput as error:
        assert str(error)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [200, 201, 202, 203, 210, 333])
def test_wherever_a_piece_ends_the_rows_are_the_same(
    monkeypatch: pytest.MonkeyPatch, line_end: bytes, size: int
) -> None:
    rows = [b'%d.wav,Jos\xe9,"a' % n + line_end + b'b %d"' % n for n in range(60)]
    content = line_end.join([b"file,agent,note", *rows])
    whole = list(read_table(io.BytesIO(content), FILE).rows)

    monkeypatch.setattr(csv_text, "_PIECE_BYTES", size)
    assert list(read_table(io.BytesIO(content), FILE).rows) == whole
    assert len(whole) == len(rows)
    assert whole[7].cells[:2] == ["7.wav", "José"]
