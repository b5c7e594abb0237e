"""What was found before is not read, audited or paid for again, unless a run asks for it."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.calls.call import Call, CallState, ChannelRole
from include.calls.discovery_rules import Redo
from tests.unit.calls.site import Site, recording, refuse

AGENT, CUSTOMER, UNKNOWN = ChannelRole.AGENT, ChannelRole.CUSTOMER, ChannelRole.UNKNOWN


def overwrite(site: Site, path: str, content: bytes, *, written_ago_s: float) -> None:
    """Writes a file, and says that this was some time ago."""
    file = Path(site.root) / path
    file.write_bytes(content)
    now_s = datetime.now(UTC).timestamp()
    os.utime(file, (now_s - written_ago_s, now_s - written_ago_s))


class TestKnownRecordings:
    def test_an_unchanged_file_is_not_read_again(self, local_site: Site) -> None:
        local_site.put("a.wav", recording())
        known = local_site.find_worked_on("a.wav", CallState.AUDITED)
        assert known.modified_at
        file = Path(local_site.root) / "a.wav"
        written_ns = file.stat().st_mtime_ns
        file.write_bytes(b"\0" * known.size_bytes)  # would be quarantined, were it looked at
        os.utime(file, ns=(written_ns, written_ns))

        assert local_site.find([known])["a.wav"] == known

    def test_a_store_without_times_is_believed_by_size(self, memory_site: Site) -> None:
        memory_site.put("a.wav", recording())
        known = memory_site.find_worked_on("a.wav", CallState.AUDITED)
        memory_site.put("a.wav", b"\0" * known.size_bytes)

        assert memory_site.find([known])["a.wav"] == known

    def test_a_file_of_another_size_is_another_recording(self, site: Site) -> None:
        site.put("a.wav", recording(3))
        known = site.find_worked_on("a.wav", CallState.AUDITED)
        site.put("a.wav", recording(4))

        now = site.find([known])["a.wav"]

        assert (now.state, now.sha256, now.state_reason) == (CallState.PENDING, None, None)
        assert now.duration_s == pytest.approx(4)

    def test_a_copy_with_the_same_content_is_the_same_recording(self, local_site: Site) -> None:
        local_site.put("a.wav", recording())
        known = local_site.find_worked_on("a.wav", CallState.AUDITED)
        overwrite(local_site, "a.wav", recording(), written_ago_s=3600)

        now = local_site.find([known])["a.wav"]

        assert now.modified_at != known.modified_at
        assert replace(now, modified_at=known.modified_at) == known

    def test_other_content_of_the_same_size_is_another_recording(self, local_site: Site) -> None:
        local_site.put("a.wav", recording(seed=1))
        known = local_site.find_worked_on("a.wav", CallState.AUDITED)
        overwrite(local_site, "a.wav", recording(seed=2), written_ago_s=3600)

        now = local_site.find([known])["a.wav"]

        assert now.size_bytes == known.size_bytes
        assert now.state is CallState.PENDING

    def test_a_copied_file_that_cannot_be_read_stops_no_other(self, local_site: Site, monkeypatch) -> None:
        local_site.put("a.wav", recording(seed=1))
        local_site.put("b.wav", recording(seed=2))
        known = local_site.find_worked_on("a.wav", CallState.AUDITED)
        overwrite(local_site, "a.wav", recording(seed=1), written_ago_s=3600)
        refuse(monkeypatch, local_site.filesystem, "a.wav")

        assert local_site.find([known])["b.wav"].state is CallState.PENDING

    def test_new_content_that_could_not_be_read_is_noticed_when_it_can(
        self, local_site: Site, monkeypatch
    ) -> None:
        local_site.put("a.wav", recording(seed=1))
        known = local_site.find_worked_on("a.wav", CallState.AUDITED)
        overwrite(local_site, "a.wav", recording(seed=2), written_ago_s=3600)
        with monkeypatch.context() as denied:
            refuse(denied, local_site.filesystem, "a.wav")
            unread = local_site.find([known])["a.wav"]

        assert local_site.find([unread])["a.wav"].state is CallState.PENDING

    def test_a_call_that_could_not_be_read_is_measured_when_it_can(
        self, local_site: Site, monkeypatch
    ) -> None:
        local_site.put("a.wav", recording(channels=2))
        local_site.put("short.wav", recording(1))
        with monkeypatch.context() as denied:
            refuse(denied, local_site.filesystem, ".wav")
            unread = list(local_site.find().values())

        found = local_site.find(unread)

        assert found["a.wav"].metadata.channel_roles == (AGENT, CUSTOMER)
        assert found["short.wav"].state is CallState.SKIPPED

    def test_an_audit_outlives_its_recording(self, site: Site) -> None:
        site.put("a.wav", recording())
        site.put("manifest.csv", b"file\na.wav\n")
        known = site.find_worked_on("a.wav", CallState.AUDITED)
        site.filesystem.rm(f"{site.root}/a.wav")

        found = site.find([known])

        assert all(call.state is CallState.AUDITED for call in found.values())

    def test_a_new_manifest_describes_known_calls_anew_and_keeps_their_roles(self, site: Site) -> None:
        site.put("a.wav", recording(channels=2))
        known = site.find_worked_on("a.wav", CallState.AUDITED)
        site.put("manifest.csv", b"file,agent\na.wav,Dana\n")
        described = site.find([known])["a.wav"]
        site.put("manifest.csv", b"file,channel_roles\na.wav,unknown|agent\n")
        reassigned = site.find([known])["a.wav"]

        assert (described.state, described.metadata.agent) == (CallState.AUDITED, "Dana")
        assert described.metadata.channel_roles == (AGENT, CUSTOMER)
        assert reassigned.metadata.channel_roles == (UNKNOWN, AGENT)


class TestRedo:
    @pytest.fixture
    def known(self, site: Site) -> list[Call]:
        """One call of each kind, and after them a new file `new.wav` and an empty one."""
        paths = {
            "audited.wav": CallState.AUDITED,
            "failed.wav": CallState.FAILED,
            "skipped.wav": CallState.SKIPPED,
        }
        for number, path in enumerate(paths):
            site.put(path, recording(3 + number))
        site.put("skipped.wav", recording(1))
        calls = [site.find_worked_on(path, state) for path, state in paths.items()]
        site.put("empty.wav", b"")
        site.put("new.wav", recording(6))
        return calls

    def test_skip_leaves_every_known_call_as_it_is(self, site: Site, known: list[Call]) -> None:
        assert {path: call.state for path, call in site.find(known, redo=Redo.SKIP).items()} == {
            "audited.wav": CallState.AUDITED,
            "empty.wav": CallState.QUARANTINED,
            "failed.wav": CallState.FAILED,
            "new.wav": CallState.PENDING,
            "skipped.wav": CallState.SKIPPED,
        }

    def test_failed_only_looks_at_nothing_else(self, site: Site, known: list[Call]) -> None:
        assert list(site.find(known, redo=Redo.FAILED_ONLY)) == ["failed.wav"]

    def test_all_looks_at_every_file_anew_and_remembers_its_hash(self, site: Site, known: list[Call]) -> None:
        found = site.find(known, redo=Redo.ALL)

        assert {path: call.state for path, call in found.items()} == {
            "audited.wav": CallState.AUDITED,  # until it is audited again
            "empty.wav": CallState.QUARANTINED,
            "failed.wav": CallState.PENDING,
            "new.wav": CallState.PENDING,
            "skipped.wav": CallState.SKIPPED,  # it is still too short
        }
        assert found["audited.wav"].sha256 == site.sha256(found["audited.wav"])
        assert found["failed.wav"].state_reason is None

    def test_the_limit_counts_what_is_looked_at(self, site: Site, known: list[Call]) -> None:
        assert list(site.find(known, redo=Redo.FAILED_ONLY, limit=1)) == ["failed.wav"]
        assert list(site.find(known, redo=Redo.ALL, limit=1)) == ["audited.wav"]
