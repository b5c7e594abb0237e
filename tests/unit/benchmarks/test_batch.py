"""The benchmark of batches: its bounds, its report, and the document's service on emulated hosts."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from include.calls.stage import STAGES
from include.emulation.gpu_host import EmulatedGpuHost, GpuHostSettings
from include.emulation.llm import EmulatedLlm, LlmEmulation
from include.errors import CofiError
from tests.benchmarks.batch import __main__ as main
from tests.benchmarks.batch.original import Batch, Service
from tests.benchmarks.batch.outcome import Outcome, Samples
from tests.benchmarks.batch.plan import planned
from tests.benchmarks.batch.record import Record
from tests.benchmarks.batch.report import report
from tests.benchmarks.batch.work import Condition, Work
from tests.faults.conftest import ROOT
from tests.faults.recordings import RATE_HZ, SHORTEST_S, make_day, sizes_of

DAY = date(2026, 1, 1)


def test_the_bound_is_that_of_the_busiest_resource() -> None:
    # The document's own case: 16,000 s of GPU work on 5 hosts, 1,500 s of answers.
    work = Work(Condition.CONSTANT, hosts=5, calls=10_000, scale=1)
    assert (work.gpu_bound_s, work.llm_bound_s, work.bound_s) == (16_000, 1_500, 16_000)
    assert replace(work, hosts=100).bound_s == 1_500
    # 4.5 hosts; and half the work by 5 hosts, half by 4.
    assert replace(work, condition=Condition.REALISTIC).gpu_bound_s == pytest.approx(16_000 * 5 / 4.5)
    assert replace(work, condition=Condition.DYING).gpu_bound_s == pytest.approx(8_000 + 10_000)
    assert Work.lasting(Condition.CONSTANT, 20, 10_000, 800).gpu_bound_s == pytest.approx(800)


def test_a_batch_is_planned_as_it_is_run() -> None:
    work = Work.lasting(Condition.CONSTANT, 5, 2_000, 640)
    even, slow = planned(work), planned(replace(work, condition=Condition.REALISTIC))
    assert even is not None and work.bound_s < even.makespan_s < 1.2 * work.bound_s
    # Of the slow host's bound; and neither a death nor a full machine is planned.
    assert slow is not None and even.makespan_s < slow.makespan_s < 1.2 * 640 * 5 / 4.5
    assert planned(replace(work, condition=Condition.DYING)) is None
    assert planned(replace(work, condition=Condition.GROWTH)) is None


@pytest.mark.long
def test_the_batches_that_were_measured_are_predicted() -> None:
    measured = [entry.outcome for entry in Record.load(ROOT / "docs" / "benchmark.json").entries.values()]
    predicted = [(o, plan) for o in measured if o.system == "cofi" and (plan := planned(o.work))]
    assert {outcome.work.hosts for outcome, _ in predicted} == {5, 10, 20}
    for outcome, plan in predicted:
        assert plan.makespan_s == pytest.approx(outcome.took_s, rel=0.1)
        assert plan.first_call_s == pytest.approx(outcome.first_audited_s, rel=0.25)


@pytest.mark.long
def test_lengths_are_lognormal_the_same_every_time_and_take_the_documents_time_on_average() -> None:
    work = Work(Condition.REALISTIC, hosts=5, calls=10_000, scale=0.05)
    lengths_s = work.lengths_s()
    assert lengths_s == work.lengths_s()
    # The files are as long as that: what the hosts do is what the bound reckons with.
    assert [samples / RATE_HZ for samples in sizes_of(lengths_s)] == lengths_s
    [rtf] = [float(a.split("=")[1]) for a in work.gpu_host if a.startswith("--rtf")]
    assert rtf * sum(lengths_s) == pytest.approx(2.0 * 0.05 * 10_000)


async def audited_by_the_original(tmp_path: Path, llm: EmulatedLlm) -> tuple[dict[str, object], list[int]]:
    make_day(tmp_path, DAY, [SHORTEST_S] * 10)
    hosts = [EmulatedGpuHost(GpuHostSettings(stage_s=0.002, capacity=2)) for _ in range(2)]
    servers = [TestServer(host.app) for host in hosts] + [TestServer(llm.app)]
    await asyncio.gather(*(server.start_server() for server in servers))
    *urls, llm_url = [str(server.make_url("")).rstrip("/") for server in servers]
    service = Service(
        hosts=urls,
        token="",
        llm=f"{llm_url}/v1",
        recordings=str(tmp_path / DAY.isoformat()),
        database=str(tmp_path / "db"),
        per_host=2,
        in_flight=4,
    )
    async with aiohttp.ClientSession() as session:
        result = await Batch(service, session).run()
    served = [sum(host._state.served.values()) for host in hosts]
    await asyncio.gather(*(server.close() for server in servers))
    return result, served


async def test_the_original_does_all_stages_of_all_calls_in_equal_parts(tmp_path: Path) -> None:
    llm = EmulatedLlm(LlmEmulation(llm1_s=0.01, llm2_s=0.01))
    result, served = await audited_by_the_original(tmp_path, llm)
    assert result["audited"] == 10
    assert served == [25, 25]
    assert llm._state.max_in_flight == 4
    ended = result["stages_ended_s"]
    assert isinstance(ended, dict) and list(ended) == list(STAGES)
    assert list(ended.values()) == sorted(ended.values())
    rows = sqlite3.connect(tmp_path / "db").execute("select count(*), sum(ok) from status").fetchone()
    assert rows == (70, 70)


async def test_what_the_original_is_refused_is_lost(tmp_path: Path) -> None:
    llm = EmulatedLlm(LlmEmulation(llm1_s=0.01, llm2_s=0.01, most_at_once=1))
    result, _ = await audited_by_the_original(tmp_path, llm)
    assert 0 < result["audited"] < 10  # type: ignore[operator]


def outcome(system: str, took_s: float, audited: int = 2000) -> Outcome:
    work = Work.lasting(Condition.CONSTANT, 5, 2000, 1000)
    cpu_s = {"scheduler": 105.0, "api_server": 210.0, "tasks": 315.0, "others": 70.0}
    samples = Samples(at_s=[1.0, 2.0], gpu=[0.5, 1.0], llm=[0.1, 0.2], cpu_s=cpu_s, memory_mb=900)
    tasks = 0 if system == "original" else 20
    return Outcome(system, work, took_s, 40, audited, samples, tasks=tasks, rows=5000, asked=4000)


@pytest.mark.long
def test_the_report_names_what_does_not_hold_and_survives_its_file(tmp_path: Path) -> None:
    record, now = Record(), datetime(2026, 11, 27, tzinfo=UTC)
    for each in (outcome("original", 1400), outcome("cofi", 1300), outcome("cofi", 1050)):
        record.add(each, now, tmp_path)
    record.save(tmp_path / "bench.json")
    again = Record.load(tmp_path / "bench.json")
    assert again == record and len(again.entries) == 2
    assert report(again, tmp_path / "docs" / "b.md") == [
        "constant, 5 hosts: cofi is 1.5 × faster than the original: 1.33 ×"
    ]
    text = (tmp_path / "docs" / "b.md").read_text()
    assert "| 5, cofi | 2,000 of 2,000 |" in text and "1.050 ×" in text and "2026-11-27" in text
    assert "- cofi, 5 hosts: 50 s more than the bound; at the document's own times that is 1.6% of it" in text
    assert "| 20 | 35.00 | 350 | 0.10 / 0.20 / 0.30 | 900 MB |" in text
    for picture in ("bench-constant.svg", "bench-constant-use.svg"):
        assert picture in text and (tmp_path / "docs" / picture).read_text().startswith("<?xml")
    # The file is what JSON can say, with a line for each outcome: a diff shows what was measured anew.
    kept = (tmp_path / "bench.json").read_text()
    assert list(json.loads(kept)) == list(again.entries) and len(kept.splitlines()) == 2 + len(again.entries)


@pytest.mark.long
def test_a_system_that_breaks_costs_no_other_its_place_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*_: object) -> Iterator[Outcome]:
        yield outcome("cofi", 1050)
        raise CofiError("Airflow refuses")

    monkeypatch.setattr(main, "measured", measured)
    monkeypatch.setattr(sys, "argv", ["batch", "--hosts", "5", "--report", str(tmp_path / "b.md")])
    with pytest.raises(CofiError, match="refuses"):
        main.main()
    assert "| 5, cofi | 2,000 of 2,000 |" in (tmp_path / "b.md").read_text()


def test_what_was_seen_is_kept_as_means_of_neighbours_that_weigh_the_same() -> None:
    seen = Samples(
        at_s=[float(n) for n in range(1000)], gpu=[1.0] * 500 + [0.0] * 500, llm=[0.25] * 1000, memory_mb=7
    )
    thin = seen.thinned()
    assert len(thin.at_s) == len(thin.gpu) == len(thin.llm) == 240
    assert sum(thin.gpu) / 240 == pytest.approx(0.5) and set(thin.llm) == {0.25} and thin.memory_mb == 7
    assert thin.at_s == sorted(thin.at_s) and thin.at_s[0] >= 0 and thin.at_s[-1] <= 999
    assert thin.thinned() == thin


@pytest.mark.long
def test_the_published_report_is_that_of_its_record(tmp_path: Path) -> None:
    record = Record.load(ROOT / "docs" / "benchmark.json")
    assert record.entries
    report(record, tmp_path / "benchmark.md")
    assert (tmp_path / "benchmark.md").read_text() == (ROOT / "docs" / "benchmark.md").read_text()


@pytest.mark.long
def test_a_batch_that_takes_longer_than_planned_is_named(tmp_path: Path) -> None:
    record = Record()
    record.add(outcome("cofi", 1300), datetime(2026, 11, 27, tzinfo=UTC), tmp_path)
    assert report(record, tmp_path / "b.md") == [
        "constant, 5 hosts: cofi takes at most 1.10 × the bound: 1.300 ×",
        "constant, 5 hosts: cofi takes what `cofi plan` says, to 10 %: -14.1%",
    ]


def test_what_fills_the_machine_must_only_be_complete(tmp_path: Path) -> None:
    record, slow = Record(), outcome("cofi", 2500, audited=1999)
    full = replace(slow, work=replace(slow.work, condition=Condition.GROWTH))
    record.add(full, datetime(2026, 11, 27, tzinfo=UTC), tmp_path)
    assert report(record, tmp_path / "b.md") == ["growth, 5 hosts: cofi audits every call: 1,999 of 2,000"]
    assert (
        "- cofi, 5 hosts: 48 calls a minute, with everything on this machine."
        in (tmp_path / "b.md").read_text()
    )
