"""Two files of one call are one call, two calls that are named like it stay two; nobody guesses roles."""

from dataclasses import replace
from typing import Any

import pytest

from include.calls.call import Call, CallState, ChannelRole
from include.calls.discovery import Discovery, find_recordings
from include.calls.recorders.loading import load_recorder
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import sort_files
from tests.steps import steps
from tests.unit.calls.site import RULES, Site, recording

AGENT, CUSTOMER, UNKNOWN = ChannelRole.AGENT, ChannelRole.CUSTOMER, ChannelRole.UNKNOWN
PLAIN = RULES.recorder


def looked(
    site: Site, recorder: Recorder = PLAIN, known: list[Call] | None = None, **rules: Any
) -> Discovery:
    before = {call.path: call for call in known or []}
    return find_recordings(site.folder, replace(RULES, recorder=recorder, stereo_roles=(), **rules), before)


def calls_of(found: Discovery) -> dict[str, Call]:
    return {call.path: call for call in found.recordings}


class TestSides:
    @pytest.mark.parametrize("endings", [("_in", "_out"), ("-in", "-out"), ("_IN", "_OUT")])
    @pytest.mark.parametrize(
        ("direction", "roles"),
        [("inbound", (CUSTOMER, AGENT)), ("outbound", (AGENT, CUSTOMER)), ("internal", ()), ("", ())],
    )
    def test_two_files_of_a_call_are_one_call_with_roles_by_direction(
        self, site: Site, endings: tuple[str, str], direction: str, roles: tuple[ChannelRole, ...]
    ) -> None:
        for seed, ending in enumerate(endings):
            site.put(f"x/call{ending}.wav", recording(3 + seed, seed=seed))
        site.put("manifest.csv", f"file,direction\nx/call{endings[1]}.wav,{direction}\n".encode())
        found = looked(site)
        [call] = found.recordings
        assert (call.path, call.state) == (f"x/call{endings[0]}.wav", CallState.PENDING)
        assert (call.channels, call.sample_rate_hz, call.duration_s) == (2, 8000, pytest.approx(4))
        assert call.metadata.channel_roles == roles
        assert [(part.path, part.channel) for part in call.parts] == [
            (f"x/call{endings[0]}.wav", 0),
            (f"x/call{endings[1]}.wav", 1),
        ]
        assert call.size_bytes == sum(part.size_bytes for part in call.parts)
        assert (found.files.recordings, found.files.sides) == (1, 1)

    def test_a_mix_beside_both_sides_is_no_call_of_its_own(self, site: Site) -> None:
        for seed, name in enumerate(("a.wav", "a_in.wav", "a_out.wav", "b.wav", "b_in.wav")):
            site.put(name, recording(seed=seed))
        found = looked(site)
        assert set(calls_of(found)) == {"a_in.wav", "b.wav", "b_in.wav"}
        assert found.files.ignored == {".wav": 1}
        assert any(one.startswith("one side only of 1 recording b_in.wav") for one in found.files.problems)

    def test_two_recordings_with_two_channels_each_are_two_calls(self, site: Site) -> None:
        site.put("check_in.wav", recording(seed=1, channels=2))
        site.put("check_out.wav", recording(seed=2, channels=2))
        assert {path: call.parts for path, call in calls_of(looked(site)).items()} == {
            "check_in.wav": (),
            "check_out.wav": (),
        }

    @pytest.mark.parametrize(
        ("other", "why"),
        [
            (b"", "its side a_out.wav is empty: copy it again"),
            (b"not a sound at all" * 20, "its side a_out.wav: no recording: "),
        ],
    )
    def test_a_side_that_cannot_be_heard_costs_the_call_and_says_why(
        self, site: Site, other: bytes, why: str
    ) -> None:
        site.put("a_in.wav", recording(seed=1))
        site.put("a_out.wav", other)
        [call] = looked(site).recordings
        assert call.state is CallState.QUARANTINED
        assert str(call.state_reason).startswith(why)

    def test_sides_of_different_rates_are_refused_with_the_mend(self, site: Site) -> None:
        import io

        import numpy as np
        import soundfile

        fast = io.BytesIO()
        soundfile.write(fast, np.zeros(48_000), 16_000, format="WAV")
        site.put("a_in.wav", recording(seed=1))
        site.put("a_out.wav", fast.getvalue())
        [call] = looked(site).recordings
        assert call.state is CallState.QUARANTINED
        assert "different sample rates (8000 and 16000 Hz): convert one" in str(call.state_reason)

    def test_what_an_older_version_took_for_calls_is_put_in_order(self, site: Site) -> None:
        for seed, name in enumerate(("a_in.wav", "a_out.wav")):
            site.put(name, recording(seed=seed))
        none = PLAIN.model_copy(update={"legs": ()})
        before = looked(site, none).recordings
        now = calls_of(looked(site, known=before))
        assert now["a_in.wav"].state is CallState.PENDING
        assert now["a_in.wav"].channels == 2
        assert now["a_out.wav"].state is CallState.SKIPPED
        assert now["a_out.wav"].state_reason == "one side of the call a_in.wav, which is audited with both"

    def test_a_side_that_was_written_again_is_noticed(self, site: Site) -> None:
        site.put("a_in.wav", recording(3, seed=1))
        site.put("a_out.wav", recording(3, seed=2))
        [before] = looked(site).recordings
        audited = replace(before, state=CallState.AUDITED)
        assert looked(site, known=[audited]).recordings == [audited]
        site.put("a_out.wav", recording(5, seed=3))
        [now] = looked(site, known=[audited]).recordings
        assert (now.state, now.duration_s) == (CallState.PENDING, pytest.approx(5))


