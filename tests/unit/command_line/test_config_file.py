"""`site.cfg`: what is refused in it, and what `cofi init` changes in files of all shapes."""

from configparser import ConfigParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.command_line.config_file import with_settings, without_settings
from include.command_line.site import Site
from include.command_line.site_files import Line
from include.errors import InvalidInput
from tests.unit.command_line.conftest import Typed

FILE = Path("site.cfg")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[DEFAULT]\ntimezone = UTC\n", "nobody reads [DEFAULT]; write timezone below [cofi], or"),
        ("[coffi]\ntimezone = UTC\n", "there is no section [coffi]; write [cofi]."),
        ("[Cofi]\ntimezone = UTC\n", "there is no section [Cofi]; write [cofi]."),
        ("[ cofi ]\ntimezone = UTC\n", "there is no section [ cofi ]; write [cofi]."),
        ("[core ]\nparallelism = 3\n", "there is no section [core ]; write [core]."),
        ("[cofi]\ntimezon = UTC\n", "[cofi] has no setting timezon; did you mean timezone?"),
        ("[cofi]\nblue = 1\n", "[cofi] has no setting blue; airflow.cfg has those that there are."),
    ],
)
def test_what_would_do_nothing_is_refused(home: Path, typed: Typed, text: str, problem: str) -> None:
    (home / "site.cfg").write_text(text)
    code, _, error = typed("check")
    assert code == 1
    assert error.startswith(f"{home}/site.cfg: {problem}")


def test_the_mark_of_an_editor_and_words_behind_a_section_are_no_part_of_it(home: Path) -> None:
    (home / "site.cfg").write_text("\ufeff[cofi] # ours\ntimezone = Europe/Madrid\n[core]\nparallelism = 3\n")
    assert Site.here().settings == {
        "AIRFLOW__COFI__TIMEZONE": "Europe/Madrid",
        "AIRFLOW__CORE__PARALLELISM": "3",
    }


@pytest.mark.parametrize(
    "text",
    [
        "[cofi]  \n  timezone = UTC\n  languages = es\n",
        "[cofi] # ours\nTimezone: UTC\n\nlanguages = es\n",
        "[cofi]\ntimezone =\n    UTC\n    and more\nlanguages = es\n",
        "[core]\nx = 1\n\n[cofi]\nlanguages = es\n",
    ],
)
def test_init_changes_files_of_all_shapes(home: Path, typed: Typed, text: str) -> None:
    (home / "site.cfg").write_text(text)
    assert typed("init", "--yes", "--timezone", "Europe/Madrid")[::2] == (0, "")
    assert Site.here().value("timezone") == "Europe/Madrid"
    assert Site.here().value("languages") == "es"


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        (["--recordings", ""], "Where do your recordings lie?"),
        (["--recordings", " "], "Where do your recordings lie?"),
        (["--recordings", "/srv/calls\n[core]\nx = 1"], "write it in one line"),
        (["--gpu-host", ""], "Which GPU hosts?"),
        (["--gpu-host", " , "], "Which GPU hosts?"),
        (["--gpu-host", "gpu_1=http://one:9001", "--gpu-token", "a\nb"], "write it in one line"),
        (["--llm-url", "http://llm/v1\x00", "--llm-model", "m"], "no text in UTF-8"),
        (["--timezone", "UTC\u2028x"], "write it in one line"),
    ],
)
def test_answers_that_are_none_or_no_line_are_refused(
    home: Path, typed: Typed, others: object, options: list[str], mend: str
) -> None:
    code, _, error = typed("init", "--yes", *options)
    assert code == 1
    assert mend in error
    assert not (home / "site.cfg").exists()


SETTINGS = st.dictionaries(
    st.tuples(st.sampled_from(["cofi", "core"]), st.sampled_from(["timezone", "languages", "x"])),
    st.text("abc /:=#;%[]", min_size=0).map(str.strip),
)
PARTS = st.lists(
    st.sampled_from(
        ["timezone = a\n", "  x: b\n", "languages =\n   c\n\n   # z\n   d\n", "# why\n", "\n", "x\t= e\n"]
    ),
    unique_by=lambda part: part.strip()[:1],
    max_size=4,
).map("".join)
FILES = (
    st.lists(st.sampled_from(["cofi", "core", "api"]), unique=True, max_size=3)
    .flatmap(lambda names: st.tuples(*(st.tuples(st.just(name), PARTS) for name in names)))
    .map(lambda sections: "".join(f"[{name}]\n{part}" for name, part in sections))
)


def lines_of(text: str) -> dict[tuple[str, str], str]:
    parser = ConfigParser(interpolation=None, allow_no_value=False)
    parser.read_string(text)
    return {
        (section, name): parser[section][name] for section in parser.sections() for name in parser[section]
    }


@pytest.mark.long
@given(FILES, SETTINGS)
def test_what_is_set_holds_afterwards_and_all_else_stays(
    text: str, wanted: dict[tuple[str, str], str]
) -> None:
    before = lines_of(text)
    settings = {place: Line(value, "why") for place, value in wanted.items()}
    changed = with_settings(text, settings, FILE)
    assert lines_of(changed) == before | wanted
    assert with_settings(changed, settings, FILE) == changed
    removed = without_settings(changed, set(wanted))
    assert lines_of(removed) == {place: value for place, value in before.items() if place not in wanted}


def test_a_file_that_cannot_be_read_is_not_changed() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        with_settings("[cofi\n", {("cofi", "x"): Line("1", "why")}, FILE)
