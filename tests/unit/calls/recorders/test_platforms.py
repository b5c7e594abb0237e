"""A day of each platform is found whole: which calls, of which day, what is known of them, and who speaks."""

from datetime import date, datetime
from typing import Any

import pytest

from include.calls.call import Call, CallState
from include.calls.discovery import Discovery, find_recordings
from include.calls.discovery_rules import DiscoveryRules
from include.calls.recorders.days import folder_of_day
from include.calls.recorders.loading import load_recorder
from tests.unit.calls.recorders.platforms import PLATFORMS
from tests.unit.calls.site import DAY, Site

each_platform = pytest.mark.parametrize("name", PLATFORMS)


def laid_out(site: Site, name: str) -> None:
    for path, content in PLATFORMS[name].files.items():
        site.put(path, content)


def found_on(
    site: Site, name: str, day: date = DAY, known: list[Call] | None = None, **rules: Any
) -> Discovery:
    recorder, timezone = load_recorder(name), PLATFORMS[name].timezone
    uri = f"{site.scheme}://{site.root}"
    folder = folder_of_day(site.filesystem, site.root, uri, day, recorder=recorder, timezone=timezone)
    wanted = DiscoveryRules("manifest.csv", timezone, 2, 60, recorder=recorder, **rules)
    return find_recordings(folder, wanted, {call.path: call for call in known or []})


def of_interest(call: Call, told: dict[str, Any]) -> dict[str, Any]:
    """What is known of a call, as far as the platform's table tells."""
    seen: dict[str, Any] = {}
    for name, wanted in told.items():
        value = getattr(call.metadata, name) if hasattr(call.metadata, name) else getattr(call, name)
        if name == "extra":
            value = {key: value.get(key) for key in wanted}
        if isinstance(value, tuple):
            value = list(value)
        seen[name] = value
    return seen


@each_platform
def test_its_day_is_found_with_all_that_is_known(site: Site, name: str) -> None:
    laid_out(site, name)
    found = {call.path: call for call in found_on(site, name).recordings}

    assert found.keys() == PLATFORMS[name].calls.keys()
    for path, told in PLATFORMS[name].calls.items():
        wanted = {
            key: datetime.fromisoformat(value) if key.endswith("_at") else value
            for key, value in told.items()
        }
        if "duration_s" in wanted:
            wanted["duration_s"] = pytest.approx(wanted["duration_s"], abs=0.05)
        assert of_interest(found[path], wanted) == wanted, path
        assert found[path].state is CallState.PENDING, found[path].state_reason


@each_platform
def test_what_lies_beside_is_counted_by_kind(site: Site, name: str) -> None:
    laid_out(site, name)
    files = found_on(site, name).files
    beside = {
        key: value
        for key, value in files.as_json().items()
        if value and key not in {"recordings", "problems"}
    }
    assert beside == PLATFORMS[name].beside
    assert files.recordings == len(PLATFORMS[name].calls)


@each_platform
def test_nothing_is_lost_and_nothing_counted_twice(site: Site, name: str) -> None:
    laid_out(site, name)
    files = found_on(site, name).files
    counted = files.recordings + files.sides + files.sidecars + files.sidecars_alone + files.other_days
    counted += sum(files.ignored.values()) + sum(files.unknown.values())
    days = {"five9": 1, "freepbx": 1}.get(name, 0)  # folders of other days that are not looked at
    manifests = sum(path.endswith("manifest.csv") for path in PLATFORMS[name].files)
    assert counted == len(PLATFORMS[name].files) - days - manifests


@each_platform
def test_every_recording_is_found_on_exactly_one_day(site: Site, name: str) -> None:
    laid_out(site, name)
    days = [date(2026, 11, day) for day in range(13, 20)]
    if name == "plain":
        days = [DAY]
    found = [call.uri for day in days for call in found_on(site, name, day).recordings]
    assert len(found) == len(set(found))
    files = found_on(site, name).files
    wavs = [path for path in PLATFORMS[name].files if not path.endswith((".json", ".csv", ".xml", ".txt"))]
    apart = files.sides + sum(files.ignored.get(ending, 0) for ending in (".wav", ".opus"))
    assert len(found) == len(wavs) - apart


@each_platform
def test_finding_it_again_changes_nothing_and_probes_nothing(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out(site, name)
    known = found_on(site, name).recordings
    monkeypatch.setattr("include.calls.headers.read_header", lambda *_: pytest.fail("it was read again"))
    assert found_on(site, name, known=known).recordings == known


@each_platform
def test_a_trial_run_reads_no_more_than_it_looks_at(site: Site, name: str) -> None:
    laid_out(site, name)
    first = found_on(site, name, limit=1).recordings
    assert [call.path for call in first] == [min(PLATFORMS[name].calls)]
