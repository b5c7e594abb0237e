"""Of recordings with the same content one is audited, and it is not exchanged for another later."""

from dataclasses import replace
from datetime import date

import pytest

from include.calls.call import Call, CallState
from include.calls.discovery_rules import Redo
from include.calls.duplicates import mark_duplicates
from tests.unit.calls.site import Site, recording, sha256_of


class TestDuplicates:
    CONTENT = recording(seed=1)

    def found(self, site: Site, **contents: bytes) -> list[Call]:
        for name, content in contents.items():
            site.put(f"{name}.wav", content)
        return list(site.find().values())

    def test_the_first_of_a_day_is_the_original(self, site: Site) -> None:
        calls = self.found(site, a=self.CONTENT, b=recording(seed=2), c=self.CONTENT, d=self.CONTENT)

        a, b, c, d = mark_duplicates(calls, [], site.sha256)

        assert [call.state for call in (a, b)] == [CallState.PENDING, CallState.PENDING]
        for copy in (c, d):
            assert (copy.state, copy.duplicate_of) == (CallState.DUPLICATE, a.call_id)
            assert copy.state_reason == "same content as 2026-11-16 a.wav"
        assert {call.sha256 for call in (a, c, d)} == {sha256_of(self.CONTENT)}

    def test_a_call_of_another_day_is_the_original_of_what_comes_later(self, site: Site) -> None:
        calls = self.found(site, a=self.CONTENT)
        earlier = replace(
            calls[0], call_id="earlier", day=date(2026, 11, 1), sha256=sha256_of(self.CONTENT), path="x.wav"
        )

        (marked,) = mark_duplicates(calls, [earlier], site.sha256)

        assert (marked.state, marked.duplicate_of) == (CallState.DUPLICATE, "earlier")
        assert marked.state_reason == "same content as 2026-11-01 x.wav"

    @pytest.mark.parametrize("state", [CallState.AUDITED, CallState.FAILED])
    def test_a_call_that_was_worked_on_stays_the_original_of_a_new_file_before_it(
        self, site: Site, state: CallState
    ) -> None:
        site.put("b.wav", self.CONTENT)
        known = site.find_worked_on("b.wav", state)
        site.put("a.wav", self.CONTENT)

        a, b = mark_duplicates(site.find([known]).values(), [], site.sha256)

        assert (a.state, a.duplicate_of) == (CallState.DUPLICATE, b.call_id)
        assert b == known

    @pytest.mark.parametrize("day", [date(2026, 11, 15), date(2026, 11, 16)])
    @pytest.mark.parametrize("hashed_before", [True, False])
    def test_a_failed_call_whose_file_is_gone_is_no_original(
        self, site: Site, day: date, hashed_before: bool
    ) -> None:
        (found,) = self.found(site, a=self.CONTENT)
        content = sha256_of(self.CONTENT)
        moved = replace(found, sha256=content if hashed_before else None)
        gone = replace(found, call_id="gone", day=day, path="x.wav", sha256=content, state=CallState.FAILED)
        of_this_day = [moved, gone] if day == moved.day else [moved]
        of_others = [gone] if day != moved.day else []

        def sha256(call: Call) -> str | None:
            return None if call.call_id == "gone" else site.sha256(call)

        marked, *_ = mark_duplicates(of_this_day, of_others, sha256)

        assert (marked.state, marked.duplicate_of) == (CallState.PENDING, None)

    def test_of_the_copies_of_a_call_that_is_gone_the_first_is_the_original(self, site: Site) -> None:
        calls = self.found(site, a=self.CONTENT, b=self.CONTENT)
        content = sha256_of(self.CONTENT)
        gone = replace(calls[0], call_id="gone", path="x.wav", sha256=content, state=CallState.FAILED)

        def sha256(call: Call) -> str | None:
            return None if call.call_id == "gone" else site.sha256(call)

        a, b = mark_duplicates(calls, [gone], sha256)

        assert (a.state, b.state, b.duplicate_of) == (CallState.PENDING, CallState.DUPLICATE, a.call_id)

    def test_doing_all_again_leaves_the_original_the_original(self, site: Site) -> None:
        site.put("b.wav", self.CONTENT)
        original = site.find_worked_on("b.wav", CallState.AUDITED)
        site.put("a.wav", self.CONTENT)
        copy = replace(site.find_worked_on("a.wav", CallState.DUPLICATE), duplicate_of=original.call_id)

        a, b = mark_duplicates(site.find([original, copy], redo=Redo.ALL).values(), [], site.sha256)

        assert (a.state, b.state) == (CallState.DUPLICATE, CallState.AUDITED)

    def test_calls_that_are_not_to_be_audited_are_no_originals(self, site: Site) -> None:
        site.put("a.wav", recording(1, seed=1))
        site.put("b.wav", recording(1, seed=1))

        calls = mark_duplicates(site.find().values(), [], site.sha256)

        assert [call.state for call in calls] == [CallState.SKIPPED, CallState.SKIPPED]

    def test_only_copies_are_read_however_many_have_the_same_size(self, site: Site) -> None:
        others = {f"o{seed}": recording(5, seed=seed) for seed in range(2, 22)}
        calls = self.found(site, a=recording(3), c=recording(5, seed=1), d=recording(5, seed=1), **others)
        read: list[str] = []

        def sha256(call: Call) -> str:
            read.append(call.path)
            return site.sha256(call)

        marked = list(mark_duplicates(calls, [], sha256))

        assert sorted(read) == ["c.wav", "d.wav"]
        assert [call.path for call in marked if call.state is CallState.DUPLICATE] == ["d.wav"]

    def test_a_copy_of_what_was_hashed_is_read_alone(self, site: Site) -> None:
        (call,) = self.found(site, a=self.CONTENT)
        hashed = replace(call, call_id="earlier", day=date(2026, 11, 1), sha256=sha256_of(self.CONTENT))
        read: list[str] = []
        (marked,) = mark_duplicates([call], [hashed], lambda one: read.append(one.path) or site.sha256(one))
        assert (marked.state, read) == (CallState.DUPLICATE, ["a.wav"])

    def test_what_differs_outside_the_sample_is_told_apart_by_all_of_it(self, site: Site) -> None:
        silence = bytearray(recording(30, seed=1))
        silence[1_000:-1_000] = bytes(len(silence) - 2_000)
        other = bytearray(silence)
        other[-500] ^= 1
        calls = self.found(site, a=bytes(silence), b=bytes(other), c=bytes(silence))
        assert len({call.sample_sha256 for call in calls}) == 1
        a, b, c = mark_duplicates(calls, [], site.sha256)
        assert [call.state for call in (a, b, c)] == ["pending", "pending", "duplicate"]

    def test_a_copy_of_before_samples_stays_one(self, site: Site) -> None:
        original, copy = self.found(site, a=self.CONTENT, b=self.CONTENT)
        content = sha256_of(self.CONTENT)
        original = replace(original, sample_sha256=None, sha256=content, state=CallState.AUDITED)
        copy = replace(copy, sample_sha256=None, sha256=content, duplicate_of=original.call_id)
        _, marked = mark_duplicates([original, copy], [], site.sha256)
        assert (marked.state, marked.duplicate_of) == (CallState.DUPLICATE, original.call_id)

    def test_files_that_cannot_be_read_are_not_copies_of_one_another(self, site: Site) -> None:
        calls = self.found(site, a=self.CONTENT, b=self.CONTENT)

        marked = mark_duplicates(calls, [], lambda call: None)

        assert [call.state for call in marked] == [CallState.PENDING, CallState.PENDING]
