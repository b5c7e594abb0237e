"""Manifests as spreadsheets, recorders and people leave them, in discovery: read right, or told by row."""

import unicodedata
from dataclasses import dataclass, field

import pytest

from include.calls.call import CallState
from include.calls.moments import DateOrder
from tests.unit.calls.site import Site, recording

SOUND = recording()
DANA, KIM = {"a.wav": "Dana"}, {"sub/b.wav": "Kim"}
BOTH = DANA | KIM
ROWS = "file,agent\na.wav,Dana\nsub/b.wav,Kim\n"
NFC, NFD = (unicodedata.normalize(form, "Núria.wav") for form in ("NFC", "NFD"))


@dataclass
class Odd:
    """A manifest, who is the agent of each file by it, and what is told."""

    content: str | bytes
    agents: dict[str, str | None] = field(default_factory=lambda: BOTH)
    told: list[str] = field(default_factory=list)
    files: tuple[str, ...] = ("a.wav", "sub/b.wav")
    absent: tuple[str, ...] = ()


ODD = {
    "semicolons": Odd("file;agent\r\na.wav;Dana\r\nsub/b.wav;Kim\r\n"),
    "tabs": Odd("file\tagent\na.wav\tDana\nsub/b.wav\tKim"),
    "bars": Odd("file|agent\na.wav|Dana\nsub/b.wav|Kim\n"),
    "Excel's own first line": Odd("sep=;\r\nfile;agent\r\na.wav;Dana\r\nsub/b.wav;Kim\r\n"),
    "UTF-16, as Excel calls Unicode": Odd(("\ufeff" + ROWS.replace(",", "\t")).encode("utf-16-le")),
    "UTF-16, the other way round": Odd(("\ufeff" + ROWS).encode("utf-16-be")),
    "UTF-16 without its mark": Odd(ROWS.encode("utf-16-le")),
    "UTF-8 with a mark before a quote": Odd('\ufeff"file","agent"\n"a.wav","Dana"\n"sub/b.wav","Kim"\n'),
    "lines of old Macs": Odd(ROWS.replace("\n", "\r")),
    "Windows-1252": Odd(
        "file;agent\na.wav;Núria Peña\nsub/b.wav;Kim\n".encode("cp1252"),
        {"a.wav": "Núria Peña"} | KIM,
        ["line 2: not UTF-8, so read as Windows-1252"],
    ),
    "one line of it in UTF-8": Odd(
        "file,agent\na.wav,Núria\n".encode() + "sub/b.wav,Zoë\n".encode("cp1252"),
        {"a.wav": "Núria", "sub/b.wav": "Zoë"},
        ["line 3: not UTF-8"],
    ),
    "a header as people write it": Odd(' FILE ,"Agent"\na.wav,Dana\nsub/b.wav,Kim\n'),
    "a header in two words": Odd("File Name,AGENT\na.wav,Dana\nsub/b.wav,Kim\n"),
    "a mark in the middle of the header": Odd("agent,\ufefffile\nDana,a.wav\nKim,sub/b.wav\n"),
    "separators at every end": Odd("file,agent,,,\na.wav,Dana,,,\nsub/b.wav,Kim,,,,,\n,,,\n"),
    "empty lines": Odd("\n\nfile,agent\n\na.wav,Dana\n\n\nsub/b.wav,Kim\n\n"),
    "only a header": Odd("file,agent\n", {"a.wav": None, "sub/b.wav": None}),
    "a line end in a cell": Odd('file,note,agent\na.wav,"calm,\r\nthen loud",Dana\nsub/b.wav,,Kim\n'),
    "quotes in a cell": Odd('file,note,agent\na.wav,"said ""no""",Dana\nsub/b.wav,a 12" screen,Kim\n'),
    "a quote that nobody closes": Odd(
        'file,agent\na.wav,"Dana\nsub/b.wav,Kim\n', told=["row 2 (a.wav): its quotes are not in pairs"]
    ),
    "two quotes that nobody closes": Odd(
        'file,agent\na.wav,"Dana\nsub/b.wav,"Kim\n', told=["row 2 (a.wav): its quotes are not in pairs"]
    ),
    "a separator in a cell without quotes": Odd(
        "file,agent\na.wav,Fox, Dana\nsub/b.wav,Kim\n",
        {"a.wav": None} | KIM,
        ["row 2: it has 3 cells, and the header 2: put cells that hold a separator in quotes"],
    ),
    "a row without a file": Odd(
        "file,agent\n,Lee\na.wav,Dana\nsub/b.wav,Kim\n", told=["row 2: it names no file"]
    ),
    "a row that stands twice": Odd(
        "file,agent\na.wav,Lee\nsub/b.wav,Kim\n./a.wav,Dana\n",
        told=["row 4 (./a.wav): row 2 is of the same file; this row counts"],
    ),
    "a column that stands twice": Odd(
        "file,agent,Agent\na.wav,Dana,x\nsub/b.wav,Kim,x\n", told=["column 'agent' is there twice"]
    ),
    "paths from here": Odd("file,agent\n./a.wav,Dana\n./sub/./b.wav,Kim\n"),
    "paths from the folder's root": Odd("file,agent\n/a.wav,Dana\n/sub/b.wav,Kim\n"),
    "paths of Windows": Odd("file,agent\n.\\a.wav,Dana\nsub\\b.wav,Kim\n"),
    "full paths of Windows": Odd(
        "file,agent\nD:\\rec\\2026-11-16\\a.wav,Dana\n\\\\pbx\\rec\\2026-11-16\\sub\\b.wav,Kim\n"
    ),
    "full paths and URIs": Odd("file,agent\n{root}/a.wav,Dana\n{uri}/sub/b.wav,Kim\n"),
    "URIs with escapes": Odd("file,agent\n{uri}/a%20b.wav,Dana\n", {"a b.wav": "Dana"}, files=("a b.wav",)),
    "paths through another folder": Odd("file,agent\nsub/../a.wav,Dana\n../2026-11-16/sub/b.wav,Kim\n"),
    "paths outside of the day": Odd(
        "file,agent\n../2026-11-15/a.wav,Lee\n/etc/passwd,Lee\ns3://other/a.wav,Lee\nC:\\a.wav,Lee\na.wav,Dana\n",
        DANA | {"sub/b.wav": None},
        [
            "row 2 (../2026-11-15/a.wav): it lies outside of the day's folder",
            "row 3 (/etc/passwd): it lies outside of the day's folder",
            "row 4 (s3://other/a.wav): it lies outside of the day's folder",
            "row 5 (C:\\a.wav): it lies outside of the day's folder",
        ],
    ),
    "another case": Odd("file,agent\nA.WAV,Dana\nSub/B.wav,Kim\n"),
    "another case that two files have": Odd(
        "file,agent\nA.Wav,Lee\na.wav,Dana\nA.WAV,Kim\n",
        DANA | {"A.WAV": "Kim"},
        ["row 2 (A.Wav): it may mean A.WAV or a.wav: write it as the file is. It was not read"],
        files=("a.wav", "A.WAV"),
    ),
    "accents composed, and not in the name": Odd(f"file,agent\n{NFC},Dana\n", {NFD: "Dana"}, files=(NFD,)),
    "accents not composed, and in the name": Odd(f"file,agent\n{NFD},Dana\n", {NFC: "Dana"}, files=(NFC,)),
    "names with what CSV is made of": Odd(
        'file,agent\n"a,b.wav",Dana\n"c""d.wav",Kim\n"e\nf.wav",Lee\n',
        {"a,b.wav": "Dana", 'c"d.wav': "Kim", "e\nf.wav": "Lee"},
        files=("a,b.wav", 'c"d.wav', "e\nf.wav"),
    ),
    "names with spaces at both ends": Odd(
        'file,agent\n" a.wav ",Dana\n', {" a.wav ": "Dana"}, files=(" a.wav ",)
    ),
    "NULs": Odd(b"file,agent\na.wav,Da\0na\nsub/b.wav,Kim\0\n"),
    "a path without an end": Odd(
        f"{ROWS}{'a/' * 1251}.wav,Lee\n", told=["row 4: its file is no path: it has more than 2,500 bytes"]
    ),
    "files that are not there": Odd(
        "file,agent\na.wav,Dana\n./sub\\c.wav,Lee\nsub/b.wav,Kim\n", absent=("sub/c.wav",)
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_every_row_is_read_or_told(site: Site, name: str) -> None:
    odd = ODD[name]
    for path in odd.files:
        site.put(path, SOUND)
    content = odd.content.encode() if isinstance(odd.content, str) else odd.content
    content = content.replace(b"{root}", site.root.encode()).replace(b"{uri}", site.folder.uri.encode())
    site.put("manifest.csv", content)

    found = site.discover()

    agents = {call.path: call.metadata.agent for call in found.recordings if call.size_bytes}
    assert agents == odd.agents
    assert len(found.problems) == len(odd.told), found.problems
    for problem, told in zip(found.problems, odd.told, strict=True):
        assert problem.startswith(told)
    absent = {call.path: call.state for call in found.recordings if not call.size_bytes}
    assert absent == dict.fromkeys(odd.absent, CallState.QUARANTINED)


class TestTimes:
    """Of a file that lies in the day's folder, whatever its name says."""

    @pytest.mark.parametrize(
        ("cell", "utc"),
        [
            ("16/11/2026 9:12", "2026-11-16T08:12"),
            ("11/16/2026 9:12 AM", "2026-11-16T08:12"),
            ("05/05/2026 9:12", "2026-05-05T07:12"),
            ("46342.383333", "2026-11-16T08:12"),
            ("1794816720", "2026-11-16T08:12"),
        ],
    )
    def test_what_means_one_moment_is_read(self, memory_site: Site, cell: str, utc: str) -> None:
        memory_site.put("a.wav", SOUND)
        memory_site.put("manifest.csv", f"file;started_at\na.wav;{cell}\n".encode())

        found = memory_site.discover()

        assert f"{found.recordings[0].metadata.started_at:%Y-%m-%dT%H:%M}" == utc
        assert found.problems == []

    def test_what_may_mean_two_is_refused_by_its_row(self, memory_site: Site) -> None:
        memory_site.put("a.wav", SOUND)
        memory_site.put("manifest.csv", b"file,agent,started_at\na.wav,Dana,03/04/2026 09:12\n")

        found = memory_site.discover()

        metadata = found.recordings[0].metadata
        assert (metadata.agent, metadata.started_at) == ("Dana", None)
        assert found.problems == [
            "row 2 (a.wav): started_at '03/04/2026 09:12' may be 4 March 2026 or 3 April 2026: write it like "
            "2026-11-16T09:12:00, or set [cofi] manifest_date_order"
        ]

    @pytest.mark.parametrize(("order", "month"), [(DateOrder.DAY_FIRST, 4), (DateOrder.MONTH_FIRST, 3)])
    def test_a_setting_says_which(self, memory_site: Site, order: DateOrder, month: int) -> None:
        memory_site.put("a.wav", SOUND)
        memory_site.put("manifest.csv", b"file,started_at\na.wav,03/04/2026 09:12\n")

        found = memory_site.discover(date_order=order)

        started_at = found.recordings[0].metadata.started_at
        assert started_at and started_at.month == month
        assert found.problems == []


def test_the_manifest_may_differ_in_case_from_its_setting(site: Site) -> None:
    site.put("a.wav", SOUND)
    site.put("Manifest.CSV", b"file,agent\na.wav,Dana\n")
    assert {call.path: call.metadata.agent for call in site.discover().recordings} == DANA


def test_names_in_windows_1252_are_found_by_a_manifest_in_it(local_site: Site) -> None:
    name = "Mu\udcf1oz.wav"  # ñ in Windows-1252, as Linux tells it
    local_site.put(name, SOUND)
    local_site.put("manifest.csv", "file;agent\nMuñoz.wav;Dana\n".encode("cp1252"))

    (call,) = local_site.discover().recordings

    assert (call.state, call.path, call.metadata.agent) == (CallState.PENDING, "Mu\\udcf1oz.wav", "Dana")
