"""A host hands shards over when all would be done sooner."""

import pytest

from include.distribution.handover import gain_s, others_busy_s, slow_hosts

ALL = {"slow": 1e6, "a": 1e6, "b": 1e6, "c": 1e6}


def test_hosts_that_keep_pace_keep_their_shards() -> None:
    assert gain_s("a", {"a": 600, "b": 600}, ALL, {"a": 2, "b": 2}) == 0


def test_it_is_known_how_much_sooner_a_slow_host_would_be_done_with_help() -> None:
    left_s, speeds = {"slow": 1000, "b": 1000, "c": 1000}, {"slow": 1, "b": 5, "c": 5}
    assert gain_s("slow", left_s, left_s, speeds) == pytest.approx(1000 - 3000 / 11)
    assert gain_s("b", left_s, left_s, speeds) == 0


def test_what_is_begun_stays_and_limits_the_gain() -> None:
    left_s, speeds = {"slow": 1000, "b": 1000, "c": 1000}, {"slow": 1, "b": 5, "c": 5}
    assert gain_s("slow", left_s, {"slow": 400}, speeds) == pytest.approx(400)
    assert gain_s("slow", left_s, {}, speeds) == 0


def test_a_host_that_is_hardly_slower_keeps_its_shards() -> None:
    """At the beginning of a run, equal hosts differ by a fifth: none gives its work away for that."""
    left_s = {"a": 1000, "b": 1000}
    assert gain_s("a", left_s, left_s, {"a": 0.8, "b": 1.0}) == 0
    assert gain_s("a", left_s, left_s, {"a": 0.5, "b": 1.0}) == pytest.approx(2000 - 2000 / 1.5)


def test_a_host_that_is_done_helps_with_its_whole_speed() -> None:
    assert gain_s("a", {"a": 100}, {"a": 100}, {"a": 1, "b": 9}) == pytest.approx(90)


def test_until_another_host_has_nothing_left_nobody_needs_to_help() -> None:
    left_s, speeds = {"slow": 1000, "b": 1000, "c": 500}, {"slow": 1, "b": 5, "c": 5}
    assert others_busy_s(["slow"], left_s, speeds) == 100
    assert others_busy_s(["slow"], {"slow": 1000, "b": 1000}, speeds) == 0, "c is done"
    assert others_busy_s(["slow", "b", "c"], left_s, speeds) == 0
    assert others_busy_s([], {}, {}) == 0


@pytest.mark.parametrize("speeds", [{}, {"a": 1}, {"b": 1, "c": 1}])
def test_what_is_not_known_moves_nothing(speeds: dict[str, float]) -> None:
    assert gain_s("a", {"a": 1000, "b": 1}, {"a": 1000}, speeds) == 0


def test_slow_hosts_are_those_that_gain_enough() -> None:
    left_s, speeds = {"slow": 1000, "b": 1000, "c": 1000}, {"slow": 1, "b": 5, "c": 5}
    assert slow_hosts(left_s, left_s, speeds, 700) == ["slow"]
    assert slow_hosts(left_s, left_s, speeds, 750) == []
