"""Charts of how far the judge can be trusted: inline SVG elements, empty when there is nothing to draw."""

from matplotlib.ticker import PercentFormatter

from include.delivery.charts import FULL_PX, HALF_PX
from include.delivery.svg import ACCENT, BAD, MUTED, PARTLY, drawing
from include.delivery.wording import count, percent
from include.judge.calibration import Calibration
from include.judge.nights import CanaryNight

_DOTTED = (0, (3, 2))


def reliability_chart(calibration: Calibration | None) -> str:
    """Stated confidence against the share of right answers, with how many there are, and the fitted curve."""
    if calibration is None or not calibration.enough:
        return ""
    with drawing("reliability", "Stated confidence and share of right answers", HALF_PX, 330) as sheet:
        axes = sheet.axes()
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=_DOTTED)
        stated, shares = zip(*calibration.curve, strict=True)
        axes.plot([100 * x for x in stated], [100 * y for y in shares], color=PARTLY, linewidth=2)
        for one in calibration.bins:
            x, y = 100 * one.stated, 100 * one.share
            axes.plot(x, y, "o", color=ACCENT, markersize=9)
            below = y > 90
            axes.text(x, y + (-7 if below else 5), count(one.answers), ha="center", va="center", fontsize=11)
        axes.set_xlim(-2, 103)
        axes.set_ylim(-2, 106)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(range(0, 101, 20))
            axis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
        axes.grid(axis="y")
        axes.set_xlabel("confidence that the model states")
        axes.set_ylabel("answers that are right")
    return sheet.svg


def canary_chart(canaries: CanaryNight | None) -> str:
    """Agreement of the canaries with the gold labels, night by night."""
    nights = [one for one in canaries.nights if one.share is not None] if canaries else []
    if canaries is None or len(nights) < 2:
        return ""
    with drawing("canaries", "Agreement of the canaries, night by night", FULL_PX, 220) as sheet:
        axes = sheet.axes()
        shares = [100 * (one.share or 0.0) for one in nights]
        axes.plot(range(len(nights)), shares, color=MUTED, linewidth=1.5)
        for x, share in enumerate(shares):
            is_tonight = x == len(nights) - 1
            colour = BAD if is_tonight and canaries.drifts else ACCENT
            axes.plot(x, share, "o", color=colour, markersize=9)
            axes.annotate(percent(share), (x, share), (0, 9), textcoords="offset points", ha="center")
        axes.set_xticks(range(len(nights)), [f"{one.night:%-d %b}" for one in nights])
        axes.set_xlim(-0.5, len(nights) - 0.5)
        low, high = min(shares), max(shares)
        axes.set_ylim(max(0, low - 5), high + 4)
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
        axes.grid(axis="y")
    return sheet.svg
