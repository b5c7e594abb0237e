"""The check of the lock against known advisories finds what it is there for."""

import pytest
from packaging.version import Version

from include.plain_yaml import read_yaml
from tests.safety.advisories import ROOT, listed, locked, main, warnings
from tests.yaml_text import as_yaml

ENTRY = {
    "package": "Jinja2",
    "id": "CVE-1",
    "affected": ">=3.0,<3.1.6",
    "looked": "2026-11-29",
    "what": "sandbox",
}
LOCK = """\
jinja2==3.1.5 ; python_version < '4' \\
    --hash=sha256:00
    # via flask==0.1
jinja2==3.1.6 \\
    --hash=sha256:01
some-thing==1.0rc1
"""


def of(**changes: str) -> list[str]:
    text = as_yaml([{**ENTRY, **changes}]).replace("'2026-11-29'", "2026-11-29")
    return warnings(listed(read_yaml(text)), locked(LOCK))


def test_versions_are_read_from_the_lock_and_not_from_its_comments() -> None:
    assert locked(LOCK) == {"jinja2": [Version("3.1.5"), Version("3.1.6")], "some-thing": [Version("1.0rc1")]}
    assert len(locked((ROOT / "requirements.lock").read_text())) > 200


def test_an_affected_version_is_told() -> None:
    assert of() == ["jinja2 3.1.5 is affected by CVE-1 (<3.1.6,>=3.0): sandbox. Renew the lock."]
    assert of(affected="<3.1.5") == []
    assert of(package="some_thing", affected="<2") != [], "a pre-release counts"


def test_a_line_about_nothing_is_told() -> None:
    assert of(package="left-pad") == ["CVE-1: left-pad is not in the lock: delete the line"]


@pytest.mark.parametrize("changes", [{"affected": "below 3"}, {"looked": "soon"}])
def test_a_line_that_cannot_be_read_is_an_error(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        of(**changes)


def test_the_lock_as_it_stands_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out
