"""The report as Markdown: every figure in it was measured by a run that it names."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.batch import plots
from tests.benchmarks.batch.outcome import Outcome
from tests.benchmarks.batch.plan import planned
from tests.benchmarks.batch.record import Record
from tests.benchmarks.batch.work import IN_FLIGHT, Condition
from tests.benchmarks.findings import Check, Table, percent
from tests.benchmarks.reporting import acceptance, as_markdown

_TITLES = {
    Condition.CONSTANT: "Every call takes the same time",
    Condition.REALISTIC: "Lognormal lengths, a host of half speed, 5 % of LLM requests refused",
    Condition.DYING: "A host dies at half time",
    Condition.GROWTH: "As many calls as the machine carries",
}
_MOST = {5: 1.10, 10: 1.10, 20: 1.15}
_LEAST_GAIN = 1.5
_LATEST_FIRST = 0.05
_PLAN_OFF = 0.10
_INTRODUCTION = """\
Written by `make bench`: batches in the proportions of the document that cofi replaces (for a call: upload
2 s, four GPU stages of 2 s, LLM 5 s and 10 s; 100 requests in flight) on emulated hosts and an emulated LLM,
which keep the contracts of the real ones, with everything on one machine: on SQLite as far as that carries
the tasks at once (5 hosts), beyond on PostgreSQL, whose CPU is not in Airflow's. Times are scaled so that a
batch takes minutes (`--gpu-seconds`). *Bound*: what the busiest resource needs alone; *took / bound* is for
the calls that were audited.

- **original**: the document's design, stage after stage, written from its text. In its favour, it never sends
  a host more than it takes. It tries nothing again: what is refused is lost.
- **naive**: one Airflow task for each file and stage.
- **cofi**: `audit_calls`, triggered like any run; all that Airflow costs is in its time. Hosts tell it the
  speed that they measured before, as on any day but the first."""


def report(record: Record, path: Path) -> list[str]:
    """Writes it; returns the acceptance lines that do not hold."""
    checks: list[Check] = []
    chapters: list[str] = []
    for condition in Condition:
        if outcomes := record.outcomes(condition):
            checks += _checks(condition, outcomes)
            chapters += _chapter(condition, outcomes, path.parent)
    head = ["# A batch, measured", _INTRODUCTION, acceptance(checks)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join([*head, *chapters, *_sources(record)]) + "\n")
    return [f"{check.name}: {check.figure}" for check in checks if check.holds is False]


def _checks(condition: Condition, outcomes: Sequence[Outcome]) -> Iterator[Check]:
    for outcome in outcomes:
        if outcome.system != "cofi":
            continue
        hosts, name = outcome.work.hosts, f"{condition}, {outcome.work.hosts} hosts: cofi"
        complete = outcome.audited == outcome.work.calls
        yield Check(f"{name} audits every call", complete, f"{outcome.audited:,} of {outcome.work.calls:,}")
        yield Check(
            f"{name} has at most {IN_FLIGHT} LLM requests in flight",
            outcome.max_in_flight <= IN_FLIGHT,
            f"{outcome.max_in_flight}",
        )
        if condition is Condition.GROWTH:
            continue  # what it takes is the machine's CPU, which no bound and no plan tells
        most = _MOST.get(hosts, max(_MOST.values()))
        yield Check(
            f"{name} takes at most {most:.2f} × the bound", outcome.ratio <= most, f"{outcome.ratio:.3f} ×"
        )
        first = outcome.first_audited_s / outcome.took_s
        yield Check(f"{name} has audited its first call within 5 %", first <= _LATEST_FIRST, percent(first))
        if expected := planned(outcome.work):
            off = expected.makespan_s / outcome.took_s - 1
            yield Check(f"{name} takes what `cofi plan` says, to 10 %", abs(off) <= _PLAN_OFF, f"{off:+.1%}")
        for original in outcomes:
            if original.system == "original" and original.work == outcome.work and hosts == min(_MOST):
                gain = original.took_s / outcome.took_s
                yield Check(
                    f"{name} is {_LEAST_GAIN} × faster than the original",
                    gain >= _LEAST_GAIN,
                    f"{gain:.2f} ×",
                )


def _chapter(condition: Condition, outcomes: Sequence[Outcome], folder: Path) -> Iterator[str]:
    yield f"## {_TITLES[condition]}"
    compared = [outcome for outcome in outcomes if outcome.system in plots.COLOURS]
    fewest = min(outcome.work.hosts for outcome in compared or outcomes)
    if len(compared) > 1:
        plots.makespans(folder / f"bench-{condition}.svg", compared)
        yield f"![Makespans by number of hosts, and the bound](bench-{condition}.svg)"
    shown = [outcome for outcome in compared if outcome.work.hosts == fewest]
    if shown:
        plots.utilisation(folder / f"bench-{condition}-use.svg", shown)
        yield f"![How busy GPUs and LLM were, {fewest} hosts](bench-{condition}-use.svg)"
    yield as_markdown(Table(_COLUMNS, [_row(outcome) for outcome in outcomes]))
    notes = [f"- {o.system}, {o.work.hosts} hosts: {note}." for o in outcomes if (note := _note(o))]
    if notes:
        yield "\n".join(notes)


def _note(outcome: Outcome) -> str:
    """What else must be known; of cofi, what Airflow's fixed cost weighs at this scale and without one."""
    if outcome.system != "cofi" or outcome.ratio < 1:
        return outcome.note
    if outcome.work.condition is Condition.GROWTH:
        return f"{outcome.audited / outcome.took_s * 60:,.0f} calls a minute, with everything on this machine"
    lost_s = outcome.took_s - outcome.work.bound_s
    unscaled = lost_s * outcome.work.scale / outcome.work.bound_s
    return f"{lost_s:.0f} s more than the bound; at the document's own times that is {unscaled:.1%} of it"


