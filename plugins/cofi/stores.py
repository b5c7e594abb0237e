"""Locations of recordings as Airflow opens them: a store's file system, by the connection that it names."""

from datetime import date

from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import has_fs

from cofi.hooks.connections import connection_of
from cofi.settings import Settings
from include.calls import stores
from include.calls.day_folder import day_folder_name
from include.calls.recorders.absence import absence_of
from include.calls.stores import Place
from include.calls.surroundings import Surroundings, is_there
from include.errors import InvalidInput


def opened(location: str) -> ObjectStoragePath:
    """A location whose file system can be had.

    Raises:
        InvalidInput: A package or a connection is missing; the message names it.
    """
    place = Place.of(location)
    if place.scheme and not has_fs(place.scheme):
        raise stores.not_installed(place)
    if place.connection:
        try:
            # The libraries would go on without, as anonymous.
            connection_of(place.connection)
        except InvalidInput as error:
            raise stores.no_connection(place) from error
    with stores.reading(location):
        path = ObjectStoragePath(location)
        _ = path.fs
    return path


def around(location: str, day: date, settings: Settings) -> Surroundings | None:
    """What lies where a day's folders are not, as the site's recorder lays them; None when one is there.

    Raises:
        InvalidInput: There is no such location, or its store refuses access.
        StoreFault: The store does not answer.
    """
    path, place, recorder = opened(location), Place.of(location), settings.recorder_profile
    with stores.reading(location):
        try:
            return absence_of(path.fs, path.path, day, recorder=recorder, timezone=settings.timezone)
        except FileNotFoundError as error:
            if place.is_local:
                raise stores.no_location(place) from error
            if not is_there(path.fs, place.container):
                raise stores.no_container(place) from error
            # Nothing lies below the prefix.
            layout = recorder.days.folders[0] if recorder.days.are_folders else ""
            return Surroundings(day_folder_name(day, layout) if layout else f"for {day}", layout)
