"""A location is opened by the connection that it names, and what is missing for that is named."""

from datetime import date
from pathlib import Path

import pytest
from airflow.sdk.io import has_fs

from cofi.hooks import connections
from cofi.settings import Settings
from cofi.stores import around, opened
from include.errors import InvalidInput

DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections._ask_for.retry, "sleep", lambda _: None)


@pytest.mark.parametrize("form", ["file://{}", "{}"])
def test_a_folder_of_this_machine_is_opened_as_path_or_uri(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"a call")
    path = opened(form.format(tmp_path))
    assert path.fs.find(path.path) == [f"{tmp_path}/a.wav"]


@pytest.mark.skipif(has_fs("s3"), reason="the package is installed here")
@pytest.mark.parametrize(
    ("location", "package", "connection"),
    [
        ("s3://bucket/calls", r"apache-airflow-providers-amazon\[s3fs\]", "recordings_s3"),
        ("s3://mine@bucket/calls", r"apache-airflow-providers-amazon\[s3fs\]", "mine"),
        ("gs://bucket/calls", "apache-airflow-providers-google", "recordings_gs"),
        ("abfs://mine@container/calls", "apache-airflow-providers-microsoft-azure", "mine"),
    ],
)
def test_a_package_that_is_missing_is_named_with_the_connection_to_create(
    location: str, package: str, connection: str
) -> None:
    with pytest.raises(InvalidInput, match=rf"needs the package {package}.* connection {connection} for it"):
        opened(location)


def test_what_nobody_opens_says_what_is_opened() -> None:
    with pytest.raises(
        InvalidInput, match=r"Nothing opens gopher://host/calls: locations begin with file://"
    ):
        opened("gopher://host/calls")


def test_a_connection_that_is_missing_is_named_before_a_store_is_asked(tmp_path: Path) -> None:
    """Libraries would go on as anonymous."""
    with pytest.raises(
        InvalidInput, match="names the connection nobodys, and there is none: create it under"
    ):
        opened(f"file://nobodys@{tmp_path}")


def test_a_location_that_is_not_there_is_told_apart_from_a_day_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "2026-11-19").mkdir()
    found = around(str(tmp_path), DAY, Settings.load())
    assert found
    assert (found.missing, found.names, found.layout_fits) == ("2026-11-20", ("2026-11-19",), True)
    with pytest.raises(InvalidInput, match="There is no folder /no/such/place: correct the Param 'location'"):
        around("/no/such/place", DAY, Settings.load())
