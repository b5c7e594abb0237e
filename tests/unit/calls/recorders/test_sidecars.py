"""Sidecars are read as they are written; one that cannot be read costs its metadata, and not its call."""

import json
from dataclasses import replace

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.call import Call, CallState, ChannelRole, ChannelRolesSource
from include.calls.discovery import Discovery, find_recordings
from include.calls.recorders.expressions import EXPRESSIONS, SidecarFormat
from include.calls.recorders.loading import load_recorder
from include.errors import InvalidInput
from tests.unit.calls.site import RULES, Site, recording

NAMES = ("{0}_metadata.json", "{0}.wav_metadata.json", "{0}.json", "{0}.wav.json", "{0}.metadata.json")


def found_in(site: Site) -> tuple[dict[str, Call], Discovery]:
    looked = find_recordings(site.folder, RULES, {})
    return {call.path: call for call in looked.recordings}, looked


@pytest.mark.parametrize("name", NAMES)
def test_metadata_beside_a_recording_is_read_and_is_no_recording(site: Site, name: str) -> None:
    for number, stem in enumerate(("one", "two")):
        site.put(f"night/{stem}.wav", recording(seed=number))
        told = {"agentName": f"Agent {stem}", "queueName": "billing", "campaign": 7, "nested": {"a": 1}}
        site.put(f"night/{name.format(stem)}", json.dumps(told).encode())
    calls, looked = found_in(site)

    assert {path: call.state for path, call in calls.items()} == dict.fromkeys(
        ["night/one.wav", "night/two.wav"], CallState.PENDING
    )
    one = calls["night/one.wav"].metadata
    assert (one.agent, one.queue, one.extra) == ("Agent one", "billing", {"campaign": "7"})
    assert (looked.files.sidecars, looked.files.problems) == (2, ())


def test_the_manifest_is_stronger_than_a_sidecar_and_adds_to_it(site: Site) -> None:
    site.put("a.wav", recording(channels=2))
    site.put(
        "a.json",
        json.dumps({"agent": "Kim", "team": "North", "channel_roles": ["agent", "customer"]}).encode(),
    )
    calls, _ = found_in(site)
    assert calls["a.wav"].metadata.channel_roles == (ChannelRole.AGENT, ChannelRole.CUSTOMER)
    assert calls["a.wav"].metadata.roles_source is ChannelRolesSource.SIDECAR
    site.put("manifest.csv", b"file,agent,channel_roles\na.wav,Dana,customer|agent\n")
    known = found_in(site)[0]["a.wav"].metadata
    assert (known.agent, known.team) == ("Dana", "North")
    assert known.channel_roles == (ChannelRole.CUSTOMER, ChannelRole.AGENT)
    assert known.roles_source is ChannelRolesSource.MANIFEST


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is no JSON (Expecting property name"),
        (b"\xff\xfe\x00", "it is no JSON (Expecting value in line 1)"),
        (b"[" * 200_000, "it is no JSON (it is nested too deeply)"),
        (b"null", "it says nothing"),
        (b"[]", "it says nothing"),
        (b'"text"', "it says nothing"),
    ],
)
def test_one_that_cannot_be_read_is_told_and_its_call_audited(site: Site, content: bytes, why: str) -> None:
    site.put("a.wav", recording())
    site.put("a.json", content)
    calls, looked = found_in(site)
    assert calls["a.wav"].state is CallState.PENDING
    assert looked.files.sidecars_unread == 1
    assert looked.files.problems[0].startswith(f"a.json tells nothing: {why}")


