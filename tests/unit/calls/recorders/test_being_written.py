"""A call waits for the next look as long as one of its files is being written."""

from dataclasses import replace

from include.audio_files.raw import Encoding
from include.calls.discovery import Discovery, find_recordings
from include.calls.listing import Ignored, ListedFile, Listing
from include.calls.on_disk import DiskDict, DiskList
from include.calls.recorders.loading import load_recorder
from include.calls.recorders.profile import RawFiles
from include.calls.recorders.sorting import sort_listing
from tests.unit.calls.site import RULES, Site, recording

PLAIN = load_recorder("plain")


def listing(*files: str, being_written: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> Listing:
    return Listing(
        DiskDict((path, ListedFile(1)) for path in files),
        DiskList((path, path) for path in being_written),
        DiskList((path, Ignored(path, "its name begins with a dot")) for path in ignored),
    )


def test_one_side_does_not_go_without_the_other() -> None:
    for other in ("a_out.wav", "a_out.wav.part"):
        found = sort_listing(listing("a_in.wav", "b.wav", being_written=(other,)), PLAIN)
        assert [one.path for one in found.recordings] == ["b.wav"]
        assert found.being_written == ["a_in.wav", other]


def test_a_sidecar_waits_with_its_recording_and_a_young_one_is_read() -> None:
    found = sort_listing(listing("a.json", "b.wav", being_written=("a.wav.part", "b.json")), PLAIN)
    assert [one.path for one in found.recordings] == ["b.wav"]
    assert {path: [one for one, _ in some] for path, some in found.sidecars.items()} == {"b.wav": ["b.json"]}
    assert found.being_written == ["a.json", "a.wav.part"]
    assert found.alone == []


def test_a_sidecar_without_its_last_name_is_not_opened() -> None:
    found = sort_listing(listing("a.wav", being_written=("a.json.tmp",)), PLAIN)
    assert [one.path for one in found.recordings] == ["a.wav"]
    assert not any(found.sidecars.values())
    assert found.being_written == ["a.json.tmp"]


def test_what_a_broken_copy_left_beside_a_recording_keeps_nothing_waiting() -> None:
    found = sort_listing(listing("a.wav", being_written=("a.wav.part",)), PLAIN)
    assert [one.path for one in found.recordings] == ["a.wav"]
    assert found.being_written == ["a.wav.part"]


def looked(site: Site) -> Discovery:
    return find_recordings(site.folder, replace(RULES, recorder=PLAIN), {})


def test_all_of_it_is_counted_with_the_day(site: Site) -> None:
    site.put("a.wav", recording())
    site.put("b_in.wav", recording(seed=1))
    site.put("b_out.wav.part", b"RIFF")
    site.put(".hidden.wav", recording(seed=2))
    site.put("notes.txt", b"ours")
    site.put("manifest.csv", b"file,started_at\na.wav,soon\n")
    found = looked(site)
    assert [call.path for call in found.recordings] == ["a.wav"]
    assert found.being_written == ["b_in.wav", "b_out.wav.part"]
    assert found.files.being_written == 2
    assert dict(found.files.ignored) == {".txt": 1, ".wav": 1}
    assert found.files.manifest_problems == 1
    assert found.files.problems == (
        "manifest: row 2 (a.wav): started_at 'soon' is not understood; write it like 2026-11-16T09:12:00",
    )
    told = "2 ignored files (1 .txt, 1 .wav), 2 files still being written, 1 problem in the manifest"
    assert str(found.files) == told


def test_a_raw_file_that_says_itself_what_it_is_is_believed(site: Site) -> None:
    site.put("a-in.ulaw", recording(3, channels=1))
    site.put("a-out.ulaw", b"\xff" * 24_000)
    raw = (RawFiles(files=("*.ulaw",), encoding=Encoding.MULAW),)
    recorder = PLAIN.model_copy(update={"raw": raw})
    [call] = find_recordings(site.folder, replace(RULES, recorder=recorder), {}).recordings
    assert (call.duration_s, call.channels, call.sample_rate_hz) == (3, 2, 8000)
