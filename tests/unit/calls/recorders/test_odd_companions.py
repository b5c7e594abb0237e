"""What real recorders leave beside recordings, in the encodings and under the names that are met."""

import json
import unicodedata
from collections.abc import Sequence

import pytest

from include.calls.call import CallState
from include.calls.discovery import Discovery, find_recordings
from include.calls.recorders.days import folder_of_day
from include.calls.recorders.expressions import EXPRESSIONS, SidecarFormat
from include.calls.recorders.loading import load_recorder
from tests.unit.calls.site import DAY, RULES, Site, recording

JSON, XML, CSV = (EXPRESSIONS[form] for form in (SidecarFormat.JSON, SidecarFormat.XML, SidecarFormat.CSV))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
PAIRED = (
    *(("in", "out"), ("rx", "tx"), ("r", "t"), ("agent", "customer"), ("agent", "client"), ("rep", "cust")),
    *(("caller", "callee"), ("left", "right"), ("L", "R"), ("local", "remote"), ("near", "far")),
    *(("ch0", "ch1"), ("channel1", "channel2"), ("In", "Out"), ("AGENT", "CUSTOMER")),
)
TOLD = (
    ("_1", "_2"),
    ("_0", "_1"),
    ("-a", "-b"),
    ("_leg1", "_leg2"),
    ("_inbound", "_outbound"),
    ("_recv", "_sent"),
)


def discovered(site: Site, files: dict[str, bytes]) -> Discovery:
    for path, content in files.items():
        site.put(path, content)
    return site.discover(stereo_roles=())


def sides(endings: Sequence[str], seconds: Sequence[float] = (3, 3), name: str = "call") -> dict[str, bytes]:
    pairs = enumerate(zip(endings, seconds, strict=True))
    return {f"{name}{ending}.wav": recording(length, seed=seed) for seed, (ending, length) in pairs}


@pytest.mark.parametrize("separator", ["_", "-", ".", " "])
@pytest.mark.parametrize("words", PAIRED)
def test_sides_are_one_call_under_any_of_their_usual_names(
    memory_site: Site, words: tuple[str, str], separator: str
) -> None:
    [call] = discovered(memory_site, sides([separator + word for word in words])).recordings
    assert call.channels == 2 and [part.path for part in call.parts] == [
        f"call{separator}{word}.wav" for word in words
    ]


@pytest.mark.parametrize("endings", TOLD)
def test_what_may_be_two_calls_is_told_and_audited_as_two(
    memory_site: Site, endings: tuple[str, str]
) -> None:
    found = discovered(memory_site, sides(endings))
    assert len(found.recordings) == 2
    assert any("the two sides of a call: 1 pair call" in problem for problem in found.files.problems)


@pytest.mark.parametrize(
    "files",
    [
        sides(("_1", "_2"), (3, 5)),
        sides(("_1", "_2", "_3"), (3, 3, 3)),
        sides(("_ann", "_bob"), (3, 4)),
        {**sides(("_ann", "_bob")), **{f"call-{n}.wav": recording(3, seed=9 + n) for n in range(4)}},
        {**sides(("_in",), (3,), "a"), **sides(("_in",), (3,), "b")},
    ],
)
def test_calls_that_only_count_are_not_taken_for_sides(memory_site: Site, files: dict[str, bytes]) -> None:
    found = discovered(memory_site, files)
    assert len(found.recordings) == len(files) and not found.files.problems


@pytest.mark.parametrize("name", ["call.info", "call.wav.info", "call.cdr", "call.dat", "call.wav.sig"])
def test_what_lies_beside_a_recording_under_its_name_is_no_broken_recording(
    memory_site: Site, name: str
) -> None:
    found = discovered(memory_site, {"call.wav": recording(), name: b'{"agent": "Ann"}'})
    assert [(call.path, call.state) for call in found.recordings] == [("call.wav", CallState.PENDING)]
    assert sum(found.files.unknown.values()) == 1 and any(name in one for one in found.files.problems)


def test_what_lies_alone_is_looked_at(memory_site: Site) -> None:
    found = discovered(
        memory_site, {"call.wav": recording(), "other.info": b"text", "more.dat": recording(seed=1)}
    )
    states = {call.path: call.state for call in found.recordings}
    assert states == {
        "call.wav": CallState.PENDING,
        "more.dat": CallState.PENDING,
        "other.info": CallState.QUARANTINED,
    }


@pytest.mark.parametrize(
    "name", ["call.meta.json", "call_meta.json", "call.wav.metadata.json", "call-meta.json"]
)
def test_usual_names_of_sidecars_are_read(memory_site: Site, name: str) -> None:
    content = json.dumps({"agent": {"name": "Ann", "id": 7}}).encode()
    [call] = discovered(memory_site, {"call.wav": recording(), name: content}).recordings
    assert (call.metadata.agent, call.metadata.agent_id) == ("Ann", "7")


