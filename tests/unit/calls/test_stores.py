"""What goes wrong in a store is told in one sentence, with the mend."""

import pytest

from include.calls.stores import Place, no_connection, no_container, not_installed, reading
from include.errors import InvalidInput, StoreFault

LOCATION = "s3://recorder@bucket/calls"


class NoCredentialsError(Exception):
    """As botocore's: no OSError."""


class ClientAuthenticationError(Exception):
    """As azure's."""


class EndpointConnectionError(Exception):
    """As botocore's."""


class HttpError(Exception):
    """As gcsfs's."""

    code = 403


def told(error: Exception, location: str = LOCATION) -> InvalidInput | StoreFault:
    with pytest.raises((InvalidInput, StoreFault)) as raised, reading(location):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://recorder@bucket/a/b", ("s3", "recorder", "bucket", "a/b")),
        ("s3://bucket", ("s3", None, "bucket", "")),
        ("gs://bucket/x y", ("gs", None, "bucket", "x y")),
        ("abfs://azure@container/calls/", ("abfs", "azure", "container", "calls")),
        ("file:///srv/calls", ("file", None, "", "srv/calls")),
        ("/srv/calls", ("", None, "", "srv/calls")),
    ],
)
def test_a_location_is_read_as_it_is_written(uri: str, expected: tuple[str, ...]) -> None:
    place = Place.of(uri)
    assert (place.scheme, place.connection, place.container, place.path) == expected
    assert place.is_local is (place.scheme in {"", "file"})


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("Access Denied"),
        NoCredentialsError("Unable to locate credentials"),
        ClientAuthenticationError("signature"),
        HttpError("Invalid credentials"),
        OSError("Forbidden: bucket/calls"),
    ],
)
def test_a_refusal_is_for_good_and_names_the_connection(error: Exception) -> None:
    refused = told(error)
    assert isinstance(refused, InvalidInput)
    assert f"{LOCATION} refuses access ({error}): check the connection recorder" in str(refused)


@pytest.mark.parametrize(
    ("location", "proposal"),
    [
        (
            "s3://bucket/calls",
            r"create the connection recordings_s3 of type aws .*package apache-airflow-providers-amazon\[s3fs"
            r"\].* write s3://recordings_s3@bucket/calls\.",
        ),
        (
            "gs://bucket/calls",
            r"recordings_gs .*apache-airflow-providers-google.* gs://recordings_gs@bucket/",
        ),
        ("abfs://box/calls", r"recordings_abfs .*-microsoft-azure.* abfs://recordings_abfs@box/calls\."),
    ],
)
def test_without_a_connection_it_says_which_to_create(location: str, proposal: str) -> None:
    with pytest.raises(InvalidInput, match=proposal), reading(location):
        raise PermissionError("Access Denied")


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError("Could not connect"),
        TimeoutError(),
        OSError(5, "Input/output error"),
        KeyError("x"),
    ],
)
def test_all_else_may_be_better_later(error: Exception) -> None:
    fault = told(error)
    assert isinstance(fault, StoreFault)
    assert str(fault).startswith(f"{LOCATION} cannot be read at the moment (")
    assert str(fault).endswith("check the connection recorder (credentials, endpoint, permissions).")


def test_a_long_answer_of_a_store_is_cut_and_a_short_one_is_named() -> None:
    assert len(str(told(OSError("<html>" * 10_000)))) < 500
    assert "(TimeoutError)" in str(told(TimeoutError()))


def test_a_folder_that_may_not_be_read_is_no_matter_of_connections() -> None:
    refused = told(PermissionError("denied"), "file:///srv/calls")
    assert str(refused) == (
        "file:///srv/calls refuses access (denied): check its permissions and mount; cofi lists the place "
        "and reads its files."
    )


def test_what_is_told_already_stays() -> None:
    with pytest.raises(InvalidInput, match=r"^Manifest is no CSV$"), reading(LOCATION):
        raise InvalidInput("Manifest is no CSV")


@pytest.mark.parametrize(("location", "kind"), [(LOCATION, InvalidInput), ("/srv/calls", StoreFault)])
def test_a_listing_that_was_refused_is_told_by_its_reason(location: str, kind: type[Exception]) -> None:
    """A store says the same the next time; who mends a mount tries again."""
    fault = StoreFault("the folder cannot be listed")
    fault.__cause__ = PermissionError("Access Denied")
    with pytest.raises(kind), reading(location):
        raise fault


def test_a_package_that_is_missing_is_named_with_the_connection_that_it_wants() -> None:
    expected = (
        r"needs the package apache-airflow-providers-amazon\[s3fs\]: install it wherever Airflow runs, and "
        "create the connection recorder for it"
    )
    for error in (ImportError("Install s3fs"), ValueError("No filesystem registered for scheme s3")):
        with pytest.raises(InvalidInput, match=expected), reading(LOCATION):
            raise error
    assert "Nothing opens ftp://host/x: locations begin with file://, s3://" in str(
        not_installed(Place.of("ftp://host/x"))
    )


def test_a_connection_and_a_bucket_that_are_not_there_are_named() -> None:
    place = Place.of(LOCATION)
    assert "names the connection recorder, and there is none: create it of type aws" in str(
        no_connection(place)
    )
    assert "AIRFLOW_CONN_RECORDER" in str(no_connection(place))
    assert "There is no bucket or container bucket for s3://recorder@bucket/calls" in str(no_container(place))
