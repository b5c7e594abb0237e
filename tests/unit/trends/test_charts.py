"""Weeks as a picture: every week with a score is drawn, one without is a gap."""

from datetime import date, timedelta
from xml.etree import ElementTree

from include.trends.charts import weeks_chart
from include.trends.intervals import mean_of
from include.trends.reading import Figures

MONDAY = date(2026, 9, 7)


def figures(*pcts: float) -> Figures:
    mean = mean_of(len(pcts), sum(pcts), sum(one**2 for one in pcts), 0, 100)
    return Figures(len(pcts), mean, None, 0, 0, 0)


def chart(*weeks: Figures, title: str = "Scores") -> str:
    return weeks_chart([(MONDAY + timedelta(weeks=n), one) for n, one in enumerate(weeks)], title)


def tags(svg: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(svg).iter()]


def test_a_week_without_scores_is_a_gap_in_the_line() -> None:
    found = tags(chart(figures(80, 90), figures(), figures(70, 75), figures(60, 65)))
    assert (found.count("polyline"), found.count("circle")) == (2, 3)


def test_it_is_told_in_words_to_who_cannot_see_it() -> None:
    svg = chart(figures(80, 90), title='By "Ana" <b>')
    label = ElementTree.fromstring(svg).attrib["aria-label"]
    assert label == 'By "Ana" <b>: 2026-09-07 85 % of 2 calls'


def test_without_a_score_nothing_is_drawn() -> None:
    assert chart(figures(), figures()) == ""


def test_a_year_of_weeks_has_no_more_labels_than_fit() -> None:
    assert tags(chart(*(figures(80, 81) for _ in range(52)))).count("text") <= 5 + 2 * 13