class TestEncodings:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_json(self, encoding: str) -> None:
        [entry] = JSON.entries('{"agent": "José Ángel"}'.encode(encoding), None)
        assert JSON.value(entry, "agent") == "José Ángel"

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_xml(self, encoding: str) -> None:
        [entry] = XML.entries("<call><agent>José Ángel</agent></call>".encode(encoding), None)
        assert XML.value(entry, "agent") == "José Ángel"

    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("before", ["", "sep={}\r\n"])
    def test_csv(self, encoding: str, separator: str, before: str) -> None:
        lines = before.format(separator) + f"CALL ID{separator}Agent\r\n7{separator}José Ángel\r\n"
        [entry] = CSV.entries(lines.encode(encoding), None)
        assert (CSV.value(entry, "call id"), CSV.value(entry, "AGENT")) == ("7", "José Ángel")

    def test_attributes_serve_where_others_write_elements(self) -> None:
        [entry] = XML.entries(b'<call agent="Ann" x="1"/>', None)
        assert (XML.value(entry, "agent"), XML.value(entry, "queue")) == ("Ann", None)

    def test_a_number_of_too_many_digits_costs_no_other_field(self) -> None:
        [entry] = JSON.entries(b'{"n": ' + b"9" * 5000 + b', "agent": "Ann"}', None)
        assert JSON.value(entry, "agent") == "Ann"


@pytest.mark.parametrize(
    "name", ["a.wav.!sync", "a.wav_partial", "a.wav.wip", "a.recording", "a.wav.UNFINISHED"]
)
def test_names_of_what_is_being_written(memory_site: Site, name: str) -> None:
    found = discovered(memory_site, {name: recording()})
    assert (found.recordings, found.being_written) == ([], [name])


class TestManifests:
    @pytest.mark.parametrize(
        "name", ["manifest.xlsx", "Manifest.json", "manifest.csv.csv", "manifest (1).csv"]
    )
    def test_one_of_another_name_or_form_is_told(self, memory_site: Site, name: str) -> None:
        found = discovered(memory_site, {"a.wav": recording(), name: b"file,agent\na.wav,Ann\n"})
        assert [call.path for call in found.recordings] == ["a.wav"]
        assert found.problems == [f"{name} is not read: save it as CSV under the name manifest.csv"]

    def test_a_row_of_an_endless_cell_is_told(self, memory_site: Site) -> None:
        rows = f"file,agent\na.wav,{'x' * 200_000}\nb.wav,Bob\n"
        files = {"a.wav": recording(), "b.wav": recording(seed=1), "manifest.csv": rows.encode()}
        found = discovered(memory_site, files)
        assert {call.path: call.metadata.agent for call in found.recordings} == {
            "a.wav": None,
            "b.wav": "Bob",
        }
        assert found.problems == [
            "row 2: one of its cells holds more than 131,072 characters: shorten it. It was not read"
        ]

    @pytest.mark.parametrize("at", [0, 1, 2, 3])
    def test_a_nul_that_strayed_in_makes_no_utf_16_of_it(self, memory_site: Site, at: int) -> None:
        cell = "Anna"[:at] + "\0" + "Anna"[at:]
        rows = f"file,agent\na.wav,{cell}\n"
        [call] = discovered(memory_site, {"a.wav": recording(), "manifest.csv": rows.encode()}).recordings
        assert call.metadata.agent == "Anna"

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_accents_may_be_composed_or_not(self, memory_site: Site, form: str) -> None:
        name = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "José.wav")
        rows = f"file;agent\n{unicodedata.normalize(form, 'José.wav')};Ann\n"
        [call] = discovered(memory_site, {name: recording(), "manifest.csv": rows.encode()}).recordings
        assert call.metadata.agent == "Ann"


@pytest.mark.parametrize("agent", ["ann", "ann@centre.example", "Ann Lee", ""])
def test_five9_agents_may_be_e_mail_addresses(memory_site: Site, agent: str) -> None:
    path = f"Sales/11_16_2026/9115551234 by {agent}{' ' if agent else ''}@ 9_05_33 AM.wav"
    memory_site.put(path, recording())
    five9 = load_recorder("five9")
    folder = folder_of_day(
        memory_site.filesystem,
        memory_site.root,
        f"memory://{memory_site.root}",
        DAY,
        recorder=five9,
        timezone=RULES.timezone,
    )
    [call] = find_recordings(folder, RULES.__class__(**{**vars(RULES), "recorder": five9}), {}).recordings
    assert (call.metadata.agent_id or "", call.metadata.queue) == (agent, "Sales")
    assert f"{call.metadata.started_at:%H:%M:%S}" == "09:05:33"
