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

    def test_doing_all_again_leaves_the_original_the_original(self, site: Site) -> None:
        site.put("b.wav", self.CONTENT)
        original = site.find_worked_on("b.wav", CallState.AUDITED)
        site.put("a.wav", self.CONTENT)
        copy = replace(site.find_worked_on("a.wav", CallState.DUPLICATE), duplicate_of=original.call_id)

        a, b = mark_duplicates(site.find([original, copy], redo=Redo.ALL).values(), [], site.sha256)

        assert (a.state, b.state) == (CallState.DUPLICATE, CallState.PENDING)

    def test_calls_that_are_not_to_be_audited_are_no_originals(self, site: Site) -> None:
        site.put("a.wav", recording(1, seed=1))
        site.put("b.wav", recording(1, seed=1))

        calls = mark_duplicates(site.find().values(), [], site.sha256)

        assert [call.state for call in calls] == [CallState.SKIPPED, CallState.SKIPPED]

    def test_only_files_whose_size_occurs_twice_are_read(self, site: Site) -> None:
        calls = self.found(
            site, a=recording(3), b=recording(4), c=recording(5, seed=1), d=recording(5, seed=2)
        )
        read: list[str] = []

        def sha256(call: Call) -> str:
            read.append(call.path)
            return site.sha256(call)

        marked = mark_duplicates(calls, [], sha256)

        assert sorted(read) == ["c.wav", "d.wav"]
        assert all(call.state is CallState.PENDING for call in marked)

    def test_files_that_cannot_be_read_are_not_copies_of_one_another(self, site: Site) -> None:
        calls = self.found(site, a=self.CONTENT, b=self.CONTENT)

        marked = mark_duplicates(calls, [], lambda call: None)

        assert [call.state for call in marked] == [CallState.PENDING, CallState.PENDING]
