"""A day's recordings are all found, described, and told apart from what cannot be audited."""

from datetime import date

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from include.audio_files import header
from include.calls.call import CallState, ChannelRole, call_id_for
from include.calls.day_folder import day_folder_name
from tests.unit.calls.site import DAY, Site, recording, refuse

AGENT, CUSTOMER = ChannelRole.AGENT, ChannelRole.CUSTOMER


class TestFinding:
    def test_every_audio_format_is_measured_and_waits_to_be_audited(self, site: Site) -> None:
        kinds = {
            "a.wav": ("WAV", None),
            "b.flac": ("FLAC", None),
            "c.ogg": ("OGG", "VORBIS"),
            "d.opus": ("OGG", "OPUS"),
            "night/shift/e.mp3": ("MP3", None),
        }
        for path, (container, subtype) in kinds.items():
            site.put(path, recording(3, container=container, subtype=subtype))

        found = site.find()

        assert list(found) == list(kinds)
        for path, call in found.items():
            assert (call.state, call.channels, call.day) == (CallState.PENDING, 1, DAY), path
            assert call.sample_rate_hz in {8000, 48000}, path  # Opus counts at 48 kHz always
            assert call.duration_s == pytest.approx(3, abs=0.15), path  # MP3 pads to whole frames
            assert call.call_id == call_id_for(DAY, path)
            assert call.uri == f"{site.folder.uri}/{path}"
            assert call.size_bytes == site.filesystem.size(f"{site.root}/{path}")

    def test_what_cannot_be_audited_is_accounted_for_and_says_why(self, site: Site) -> None:
        site.put("empty.wav", b"")
        site.put("text.wav", b"<html>404 Not Found</html>" * 50)
        site.put("cut.flac", recording(3, container="FLAC")[:20])
        site.put("short.wav", recording(1.5))
        site.put("long.wav", recording(61))

        found = site.find()

        told = {path: (call.state, call.state_reason) for path, call in found.items()}
        assert told == {
            "cut.flac": (
                CallState.QUARANTINED,
                "no recording: it is a FLAC file whose header is damaged or not complete; copy it again, or "
                "export it as WAV, FLAC, Ogg or MP3",
            ),
            "empty.wav": (CallState.QUARANTINED, "the file is empty: copy it again"),
            "long.wav": (CallState.SKIPPED, "too long; it lasts 61.0 s, audited are calls of 2 to 60 s"),
            "short.wav": (CallState.SKIPPED, "too short; it lasts 1.5 s, audited are calls of 2 to 60 s"),
            "text.wav": (
                CallState.QUARANTINED,
                "no recording: it is an HTML page; such pages are often errors that were saved in place of "
                "the recording: look at what it says, and download the recording again",
            ),
        }
        assert found["short.wav"].duration_s == pytest.approx(1.5)

    def test_hidden_files_and_the_days_manifest_are_no_recordings_but_any_unknown_file_is(
        self, site: Site
    ) -> None:
        for path in ("a.wav", ".b.wav.partial", ".sync/c.wav", "night/.d.wav"):
            site.put(path, recording())
        site.put("manifest.csv", b"file\na.wav\n")
        site.put("night/what", b"file\na.wav\n")

        assert {path: call.state for path, call in site.find().items()} == {
            "a.wav": CallState.PENDING,
            "night/what": CallState.QUARANTINED,
        }

    def test_the_manifest_describes_files_and_accounts_for_absent_ones(self, site: Site) -> None:
        site.put("a.wav", recording())
        site.put("manifest.csv", b"file,agent\na.wav,Dana\nlost.wav,Kim\n")

        found = site.find()

        assert found["a.wav"].metadata.agent == "Dana"
        assert found["a.wav"].state is CallState.PENDING
        lost = found["lost.wav"]
        assert (lost.state, lost.metadata.agent, lost.size_bytes) == (CallState.QUARANTINED, "Kim", 0)
        assert "no such file" in str(lost.state_reason)

    def test_stereo_calls_have_the_usual_roles_unless_the_manifest_says_otherwise(self, site: Site) -> None:
        site.put("mono.wav", recording())
        site.put("stereo.wav", recording(channels=2))
        site.put("swapped.wav", recording(channels=2))
        site.put("manifest.csv", b"file,channel_roles\nswapped.wav,customer|agent\n")

        found = site.find()

        assert found["mono.wav"].metadata.channel_roles == ()
        assert found["stereo.wav"].metadata.channel_roles == (AGENT, CUSTOMER)
        assert found["swapped.wav"].metadata.channel_roles == (CUSTOMER, AGENT)
        assert found["stereo.wav"].channels == 2

    def test_a_day_without_a_folder_is_a_day_without_calls(self, site: Site) -> None:
        assert site.find() == {}

    def test_a_trial_run_looks_at_the_first_so_many_paths(self, site: Site) -> None:
        for path in ("c.wav", "a.wav", "b.wav"):
            site.put(path, recording())

        assert list(site.find(limit=2)) == ["a.wav", "b.wav"]

    def test_a_file_that_cannot_be_opened_stops_no_other(self, site: Site, monkeypatch) -> None:
        site.put("a.wav", recording())
        site.put("b.wav", recording())
        refuse(monkeypatch, site.filesystem, "a.wav")

        found = site.find()

        # It is left to distribution, which fails it for now: the next run tries it again.
        assert found["a.wav"].state is CallState.PENDING
        assert found["a.wav"].duration_s is None
        assert found["b.wav"].duration_s is not None

    def test_a_store_that_breaks_off_is_not_mistaken_for_a_file_that_is_no_audio(
        self, memory_site: Site, monkeypatch
    ) -> None:
        memory_site.put("a.wav", recording())
        memory_site.put("b.ogg", recording(container="OGG", subtype="OPUS"))
        failing = raising(TimeoutError("the store does not answer"))
        monkeypatch.setattr(MemoryFileSystem, "cat_file", failing)

        for call in memory_site.find().values():
            assert (call.state, call.state_reason, call.duration_s) == (CallState.PENDING, None, None)

    def test_a_library_that_fails_as_nobody_knew_stops_no_other(self, site: Site, monkeypatch) -> None:
        site.put("a.wav", recording())
        site.put("b.ogg", recording(container="OGG", subtype="OPUS"))
        monkeypatch.setattr(header, "_by_ffmpeg", raising(AssertionError("a bug of its own")))

        found = site.find()

        assert found["a.wav"].duration_s == pytest.approx(3)
        assert (found["b.ogg"].state, found["b.ogg"].duration_s) == (CallState.PENDING, None)

    @pytest.mark.parametrize(
        ("layout", "name"),
        [("YYYY-MM-DD", "2026-11-16"), ("YYYY/MM/DD", "2026/11/16"), ("[calls]/YYYYMMDD/", "calls/20261116")],
    )
    def test_the_days_folder_follows_the_layout(self, layout: str, name: str) -> None:
        assert day_folder_name(DAY, layout) == name

    def test_a_call_keeps_its_name_and_shares_it_with_no_other(self) -> None:
        names = {
            call_id_for(day, path)
            for day in (DAY, date(2026, 11, 17))
            for path in ("a.wav", "b.wav", "night/a.wav", "naïve call #1.wav")
        }
        assert len(names) == 8
        assert call_id_for(DAY, "a.wav") in names
        assert all(set(name) <= set("0123456789abcdef-") for name in names)


def raising(error: Exception):
    def read(*_: object, **__: object) -> bytes:
        raise error

    return read
