"""`python -m tests.benchmarks.certified_day`: how often the certified day's interval holds, how wide it is.

Writes docs/certified-day.md from 4,000 simulated days of 2,000 calls of each machine.
"""

from pathlib import Path
from typing import Any

from tests.unit.review.simulation import Coverage, Scene, coverage

PAGE = Path(__file__).parents[2] / "docs" / "certified-day.md"
ANSWERS = (30, 60, 150)
MACHINES: dict[str, dict[str, Any]] = {
    "right on 95 % of met and 90 % of missed": {},
    "the same, sample by agents of unequal size": {"by_agent": True},
    "the same, and 5 % it cannot determine": {"by_agent": True, "unsure": 0.05},
    "the same sample, does not apply to 40 % of calls": {"by_agent": True, "not_applying": 0.4},
    "right on 99 % and 97 %": {"right_on_met": 0.99, "right_on_missed": 0.97},
    "answers by chance (60 % and 40 %)": {"right_on_met": 0.6, "right_on_missed": 0.4},
}
HEAD = """# The certified day: how often its interval holds, and how wide it is

Simulated: 4,000 days of 2,000 calls of each machine, of which about 85 % meet the criterion (each day
has its own rate), and people's answers to a random sample, about so many a day. *Held*: days on which
the 95 % interval held the true rate, of those with 20 answers or more. *Width*: its mean, in points,
beside the interval of the same answers without the machine (plain sampling). Made by `python -m
tests.benchmarks.certified_day`; what it computes: `include/review/estimates.py`.

| machine | answers | held | width | plain | width ÷ plain |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
TAIL = """
Read it so: with a good machine, people's answers tell as much as about two and a half times as many
would alone (width falls with the root of their number); one that answers by chance costs nothing. The
interval holds the truth at least as often as it says, to a point. With 30 answers, and with a machine that is
nearly always right, it holds more often: where hardly any error is seen, it has to leave room for those that
were not.
"""


def line(machine: str, answers: int, found: Coverage) -> str:
    """A row of the table."""
    ratio = found.width / found.plain_width
    widths = f"{100 * found.width:.1f} | {100 * found.plain_width:.1f} | {ratio:.2f}"
    return f"| {machine} | {answers} | {found.held:.1%} | {widths} |"


def main() -> None:
    """Simulates, and writes the page."""
    rows = []
    for machine, changes in MACHINES.items():
        for answers in ANSWERS:
            rows.append(line(machine, answers, coverage(Scene(answers=answers, **changes), days=4000)))
            print(rows[-1], flush=True)
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()
