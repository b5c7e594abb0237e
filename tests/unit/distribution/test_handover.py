"""A host leaves a shard to the others when all would be done sooner."""

import pytest

from include.distribution.handover import gain_s


def test_hosts_that_keep_pace_keep_their_shards() -> None:
    assert gain_s("a", {"a": 600, "b": 600}, {"a": 2, "b": 2}) == 0


def test_a_slow_host_sees_how_much_sooner_the_others_would_be_done() -> None:
    left_s, speeds = {"slow": 1000, "b": 1000, "c": 1000}, {"slow": 1, "b": 5, "c": 5}
    assert gain_s("slow", left_s, speeds) == pytest.approx(1000 - 3000 / 11)
    assert gain_s("b", left_s, speeds) == 0


def test_a_host_that_is_hardly_slower_keeps_its_shards() -> None:
    """At the beginning of a run, equal hosts differ by a fifth: none gives all of its work away for that."""
    assert gain_s("a", {"a": 1000, "b": 1000}, {"a": 0.8, "b": 1.0}) == 0
    assert gain_s("a", {"a": 1000, "b": 1000}, {"a": 0.5, "b": 1.0}) == pytest.approx(2000 - 2000 / 1.5)


def test_a_host_that_is_done_helps_with_its_whole_speed() -> None:
    assert gain_s("a", {"a": 100}, {"a": 1, "b": 9}) == pytest.approx(90)


@pytest.mark.parametrize("speeds", [{}, {"a": 1}, {"b": 1, "c": 1}])
def test_what_is_not_known_moves_nothing(speeds: dict[str, float]) -> None:
    assert gain_s("a", {"a": 1000, "b": 1}, speeds) == 0


def test_giving_away_ends_before_there_is_nothing_left() -> None:
    """Shard by shard, until the slow host would be done with the others."""
    left_s, speeds = {"slow": 1000.0, "b": 1000.0}, {"slow": 1.0, "b": 5.0}
    given = 0
    while gain_s("slow", left_s, speeds) > 10:
        left_s["slow"] -= 100
        left_s["b"] += 100
        given += 1
    assert 0 < given < 10
    assert left_s["slow"] / speeds["slow"] == pytest.approx(left_s["b"] / speeds["b"], rel=0.35)
