"""What the refusals of a store mean: one sentence for each, with the mend, and whether a retry may help.

Every store's library has errors of its own, and none of them knows which connection it was opened by.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from include.errors import CofiError, InvalidInput, StoreFault

_LONGEST_CAUSE = 300


@dataclass(frozen=True)
class Provider:
    """The Airflow package that opens a kind of store.

    Attributes:
        package: What to install.
        connection_type: Of its connections.
        example_id: A connection id to propose.
        fields: Where its credentials go.
    """

    package: str
    connection_type: str
    example_id: str
    fields: str


_AMAZON = Provider(
    "apache-airflow-providers-amazon[s3fs]",
    "aws",
    "recordings_s3",
    "access key id as login, secret key as password; endpoint_url in its extra for a store that is not AWS",
)
_GOOGLE = Provider(
    "apache-airflow-providers-google",
    "google_cloud_platform",
    "recordings_gs",
    "the service account's key file or JSON in its extra",
)
_AZURE = Provider(
    "apache-airflow-providers-microsoft-azure",
    "wasb",
    "recordings_abfs",
    "storage account as login, its key as password, or connection_string in its extra",
)
PROVIDERS = {
    **dict.fromkeys(("s3", "s3a", "s3n"), _AMAZON),
    **dict.fromkeys(("gs", "gcs"), _GOOGLE),
    **dict.fromkeys(("abfs", "abfss", "adl"), _AZURE),
}


@dataclass(frozen=True)
class Place:
    """Where recordings lie, as a location or a recording's URI says it: `s3://connection@bucket/calls`.

    Attributes:
        scheme: Empty for a plain path.
        connection: Id of an Airflow connection, if one is named.
        container: Bucket or container.
        path: Below it.
    """

    uri: str
    scheme: str
    connection: str | None
    container: str
    path: str

    @classmethod
    def of(cls, uri: str) -> "Place":
        """Reads a URI."""
        parts = urlsplit(uri)
        connection, _, container = parts.netloc.rpartition("@")
        return cls(uri, parts.scheme.lower(), connection or None, container, parts.path.strip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is a path on this machine: its folders are there without a file in them."""
        return self.scheme in {"", "file", "local"}


@contextmanager
def reading(uri: str) -> Iterator[None]:
    """Turns errors of a store's library into cofi's errors.

    Raises:
        InvalidInput: Somebody has to mend a setting, a connection or a permission.
        StoreFault: The store may answer later.
    """
    try:
        yield
    except CofiError as error:
        # A store that refuses access does so the next time, too. Who mends a mount clears the task.
        cause, place = error.__cause__, Place.of(uri)
        if isinstance(error, StoreFault) and isinstance(cause, Exception) and not place.is_local:
            raise store_error(place, cause) from error
        raise
    except Exception as error:
        raise store_error(Place.of(uri), error) from error


def store_error(place: Place, error: Exception) -> CofiError:
    """The error to raise for an error of a store's library, with a sentence that says the mend."""
    chain = list(_chain(error))
    if any(_is_missing_provider(one) for one in chain):
        return not_installed(place)
    if any(_is_refusal(one) for one in chain):
        return InvalidInput(_refused(place, _cause(error)))
    return StoreFault(
        f"{place.uri} cannot be read at the moment ({_cause(error)}): check {_its_connection(place)}."
    )


def not_installed(place: Place) -> InvalidInput:
    """Nothing opens this kind of store."""
    provider = PROVIDERS.get(place.scheme)
    if provider is None:
        known = ", ".join(f"{scheme}://" for scheme in ("file", "s3", "gs", "abfs"))
        return InvalidInput(
            f"Nothing opens {place.uri}: locations begin with {known}, or are paths; others need an Airflow "
            "provider that registers a file system for them."
        )
    return InvalidInput(
        f"{place.uri} needs the package {provider.package}: install it wherever Airflow runs, and create the "
        f"connection {place.connection or provider.example_id} for it (type {provider.connection_type}: "
        f"{provider.fields})."
    )


def no_connection(place: Place) -> InvalidInput:
    """The connection that a location names is not there."""
    provider = PROVIDERS.get(place.scheme)
    what = f" of type {provider.connection_type} ({provider.fields})" if provider else ""
    package = f"; it comes with the package {provider.package}" if provider else ""
    return InvalidInput(
        f"{place.uri} names the connection {place.connection}, and there is none: create it{what} under "
        f"Admin > Connections, or set AIRFLOW_CONN_{str(place.connection).upper()}{package}."
    )


def no_location(place: Place) -> InvalidInput:
    """The folder of the folders of days is not there."""
    return InvalidInput(
        f"There is no folder {place.uri}: correct the Param 'location', or [cofi] recordings_location."
    )


def no_container(place: Place) -> InvalidInput:
    """A store that answers has no such bucket."""
    return InvalidInput(
        f"There is no bucket or container {place.container} for {place.uri}: correct the Param 'location', "
        f"[cofi] recordings_location, or {_its_connection(place)}."
    )


def _refused(place: Place, cause: str) -> str:
    provider = PROVIDERS.get(place.scheme)
    if place.connection or provider is None:
        return (
            f"{place.uri} refuses access ({cause}): check {_its_connection(place)}; cofi lists the place and "
            "reads its files."
        )
    return (
        f"{place.uri} refuses access without a connection ({cause}): create the connection "
        f"{provider.example_id} of type {provider.connection_type} ({provider.fields}; package "
        f"{provider.package}), and write {place.scheme}://{provider.example_id}@{place.container}/{place.path}."
    )


def _its_connection(place: Place) -> str:
    if place.connection:
        return f"the connection {place.connection} (credentials, endpoint, permissions)"
    return "its permissions and mount" if place.is_local else "its credentials, endpoint and permissions"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__


def _is_missing_provider(error: BaseException) -> bool:
    return isinstance(error, ImportError) or "No filesystem registered" in str(error)


def _is_refusal(error: BaseException) -> bool:
    """botocore, google and azure name such errors by what is wrong; gcsfs says 'Forbidden'."""
    name = type(error).__name__
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return (
        isinstance(error, PermissionError)
        or "Credential" in name
        or "Authentication" in name
        or status in {401, 403}
        or str(error).startswith("Forbidden")
    )


def _cause(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_CAUSE else text[: _LONGEST_CAUSE - 1] + "…"
