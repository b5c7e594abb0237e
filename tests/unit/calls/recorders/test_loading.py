"""A recorder's file is checked when it is read: what is wrong is told with file, line and mend."""

from pathlib import Path

import pytest

from include.audio_files.raw import Encoding, RawAudio
from include.calls.call import ChannelRole
from include.calls.recorders.describing import FIELDS
from include.calls.recorders.loading import PLAIN, SHIPPED, all_recorders, load_recorder, read_recorder
from include.errors import InvalidInput

OURS = """id: ours
title: Our recorder
days: {folders: YYYY/MM/DD}
paths:
- match: '(?P<agent_id>\\w+)-(?P<_day>\\d{8})-(?P<_time>\\d{6})'
  set: {started_at: "{_day}{_time}", direction: inbound}
sidecars:
- files: "{stem}.json"
  fields: {agent: [agent.name, agentName]}
times: {timezone: Europe/Madrid, formats: YYYYMMDDHHmmss}
roles: {fixed: [customer, agent]}
raw: [{files: "*.ulaw", encoding: mulaw}]
"""


def written(folder: Path, text: str, name: str = "ours") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text, "utf-8")
    return file


def test_every_shipped_recorder_is_right_and_says_where_its_facts_are_from() -> None:
    recorders = all_recorders()
    assert [one.id for one in recorders] == [
        *("amazon_connect", "asterisk", "five9", "freepbx", "genesys_cloud", "nice_cxone", "twilio", "verba"),
        *("zoom_phone", "plain"),
    ]
    for one in recorders[:-1]:
        comment = (SHIPPED / f"{one.id}.yaml").read_text("utf-8").partition("\nid:")[0]
        assert all(word in comment for word in ("# Sources: ", "ot confirmed", "# Location: ")), one.id


def test_one_of_ones_own_is_read_and_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    written(tmp_path, OURS)
    written(tmp_path, OURS.replace("id: ours", "id: verba"), "verba")
    ours = load_recorder("ours", tmp_path)
    assert ours.roles.of("outbound") == (ChannelRole.CUSTOMER, ChannelRole.AGENT)
    assert ours.raw_audio("2026/11/16/A.ULAW") == RawAudio(Encoding.MULAW, 8000, 1)
    assert ours.raw_audio("a.wav") is None
    assert load_recorder("verba", tmp_path).title == "Our recorder"
    assert load_recorder("verba").title == "Verba"
    assert {one.id for one in all_recorders(tmp_path)} >= {"ours", PLAIN}


@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"),
    [
        (
            "title: Our",
            "titel: Our",
            2,
            "titel: is no field of a recorder: correct its spelling, or remove it",
        ),
        ("title: Our recorder\n", "", 1, "title: is missing"),
        ("id: ours", "id: Ours!", 1, "id: write small letters, digits and _"),
        ("id: ours", "id: others", 1, "id: is others: write ours, as the file is called"),
        ("YYYY/MM/DD", "/srv/YYYY", 3, "days.folders.0: must lie below the location"),
        ("YYYY/MM/DD", "../YYYY", 3, "days.folders.0: must lie below the location"),
        (
            "(?P<agent_id>",
            "(?P<agnet>",
            5,
            "paths.0.match: there is no field agnet: fields are agent,",
        ),
        ("(?P<agent_id>", "(?P<agent_id", 5, "paths.0.match: is no regular expression: "),
        ("{_day}{_time}", "{_day", 6, "paths.0.set: started_at: '{_day' cannot be filled in"),
        ('"{stem}.json"', '"*.json"', 8, "sidecars.0: files: name the recording by {stem} or {name}"),
        ('"{stem}.json"', '"{stem}.data"', 8, "sidecars.0: format: write json, xml or csv"),
        ("agent.name", '"agent[name"', 8, "sidecars.0: 'agent[name' is no JMESPath: "),
        ("{agent: [", "{agnet: [", 9, "sidecars.0.fields: there is no field agnet"),
        ("Europe/Madrid", "Europe/Madird", 10, "times.timezone: there is no time zone Europe/Madird"),
        ("[customer, agent]", "[client, agent]", 11, "roles.fixed.0: Input should be 'agent', 'customer'"),
        ("encoding: mulaw", "encoding: mp3", 12, "raw.0.encoding: Input should be 'mulaw', 'alaw'"),
        ("raw: [", "raw: [[", 13, "not YAML: "),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_mend(
    tmp_path: Path, right: str, wrong: str, line: int, told: str
) -> None:
    assert right in OURS
    file = written(tmp_path, OURS.replace(right, wrong, 1))
    with pytest.raises(InvalidInput) as caught:
        read_recorder(file)
    lines = str(caught.value).splitlines()
    assert any(one.startswith(f"{file}:{line}: {told}") for one in lines), lines


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    spoilt = OURS.replace("title", "titel").replace("Madrid", "Madird")
    with pytest.raises(InvalidInput) as caught:
        read_recorder(written(tmp_path, spoilt))
    assert [one.split(": ")[1] for one in str(caught.value).splitlines()] == [
        "title",
        "titel",
        "times.timezone",
    ]


@pytest.mark.parametrize("text", ["", "- a", "just text", "a: b: c", "{", "\x00"])
def test_what_is_no_recorder_is_told_as_that(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match=r"ours\.yaml"):
        read_recorder(written(tmp_path, text))


def test_a_pair_of_legs_needs_two_endings(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"legs\.0: endings: write two that differ"):
        read_recorder(written(tmp_path, OURS + "legs: [{endings: [-in, -in]}]\n"))


def test_what_follows_from_others_is_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"derive\.0: set: started_at cannot follow from others"):
        read_recorder(written(tmp_path, OURS + "derive: [{when: {direction: in}, set: {started_at: x}}]\n"))


def test_the_examples_of_the_documentation_are_right(tmp_path: Path) -> None:
    text = Path("docs/recordings.md").read_text("utf-8")
    ours, sidecars = (block.partition("```")[0] for block in text.split("```yaml\n")[1:])
    recorder = read_recorder(written(tmp_path, ours))
    assert (len(recorder.paths), len(recorder.sidecars), len(recorder.raw)) == (1, 1, 1)
    head = OURS.partition("sidecars:")[0]
    assert len(read_recorder(written(tmp_path, f"{head}sidecars:\n{sidecars}")).sidecars) == 2


def test_the_documentation_names_every_field_and_recorder() -> None:
    text = Path("docs/recordings.md").read_text("utf-8")
    assert {one.id for one in all_recorders() if f"| `{one.id}` |" not in text} == set()
    assert {name for name in FIELDS if f"`{name}`" not in text} == set()