def test_one_whose_store_refuses_it_stops_no_call(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("a.wav", recording())
    site.put("a.json", b"{}")
    opened = type(site.filesystem).open

    def refusing(self, path, *arguments, **options):
        if str(path).endswith(".json"):
            raise PermissionError("denied")
        return opened(self, path, *arguments, **options)

    monkeypatch.setattr(type(site.filesystem), "open", refusing)
    calls, looked = found_in(site)
    assert calls["a.wav"].state is CallState.PENDING
    assert looked.files.problems == ("a.json tells nothing: its store does not give it (PermissionError)",)


def test_a_sidecar_without_a_recording_and_a_recording_without_a_sidecar_are_told(site: Site) -> None:
    site.put("a.wav", recording(seed=1))
    site.put("a.json", b'{"agent": "Dana"}')
    site.put("b.wav", recording(seed=2))
    site.put("c.json", b'{"agent": "Kim"}')
    calls, looked = found_in(site)
    assert set(calls) == {"a.wav", "b.wav"}
    assert (looked.files.sidecars, looked.files.sidecars_alone, looked.files.without_sidecar) == (1, 1, 1)
    assert looked.files.problems == (
        "no recording for 1 sidecar c.json: copy the recordings, or delete the sidecars",
        "no sidecar for 1 recording b.wav: audited without its metadata",
    )


def test_where_nobody_writes_sidecars_none_is_missed(site: Site) -> None:
    site.put("a.wav", recording())
    site.put("notes.txt", b"x")
    _, looked = found_in(site)
    assert (looked.files.without_sidecar, looked.files.problems) == (0, ())
    assert str(looked.files) == "1 ignored file (1 .txt)"


def test_what_a_database_would_refuse_is_cleaned(site: Site) -> None:
    site.put("a.wav", recording())
    site.put("a.json", b'{"agent": "Da\\u0000na \\ud800", "queue": "a\\nb", "note": "' + b"x" * 5000 + b'"}')
    known = found_in(site)[0]["a.wav"].metadata
    assert (known.agent, known.queue, len(known.extra["note"])) == ("Dana ?", "a b", 1000)


def test_xml_has_namespaces_and_attributes_and_no_entities() -> None:
    xml = EXPRESSIONS[SidecarFormat.XML]
    [entry] = xml.entries(b'<c:call xmlns:c="urn:x" id="7"><c:agent name="Dana">x</c:agent></c:call>', None)
    told = [
        xml.value(entry, path) for path in ("@id", "agent", "agent/@name", ".//agent", "nobody", "agent/@no")
    ]
    assert told == ["7", "x", "Dana", "x", None, None]
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(InvalidInput, match="it has a DOCTYPE"):
        list(xml.entries(bomb, None))


def test_csv_is_read_with_any_separator_and_case() -> None:
    table = EXPRESSIONS[SidecarFormat.CSV]
    for text in ("Call ID,Agent\n1,Dana\n", "\ufeffcall id;AGENT\n1;Dana\n", "CALL ID\tagent \n1\tDana\n"):
        [row] = table.entries(text.encode(), None)
        assert (table.value(row, "CALL ID"), table.value(row, "Agent"), table.value(row, "x")) == (
            "1",
            "Dana",
            None,
        )
    [row] = table.entries("agent\nNúria\n".encode("latin-1"), None)
    assert table.value(row, "Agent") == "Núria"
    with pytest.raises(InvalidInput, match="an HTML page: save it as CSV"):
        list(table.entries(b"<html><body>Sign in</body></html>", None))


@given(content=st.binary(max_size=200))
def test_whatever_a_sidecar_holds_it_is_read_or_refused(content: bytes) -> None:
    for form in SidecarFormat:
        try:
            entries = list(EXPRESSIONS[form].entries(content, None))
        except InvalidInput:
            continue
        for entry in entries:
            EXPRESSIONS[form].rest(entry)


@pytest.mark.parametrize("field", ["started_at", "ended_at"])
@pytest.mark.parametrize(
    "none", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-05:00"]
)
def test_a_time_that_stands_for_none_is_none(site: Site, field: str, none: str) -> None:
    site.put("a.wav", recording(2))
    site.put("a.json", json.dumps({field: none}).encode())
    [call] = site.discover().recordings
    assert getattr(call.metadata, field) is None
    assert call.metadata.extra[field] == none


@pytest.mark.parametrize("hold", ["9" * 400 + ":00:00", "300:00:00", "1e400", "inf", "nan", -1, 1e300])
def test_a_hold_without_an_end_is_none(site: Site, hold: object) -> None:
    site.put("a.wav", recording(2))
    site.put("a.json", json.dumps({"hold_s": hold}).encode())
    [call] = site.discover().recordings
    assert call.metadata.hold_s is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.text(max_size=6) | st.sampled_from(
    ["agent", "started_at", "direction", "tags", "channel_roles", "hold_s", "queue"]
)


@pytest.mark.long
@given(told=st.dictionaries(names, json_values, max_size=6))
def test_whatever_a_sidecar_says_its_call_can_be_stored(told: dict[str, object]) -> None:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    site = Site(memory, "/calls/2026-11-16", "memory")
    site.put("a.wav", recording(2))
    site.put("a.json", json.dumps(told).encode())
    [call] = find_recordings(site.folder, RULES, {}).recordings
    assert call.state is CallState.PENDING
    json.dumps(call.metadata.extra).encode()
    for text in (
        call.metadata.agent,
        call.metadata.queue,
        *call.metadata.tags,
        *call.metadata.extra.values(),
    ):
        assert text is None or ("\0" not in text and text.encode())


def test_entries_find_their_recordings_by_what_they_say(site: Site) -> None:
    nice = load_recorder("nice_cxone").model_copy(update={"days": RULES.recorder.days})
    site.put("123456789012.wav", recording(seed=1))
    site.put("123456789013.wav", recording(seed=2))
    site.put("report.csv", b"contact_id,agent_name\n123456789013,Kim\n123456789999,Nobody\n")
    looked = find_recordings(site.folder, replace(RULES, recorder=nice), {})
    agents = {call.path: call.metadata.agent for call in looked.recordings}
    assert agents == {"123456789012.wav": None, "123456789013.wav": "Kim"}
    assert any("no recording for 1 list entry 123456789999" in one for one in looked.files.problems)
