"""Weeks as a picture: every week with a score is drawn, one without is a gap."""

from collections.abc import Sequence
from datetime import date, timedelta
from xml.etree import ElementTree

from include.review.estimates import Estimate as Certified
from include.scorecards.bootstrap import Interval
from include.trends.charts import Point, rate_chart, weeks_chart
from include.trends.intervals import mean_of

MONDAY = date(2026, 9, 7)


def chart(*weeks: Sequence[float], title: str = "Scores", of: str = "calls") -> str:
    points = [
        Point(
            MONDAY + timedelta(weeks=n),
            mean_of(len(pcts), sum(pcts), sum(one**2 for one in pcts), 0, 100),
            len(pcts),
        )
        for n, pcts in enumerate(weeks)
    ]
    return weeks_chart(points, title, of)


def tags(svg: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(svg).iter()]


def test_a_week_without_scores_is_a_gap_in_the_line() -> None:
    found = tags(chart((80, 90), (), (70, 75), (60, 65)))
    assert (found.count("polyline"), found.count("circle")) == (2, 3)


def test_it_is_told_in_words_to_who_cannot_see_it() -> None:
    svg = chart((80, 90), title='By "Ana" <b>')
    label = ElementTree.fromstring(svg).attrib["aria-label"]
    assert label == 'By "Ana" <b>: 2026-09-07 85 % of 2 calls'


def test_of_answers_it_says_answers() -> None:
    svg = chart((100, 0), title="Met", of="answers")
    assert "Met: 2026-09-07 50 % of 2 answers" in svg
    assert "2 calls" not in svg


def test_without_a_score_nothing_is_drawn() -> None:
    assert chart((), ()) == ""


def test_a_year_of_weeks_has_no_more_labels_than_fit() -> None:
    assert tags(chart(*((80, 81) for _ in range(52)))).count("text") <= 5 + 2 * 13


def certified(rate: float | None, machine: float | None) -> Certified:
    interval = None if rate is None else Interval(rate - 0.1, rate + 0.1)
    return Certified(rate, interval, interval, machine, 1000, 40)


def test_a_certified_rate_is_a_dot_within_its_interval_beside_the_machines() -> None:
    svg = rate_chart(certified(0.8, 0.93), "Greets & asks")
    root = ElementTree.fromstring(svg)
    told = "Greets & asks: machine 93 %, certified 80 %, 95 % interval 70 to 90 %"
    assert root.attrib["aria-label"] == told
    rect, dot, machine = (root.find(f"./*[@class='{one}']") for one in ("sure", "dot", "machine"))
    assert rect is not None and dot is not None and machine is not None
    left, width = float(rect.attrib["x"]), float(rect.attrib["width"])
    assert left < float(dot.attrib["cx"]) < left + width < float(machine.attrib["x1"])


def test_what_is_not_certified_is_the_machines_alone_and_nothing_is_no_picture() -> None:
    svg = rate_chart(certified(None, 0.5), "Closes")
    assert "not certified" in svg
    assert "circle" not in tags(svg)
    assert rate_chart(certified(None, None), "Closes") == ""


def test_a_full_rate_stays_within_the_picture() -> None:
    full = Certified(1.0, Interval(1.0, 1.0), None, 1.0, 10, 10)
    root = ElementTree.fromstring(rate_chart(full, "All"))
    places = [float(one.attrib[name]) for one in root for name in ("x", "cx", "x1") if name in one.attrib]
    assert all(0 <= place <= 160 for place in places)
