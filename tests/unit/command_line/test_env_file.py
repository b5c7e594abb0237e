"""`.env`: what its lines are read as, what is refused or told, and what `cofi init` changes in it."""

import json
import string
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from include.command_line.env_file import oddities, variables_in, with_variables
from include.command_line.site import Site
from include.command_line.site_files import Line, connection
from include.errors import InvalidInput
from tests.unit.command_line.conftest import Typed

KNOWN = {"LLM_URL", "LLM_API_KEY", "LLM_MODEL", "RECORDINGS", "COFI_GPU_HOST_STT_MODEL"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\r\nB='two words' # why\r\n", {"A": "1", "B": "two words"}),
        ("\ufeffA=1\n", {"A": "1"}),
        ("export A=1\n", {"A": "1"}),
        ("# A=0\n\n  A = 1\nB=\nC\n", {"A": "1"}),
        ("A=$HOME/${B}\n", {"A": "$HOME/${B}"}),
    ],
)
def test_lines_are_read_as_compose_reads_them(tmp_path: Path, text: str, values: dict[str, str]) -> None:
    (tmp_path / ".env").write_text(text, newline="")
    assert variables_in(tmp_path / ".env") == values


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert variables_in(tmp_path / ".env") == {}
    assert list(oddities(tmp_path / ".env", KNOWN)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\n\n\nLLM_URL: http://llm/v1\n", 4),
        ("LLM_API_KEY='s3cret\n", 1),
        ('A=1\nLLM_API_KEY="s3cret\nB=2\n', 2),
        ("A='1'2\n", 1),
        ("=1\n", 1),
    ],
)
def test_a_line_that_would_be_left_out_in_silence_is_refused_without_telling_what_it_holds(
    home: Path, typed: Typed, text: str, line: int
) -> None:
    (home / ".env").write_text(text)
    code, out, error = typed("check")
    assert (code, out) == (1, "")
    assert error == (
        f"{home}/.env, line {line}: write it as NAME=value, with a quote at both ends of the value or at "
        "none.\n"
    )
    code, _, error = typed("init", "--yes")
    assert code == 1 and f"line {line}" in error
    assert (home / ".env").read_text() == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("name", [".env", "site.cfg"])
def test_a_file_in_another_encoding_is_named(home: Path, typed: Typed, name: str, encoding: str) -> None:
    (home / name).write_bytes("# café\nA=1\n".encode(encoding))
    assert typed("check")[::2] == (1, f"{home / name} is no text in UTF-8: save it as such.\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("LLM_URL=a\nLLM_URL=a\n", []),
        (
            "LLM_URL=a\nA=1\nLLM_URL=b\n",
            ["lines 1 and 3 set LLM_URL to different values, of which the last one holds"],
        ),
        ("\nLLM_URL\n", ["line 2 names LLM_URL without a value: write LLM_URL=…, or take it out"]),
        ("A='x\nB='\n", ["line 1: the value of A goes over several lines; is a quote missing?"]),
        ("LLM_APIKEY=k\n", ["line 1: nothing reads LLM_APIKEY; write LLM_API_KEY, if that is meant"]),
        ("llm_url=u\n", ["line 1: nothing reads llm_url; write LLM_URL, if that is meant"]),
        (
            "airflow__cofi__timezone=UTC\n",
            [
                "line 1: nothing reads airflow__cofi__timezone; write AIRFLOW__COFI__TIMEZONE, if that is "
                "meant"
            ],
        ),
        (
            "COFI_GPU_HOST_STT_MODL=m\n",
            ["line 1: nothing reads COFI_GPU_HOST_STT_MODL; write COFI_GPU_HOST_STT_MODEL, if that is meant"],
        ),
        ("OURS=1\nHTTP_PROXY=p\nAIRFLOW_CONN_GPU_7={}\nAIRFLOW__CORE__X=1\n", []),
    ],
)
def test_what_may_not_do_what_was_meant_is_told(tmp_path: Path, text: str, told: list[str]) -> None:
    (tmp_path / ".env").write_text(text)
    assert list(oddities(tmp_path / ".env", KNOWN)) == told


def test_a_misspelled_setting_of_cofi_is_refused_as_in_site_cfg(home: Path, typed: Typed) -> None:
    (home / ".env").write_text("AIRFLOW__COFI__TIMEZON=UTC\n")
    assert typed("check")[::2] == (
        1,
        f"{home}/.env: [cofi] has no setting for AIRFLOW__COFI__TIMEZON; did you mean timezone?\n",
    )


@pytest.mark.parametrize("line", ["export POSTGRES_PASSWORD=ours", "  POSTGRES_PASSWORD = ours"])
def test_a_password_that_stands_there_gets_no_second_that_wins(home: Path, typed: Typed, line: str) -> None:
    (home / ".env").write_text(f"{line}\n")
    assert typed("init", "--yes")[0] == 0
    assert (home / ".env").read_text().count("POSTGRES_PASSWORD") == 1
    assert Site.here().environment["POSTGRES_PASSWORD"] == "ours"


@pytest.mark.long
def test_an_empty_key_of_the_example_is_filled_in_where_it_stands(home: Path, typed: Typed) -> None:
    (home / ".env").write_text("# ours\nJWT_SECRET=\n\nOURS=1\n")
    assert typed("init", "--yes")[0] == 0
    text = (home / ".env").read_text()
    assert text.startswith("# ours\nJWT_SECRET=") and text.count("JWT_SECRET") == 1
    assert len(Site.here().environment["JWT_SECRET"]) >= 64


NAMES = st.sampled_from(["A", "B", "LLM_URL", "LLM_API_KEY", "X_1"])
VALUES = st.text(string.printable.replace("\r", "").replace("\n", ""), min_size=1).map(str.strip).filter(bool)
FILES = st.lists(
    st.one_of(
        st.builds("{}{}={}\n".format, st.sampled_from(["", "export ", "  "]), NAMES, st.just("old")),
        st.builds("{} = 'old one' # why\n".format, NAMES),
        st.sampled_from(["# A=1\n", "\n", "B=\n", "A='x\ny'\n", 'B="a \\" b"\n']),
    )
).map("".join)


@pytest.mark.long
@given(FILES, st.dictionaries(NAMES, VALUES))
def test_what_is_set_holds_afterwards_and_all_else_stays(text: str, wanted: dict[str, str]) -> None:
    lines = {name: Line(value, "why") for name, value in wanted.items()}
    changed = with_variables(text, lines, Path(".env"))
    found = dotenv_values(stream=StringIO(changed), interpolate=False)
    before = dotenv_values(stream=StringIO(text), interpolate=False)
    assert {name: found[name] for name in wanted} == wanted
    assert {name: value for name, value in before.items() if name not in wanted} == {
        name: value for name, value in found.items() if name not in wanted
    }
    assert with_variables(changed, lines, Path(".env")) == changed


@given(st.text(string.printable.replace("\r", "").replace("\n", "")))
def test_a_connection_keeps_every_character_of_its_password(password: str) -> None:
    text = with_variables("", {"X": Line(connection("http://gpu", password), "why")}, Path(".env"))
    found = dotenv_values(stream=StringIO(text), interpolate=False)["X"]
    assert found and json.loads(found)["password"] == password
    # As Compose reads it: what stands between single quotes, as it is.
    assert json.loads(text.partition("X='")[2].rstrip("\n").removesuffix("'"))["password"] == password


def test_a_file_that_cannot_be_read_is_not_changed() -> None:
    with pytest.raises(InvalidInput, match="line 1"):
        with_variables("A: 1\n", {"B": Line("1", "why")}, Path(".env"))