class TestRoles:
    def test_nobody_guesses_who_is_on_which_channel(self, site: Site) -> None:
        site.put("a.wav", recording(channels=2))
        [call] = looked(site).recordings
        assert (call.metadata.channel_roles, call.metadata.roles_source) == ((), None)

    def test_a_recorder_knows_its_channels(self, site: Site) -> None:
        name = "0a1b2c3d-1111-4222-8333-444455556666_20261116T14:07_UTC.wav"
        site.put(name, recording(channels=2))
        connect = load_recorder("amazon_connect").model_copy(update={"days": PLAIN.days})
        [call] = looked(site, connect).recordings
        assert call.metadata.channel_roles == (CUSTOMER, AGENT)
        assert call.metadata.roles_source == "recorder"

    def test_a_recording_of_one_channel_has_no_roles(self, site: Site) -> None:
        site.put("a.wav", recording())
        connect = load_recorder("amazon_connect").model_copy(update={"days": PLAIN.days})
        [call] = looked(site, connect).recordings
        assert call.metadata.channel_roles == ()

    def test_the_setting_is_asked_last(self, site: Site) -> None:
        site.put("a.wav", recording(channels=2))
        rules = replace(RULES, stereo_roles=(CUSTOMER, AGENT))
        [call] = find_recordings(site.folder, rules, {}).recordings
        assert (call.metadata.channel_roles, call.metadata.roles_source) == ((CUSTOMER, AGENT), "setting")
        site.put("manifest.csv", b"file,channel_roles\na.wav,unknown|agent\n")
        [call] = find_recordings(site.folder, rules, {}).recordings
        assert (call.metadata.channel_roles, call.metadata.roles_source) == ((UNKNOWN, AGENT), "manifest")


@pytest.mark.long
def test_a_large_day_is_sorted_in_proportion_to_its_files() -> None:
    def work(count: int) -> int:
        names = [f"{n}{kind}" for n in range(count) for kind in ("_in.wav", "_out.wav", ".wav", "_in.json")]
        assert len(sort_files(names, PLAIN).recordings) == count
        return steps(lambda: sort_files(names, PLAIN))

    assert work(1000) < 11 * work(100)