_COLUMNS = (
    "hosts, system",
    "calls audited",
    "scale",
    "bound",
    "took",
    "took / bound",
    "`cofi plan` says: took, first audited",
    "first audited",
    "GPUs busy",
    "LLM in flight, mean / most",
    "requests per answer",
    "Airflow: tasks",
    "CPU-s per task",
    "CPU-ms per call",
    "cores: scheduler / API server / tasks",
    "memory",
    "rows/s",
)


def _row(outcome: Outcome) -> list[str]:
    work, samples = outcome.work, outcome.samples
    by_airflow, cpu_s = outcome.tasks > 0, sum(samples.cpu_s.values())
    expected = planned(work) if outcome.system == "cofi" else None
    return [
        f"{work.hosts}, {outcome.system}",
        f"{outcome.audited:,} of {work.calls:,}",
        f"1 : {1 / work.scale:.1f}",
        f"{work.bound_s:,.0f} s",
        f"{outcome.took_s:,.0f} s",
        f"{outcome.ratio:.3f}" if outcome.audited else "–",
        f"{expected.makespan_s:,.0f} s, {expected.first_call_s:,.0f} s" if expected else "–",
        "–" if math.isnan(outcome.first_audited_s) else f"{outcome.first_audited_s:,.0f} s",
        percent(_mean(samples.gpu)),
        f"{100 * _mean(samples.llm):.1f} / {outcome.max_in_flight}",
        f"{outcome.asked / 2 / outcome.audited:.3f}" if outcome.audited else "–",
        f"{outcome.tasks:,}" if by_airflow else "–",
        f"{cpu_s / outcome.tasks:.2f}" if by_airflow else "–",
        f"{1000 * cpu_s / outcome.audited:.0f}" if by_airflow and outcome.audited else "–",
        _cores(outcome),
        f"{samples.memory_mb:,.0f} MB" if by_airflow else "–",
        f"{outcome.rows / outcome.took_s:,.0f}" if outcome.rows else "–",
    ]


def _cores(outcome: Outcome) -> str:
    """That Airflow's parts took on average."""
    cpu_s = outcome.samples.cpu_s
    if "tasks" not in cpu_s:
        return "–"
    return " / ".join(f"{cpu_s[part] / outcome.took_s:.2f}" for part in ("scheduler", "api_server", "tasks"))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _sources(record: Record) -> Iterator[str]:
    rows = [
        [f"{key}", f"{entry.ended_at:%Y-%m-%d %H:%M} UTC", entry.commit, entry.machine]
        for key, entry in record.entries.items()
    ]
    yield "## Where the figures come from"
    yield as_markdown(Table(["condition, hosts, calls, system", "ended", "commit", "machine"], rows))
