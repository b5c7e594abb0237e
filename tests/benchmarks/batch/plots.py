"""The pictures of the report: makespans beside the bound, and how busy GPUs and LLM were."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import FuncFormatter, PercentFormatter

from include.delivery.svg import ACCENT, BAD, GOOD, INK, MUTED, OUTSIDE
from tests.benchmarks.batch.outcome import Outcome
from tests.benchmarks.pictures import figure, legend

COLOURS = {"original": OUTSIDE, "cofi": ACCENT}


def makespans(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Seconds of the document for a batch, by hosts; a line where the busiest resource alone would be."""
    hosts = sorted({outcome.work.hosts for outcome in outcomes})
    with figure(path, 3.6) as sheet:
        axes = sheet.add_subplot()
        for outcome in outcomes:
            at = hosts.index(outcome.work.hosts) + (-0.19 if outcome.system == "original" else 0.19)
            took_h = outcome.took_s / outcome.work.scale / 3600
            axes.bar(at, took_h, width=0.34, color=COLOURS[outcome.system])
            axes.text(at, took_h, _told(outcome, took_h), ha="center", va="bottom", fontsize=10)
            bound_h = outcome.work.bound_s / outcome.work.scale / 3600
            axes.plot([at - 0.2, at + 0.2], [bound_h, bound_h], color=BAD, linewidth=1.6)
        axes.set_xticks(range(len(hosts)), [f"{n} hosts" for n in hosts], color=INK)
        # One number of hosts alone has bars no wider than three have.
        middle, reach = (len(hosts) - 1) / 2, max(len(hosts), 3) / 2
        axes.set_xlim(middle - reach, middle + reach)
        axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
        axes.grid(axis="y")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda hours, _: f"{hours:g} h"))
        axes.set_title("A batch in the document's hours")
        legend(axes, {**COLOURS, "bound: the busiest resource alone": BAD})


def _told(outcome: Outcome, took_h: float) -> str:
    work = outcome.work
    lost = f"\n{outcome.audited:,} of {work.calls:,}" if outcome.audited < work.calls else ""
    return f"{took_h:.1f} h\n{outcome.took_s / work.bound_s:.2f} ×{lost}"


def utilisation(path: Path, outcomes: Sequence[Outcome]) -> None:
    """How busy GPUs and LLM were at every moment, a panel for each system."""
    longest_s = max(outcome.took_s for outcome in outcomes)
    with figure(path, 1.9 * len(outcomes) + 0.6) as sheet:
        panels = sheet.subplots(len(outcomes), 1, sharex=True, squeeze=False)[:, 0]
        for axes, outcome in zip(panels, outcomes, strict=True):
            for name, shares, colour in (
                ("GPUs", outcome.samples.gpu, ACCENT),
                ("LLM", outcome.samples.llm, GOOD),
            ):
                # A host's work counts when it ends: in a short spell it can be more than the spell.
                at_s, values = outcome.samples.at_s, [min(1.0, share) for share in shares]
                axes.fill_between(at_s, values, color=colour, alpha=0.15, linewidth=0)
                axes.plot(at_s, values, color=colour, linewidth=1.4, label=name)
            axes.axvline(outcome.took_s, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
            axes.set_xlim(0, longest_s * 1.02)
            axes.set_ylim(0, 1.08)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
            axes.grid(axis="y")
            axes.set_title(f"{outcome.system}: {outcome.took_s:,.0f} s")
        panels[-1].set_xlabel("seconds of the measured run")
        handles, names = panels[0].get_legend_handles_labels()
        sheet.legend(handles, names, loc="outside upper right", ncols=2, frameon=False)
