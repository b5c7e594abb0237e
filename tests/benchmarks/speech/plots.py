"""The pictures of the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.ticker import MaxNLocator, PercentFormatter

from include.delivery.svg import ACCENT, BAD, GOOD, INK, OUTSIDE
from tests.benchmarks.pictures import figure, legend

STAGE_COLOURS = {"denoise": "#4fa3d1", "ivr": "#3a6fc4", "lid": "#7a5fc0", "stt": "#b0509f"}
BARE, CHAIN = OUTSIDE, ACCENT


def wer_by_set(path: Path, sets: Sequence[str], bare: Sequence[float], chain: Sequence[float]) -> None:
    """Word error rate of each set: the bare model beside the chain."""
    with figure(path, 0.62 * len(sets) + 1.3) as sheet:
        axes = sheet.add_subplot()
        most = max([*bare, *chain, 0.01])
        for n, rates in enumerate(zip(bare, chain, strict=True)):
            for rate, offset, colour in zip(rates, (-0.19, 0.19), (BARE, CHAIN), strict=True):
                axes.barh(n + offset, rate, height=0.34, color=colour)
                axes.text(rate + most * 0.01, n + offset, f"{100 * rate:.1f}", va="center", fontsize=10)
        axes.set_yticks(range(len(sets)), sets, color=INK)
        axes.set_ylim(len(sets) - 0.4, -0.6)
        axes.set_xlim(0, most * 1.08)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        axes.grid(axis="x")
        axes.set_title("Word error rate, lower is better")
        legend(axes, {"model alone": BARE, "the host's chain": CHAIN})


def wer_by_snr(
    path: Path, snrs: Sequence[str], by_engine: Mapping[str, Mapping[str, Sequence[float]]]
) -> None:
    """Word error rate over the noise level, a panel for each engine, a line for each way to use it."""
    # Where lines lie on each other, the wider one shows beside the other.
    styles = {"always": (BAD, 5.0, "solid"), "gated": (GOOD, 2.4, "solid"), "never": (INK, 1.4, (0, (3, 2)))}
    most = max(wer for lines in by_engine.values() for line in lines.values() for wer in line)
    with figure(path, 3.9) as sheet:
        panels = sheet.subplots(1, len(by_engine), sharey=True, squeeze=False)[0]
        for axes, (engine, lines) in zip(panels, by_engine.items(), strict=True):
            for way, (colour, width, dashes) in styles.items():
                axes.plot(snrs, lines[way], color=colour, linestyle=dashes, linewidth=width, label=way)
            axes.set_title(f"Word error rate, {engine}")
            axes.set_xlabel("signal to noise ratio")
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
            axes.set_ylim(0, most * 1.08 or 0.01)
            axes.grid(axis="y")
        handles, ways = panels[0].get_legend_handles_labels()
        sheet.legend(
            handles[::-1],
            [f"{way} enhanced" for way in ways[::-1]],
            loc="outside upper right",
            ncols=3,
            frameon=False,
        )


def stage_speed(path: Path, cpu: Mapping[str, float], wall: Mapping[str, float]) -> None:
    """Seconds that each stage takes for a second of audio."""
    with figure(path, 3.0) as sheet:
        axes = sheet.add_subplot()
        most = max([*cpu.values(), *wall.values(), 1e-6])
        for n, stage in enumerate(cpu):
            for value, offset, alpha in ((cpu[stage], -0.19, 1.0), (wall[stage], 0.19, 0.45)):
                axes.barh(n + offset, value, height=0.34, color=STAGE_COLOURS[stage], alpha=alpha)
                axes.text(value + most * 0.01, n + offset, f"{value:.3f}", va="center", fontsize=10)
        axes.set_yticks(range(len(cpu)), list(cpu), color=INK)
        axes.set_ylim(len(cpu) - 0.4, -0.6)
        axes.set_xlim(0, most * 1.12)
        axes.grid(axis="x")
        axes.set_title("Seconds of work for a second of audio (RTF): CPU above, wall clock below")


def memory(path: Path, calls: Sequence[int], rss_mb: Sequence[float]) -> None:
    """Memory of the host's processes after so many calls."""
    with figure(path, 3.0) as sheet:
        axes = sheet.add_subplot()
        axes.fill_between(calls, rss_mb, color=ACCENT, alpha=0.12)
        axes.plot(calls, rss_mb, color=ACCENT, linewidth=2.2, marker="o", markersize=5)
        axes.set_ylim(0, max(rss_mb) * 1.25)
        axes.set_xlim(0, max(calls) * 1.03)
        axes.annotate(
            f"{rss_mb[-1]:,.0f} MB", (calls[-1], rss_mb[-1]), (0, 9), textcoords="offset points", ha="right"
        )
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        axes.grid(axis="y")
        axes.set_xlabel("calls")
        axes.set_title("Memory of the host's process tree, MB")
