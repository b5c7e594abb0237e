"""Every file below a day's folder is looked at, left for the next look, or told to be none; or it fails."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from include.calls.call import CallState
from include.calls.listing import Ignored, listed, modified_at
from include.errors import StoreFault
from tests.unit.calls.site import Site, recording, refuse

NOW = datetime(2026, 11, 17, 0, 5, tzinfo=UTC)
SOUND = recording()


@pytest.fixture
def written(local_site: Site) -> Callable[..., None]:
    """Writes a file, as if so many seconds before now."""

    def write(path: str, ago_s: float, content: bytes = SOUND) -> None:
        local_site.put(path, content)
        at = NOW.timestamp() - ago_s
        os.utime(Path(local_site.root) / path, (at, at))

    return write


class TestBeingWritten:
    @pytest.mark.parametrize(
        "name",
        [
            *(
                "call.wav.part",
                "call.WAV.PART",
                "call.wav.partial",
                "call.wav.1a2b3c.partial",
                "call.wav.tmp",
            ),
            *("call.wav.crdownload", "call.wav.filepart", "call.wav~", "~$call.wav", "call.wav.incomplete"),
            *("call.temp", "night/call.wav.download", "call.wav.inprogress", "call.wav.!ut"),
        ],
    )
    def test_a_file_whose_name_says_so_is_left(self, site: Site, name: str) -> None:
        site.put("a.wav", SOUND)
        site.put(name, SOUND[: len(SOUND) // 2])

        found = site.discover()

        assert [call.path for call in found.recordings] == ["a.wav"]
        assert found.being_written == [name]

    def test_a_young_file_is_left_for_the_next_look(self, local_site: Site, written) -> None:
        written("old.wav", 3600)
        written("just old enough.wav", 60)
        written("growing.wav", 59)
        written("begun.wav", 1, b"")

        found = local_site.discover(min_age_s=60, now=NOW)
        later = local_site.discover(min_age_s=60, now=NOW + timedelta(minutes=1))

        assert [call.path for call in found.recordings] == ["just old enough.wav", "old.wav"]
        assert found.being_written == ["begun.wav", "growing.wav"]
        assert len(later.recordings) == 4 and not later.being_written

    def test_a_store_whose_clock_is_ahead_has_its_own_now(self, local_site: Site, written) -> None:
        ahead_s = 7200
        written("old.wav", 3600 - ahead_s)
        written("growing.wav", 5 - ahead_s)

        found = local_site.discover(min_age_s=60, now=NOW)

        assert [call.path for call in found.recordings] == ["old.wav"]
        assert found.being_written == ["growing.wav"]

    def test_a_time_that_cannot_be_makes_no_file_wait_for_ever(self, local_site: Site, written) -> None:
        written("from 2099.wav", -72 * 365 * 86_400)
        written("growing.wav", 5)

        found = local_site.discover(min_age_s=60, now=NOW)

        assert [call.path for call in found.recordings] == ["from 2099.wav"]
        assert found.being_written == ["growing.wav"]

    def test_what_was_whole_before_and_has_not_changed_is_whole(self, local_site: Site, written) -> None:
        written("a.wav", 5)
        known = {call.path: call for call in local_site.discover(now=NOW).recordings}

        again = local_site.discover(known, min_age_s=60, now=NOW)
        written("a.wav", 2, SOUND * 2)
        grown = local_site.discover(known, min_age_s=60, now=NOW)

        assert [call.path for call in again.recordings] == ["a.wav"]
        assert (grown.recordings, grown.being_written) == ([], ["a.wav"])

    def test_a_store_without_times_is_told_by_names_only(self, memory_site: Site) -> None:
        memory_site.put("a.wav", SOUND)
        memory_site.put("b.wav.part", SOUND)

        found = memory_site.discover(min_age_s=60)

        assert [call.path for call in found.recordings] == ["a.wav"]
        assert found.being_written == ["b.wav.part"]

    def test_the_manifest_accuses_no_file_that_is_being_written(self, local_site: Site, written) -> None:
        written("manifest.csv", 3600, b"file,agent\na.wav,Dana\nb.wav,Kim\nc.wav,Lee\n")
        written("a.wav.part", 3600)
        written("b.wav", 5)

        found = local_site.discover(min_age_s=60, now=NOW)

        assert found.being_written == ["a.wav.part", "b.wav"]
        assert {call.path: call.state for call in found.recordings} == {"c.wav": CallState.QUARANTINED}

    def test_a_manifest_of_this_moment_is_read_with_a_warning(self, local_site: Site, written) -> None:
        written("manifest.csv", 5, b"file,agent\na.wav,Dana\n")
        written("a.wav", 3600)

        found = local_site.discover(min_age_s=60, now=NOW)

        assert [call.metadata.agent for call in found.recordings] == ["Dana"]
        assert found.being_written == []
        assert found.problems == ["it was written just now: if rows are missing, run the day again"]


class TestIgnored:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            (".hidden.wav", "its name begins with a dot"),
            (".sync/a.wav", "its name begins with a dot"),
            ("night/.DS_Store", "its name begins with a dot"),
            ("Thumbs.db", "an operating system's or a program's own"),
            ("desktop.ini", "an operating system's or a program's own"),
            ("_SUCCESS", "an operating system's or a program's own"),
        ],
    )
    def test_what_is_no_recording_is_told(self, site: Site, name: str, reason: str) -> None:
        site.put("a.wav", SOUND)
        site.put(name, SOUND)

        found = site.discover()

        assert [call.path for call in found.recordings] == ["a.wav"]
        assert found.ignored == [Ignored(name, reason)]

    def test_markers_of_folders_in_object_stores_are_none(self) -> None:
        store = object_store(
            {"b/day/": 0, "b/day/night/": 0, "b/day/x_$folder$": 0, "b/day/a.wav": 9, "b/day/odd/": 9},
        )

        listing = listed(store, "b/day")

        assert list(listing.files) == ["a.wav", "odd/"]
        assert [file.path for file in listing.ignored] == ["night/", "x_$folder$"]

    def test_a_pipe_or_a_socket_is_none_and_nobody_waits_for_it(self, local_site: Site) -> None:
        local_site.put("a.wav", SOUND)
        os.mkfifo(f"{local_site.root}/pipe.wav")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"{local_site.root}/socket")
            found = local_site.discover()

        assert [call.path for call in found.recordings] == ["a.wav"]
        assert {file.path for file in found.ignored} == {"pipe.wav", "socket"}

    def test_a_row_of_the_manifest_for_such_a_file_is_told(self, site: Site) -> None:
        site.put(".a.wav", SOUND)
        site.put("manifest.csv", b"file\n.a.wav\n")

        found = site.discover()

        assert found.recordings == []
        assert found.problems == [
            ".a.wav is no recording: its name begins with a dot; rename it if it is one"
        ]


class TestLinks:
    def test_links_are_followed_but_not_in_a_circle(self, local_site: Site, tmp_path: Path) -> None:
        (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
        (tmp_path / "elsewhere" / "deep" / "b.wav").write_bytes(SOUND)
        (tmp_path / "elsewhere" / "deep" / "circle").symlink_to(tmp_path / "elsewhere")
        local_site.put("c.wav", SOUND)
        day = Path(local_site.root)
        (day / "linked").symlink_to(tmp_path / "elsewhere")
        (day / "a.wav").symlink_to(tmp_path / "elsewhere" / "deep" / "b.wav")
        (day / "all again").symlink_to(day)

        assert list(local_site.find()) == ["a.wav", "c.wav", "linked/deep/b.wav"]

    def test_a_link_to_nothing_is_accounted_for(self, local_site: Site, tmp_path: Path) -> None:
        local_site.put("a.wav", SOUND)
        (Path(local_site.root) / "b.wav").symlink_to(tmp_path / "gone.wav")

        call = local_site.find()["b.wav"]

        assert (call.state, call.state_reason) == (
            CallState.QUARANTINED,
            "a link to a file that is not there: copy the file itself",
        )


class TestWhatCannotBeListed:
    @pytest.mark.parametrize(
        "error", [PermissionError(13, "Permission denied"), OSError(107, "not connected")]
    )
    @pytest.mark.parametrize("folder", ["", "night", "night/late"])
    def test_a_folder_that_cannot_be_listed_fails_and_is_named(
        self, local_site: Site, monkeypatch: pytest.MonkeyPatch, folder: str, error: OSError
    ) -> None:
        local_site.put("a.wav", SOUND)
        local_site.put("night/late/b.wav", SOUND)
        refused = f"{local_site.root}/{folder}".rstrip("/")
        scanned = os.scandir

        def scandir(path):
            if os.fspath(path) == refused:
                raise error
            return scanned(path)

        monkeypatch.setattr(os, "scandir", scandir)
        with pytest.raises(
            StoreFault, match=f"The folder {refused} cannot be listed .*check its permissions"
        ):
            local_site.find()

    def test_a_mount_that_is_dead_fails(self, local_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        local_site.put("a.wav", SOUND)

        def dead(self, path, **options):
            raise OSError(116, "Stale file handle")

        monkeypatch.setattr(LocalFileSystem, "info", dead)
        with pytest.raises(StoreFault, match=r"cannot be listed .*Stale file handle"):
            local_site.find()

    def test_an_object_store_that_refuses_fails(self) -> None:
        store = object_store(PermissionError("Access Denied"))
        with pytest.raises(StoreFault, match=r"The folder b/day cannot be listed \(Access Denied\)"):
            listed(store, "b/day")

    def test_an_error_of_the_stores_own_library_fails_too(self) -> None:
        store = object_store(RuntimeError("no credentials"))
        with pytest.raises(StoreFault, match="no credentials"):
            listed(store, "b/day")

    def test_a_folder_that_is_gone_meanwhile_takes_no_other_with_it(
        self, local_site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        local_site.put("a.wav", SOUND)
        local_site.put("moved/b.wav", SOUND)
        scanned = os.scandir

        def scandir(path):
            if os.fspath(path).endswith("moved"):
                raise FileNotFoundError(path)
            return scanned(path)

        monkeypatch.setattr(os, "scandir", scandir)
        assert list(local_site.find()) == ["a.wav"]

    def test_a_manifest_that_cannot_be_read_is_not_taken_for_none(
        self, local_site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        local_site.put("a.wav", SOUND)
        local_site.put("manifest.csv", b"file\na.wav\n")
        refuse(monkeypatch, local_site.filesystem, "manifest.csv")

        with pytest.raises(StoreFault, match=r"Manifest .*manifest.csv cannot be read \(denied\)"):
            local_site.find()


def test_an_object_store_is_asked_once_and_not_for_each_folder() -> None:
    store = object_store({f"b/day/{n}/a.wav": 9 for n in range(100)})
    assert len(listed(store, "b/day").files) == 100
    assert store.asked == 1


def object_store(content: dict[str, int] | Exception):
    """A filesystem that lists all below a prefix in one go, as those of object stores do."""

    class Store(MemoryFileSystem):
        cachable = False
        asked = 0

        def find(self, path, maxdepth=None, withdirs=False, detail=False, **options):
            self.asked += 1
            if isinstance(content, Exception):
                raise content
            return {name: {"name": name, "size": size, "type": "file"} for name, size in content.items()}

        def ls(self, path, detail=True, **options):
            raise AssertionError("it is asked folder by folder")

    return Store()


def test_a_folder_that_does_not_exist_has_no_files(tmp_path: Path) -> None:
    assert not listed(fsspec.filesystem("file"), str(tmp_path / "2026-11-16")).files


@pytest.mark.parametrize("key", ["mtime", "LastModified", "updated"])
@pytest.mark.parametrize(
    "told",
    [
        *(
            1e20,
            -1e20,
            float("nan"),
            float("inf"),
            "Mon, 16 Nov 2026 09:12:00 GMT",
            "",
            "yesterday",
            None,
            [1],
        ),
        *(-11_644_473_600, 253_402_300_799, datetime(9999, 12, 31, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_is_none_stops_no_day(key: str, told: object) -> None:
    assert modified_at({"name": "a.wav", "size": 1, key: told}) is None


def test_a_time_that_is_none_hides_no_other() -> None:
    assert modified_at({"mtime": "", "updated": "2026-11-16T09:12:00Z"}) == datetime(
        2026, 11, 16, 9, 12, tzinfo=UTC
    )
