"""Turns that a model refers to are looked up in the call, in whatever way it writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.calls.references import TurnReferences

CALL = TurnReferences(f"t{n}" for n in range(1, 13))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("t1", ["t1"]),
        ("T01", ["t1"]),
        ("[t1]", ["t1"]),
        ("turn 1", ["t1"]),
        ("Turn t2", ["t2"]),
        ("Turn #7", ["t7"]),
        ("turno 4", ["t4"]),
        ("turn_2", ["t2"]),
        ("#5", ["t5"]),
        ("5", ["t5"]),
        ("1.", ["t1"]),
        ("(t12)", ["t12"]),
        ("customer, t4", ["t4"]),
        ("t4 (agent)", ["t4"]),
        ("t1 at 0:12", ["t1"]),
        ("t1, 0:03", ["t1"]),
        ("[t1 | agent | 0:00.3-0:07.4] Riverside Telecom, in turn 5, t7.", ["t1"]),
        ("[t10 | customer | 1:00.3-1:07.4] Riverside Telecom support, you are speaking t", ["t10"]),
        ("[t1 agent 0:00] Hello, it is about t4", ["t1"]),
        ("[t2 speaker_0 0:09] hello", ["t2"]),
        ("t3 | agent | 0:00.3", ["t3"]),
        ("3 | agent | 0:00.3", ["t3"]),
        ("t7: Riverside, t8", ["t7"]),
        ("t1, t2 and t3", ["t1", "t2", "t3"]),
        ("t1 t2", ["t1", "t2"]),
        ("turns 3, 4 and 6", ["t3", "t4", "t6"]),
        ("t3-t5", ["t3", "t5"]),
        ("t1 y t2", ["t1", "t2"]),
        ("1, 2", ["t1", "t2"]),
    ],
)
def test_a_turn_of_the_call_is_found(said: str, meant: list[str]) -> None:
    assert CALL.looked_up([said]) == (meant, 0)


@pytest.mark.parametrize(
    "said",
    [
        "t13",
        "turn 99",
        "",
        "agent",
        "the third turn",
        "0:00.3",
        "12:30",
        "12 euros",
        "$5",
        "3%",
        "9.5",
        "[card number ending 0005]",
        "I will turn 5 pages over, and then the call goes on for long",
    ],
)
def test_what_is_no_turn_of_the_call_is_dropped_and_counted(said: str) -> None:
    assert CALL.looked_up([said]) == ([], 1)


def test_each_turn_is_told_once_and_what_is_missing_is_counted_beside_it() -> None:
    assert CALL.looked_up(["t2", "turn 2", "[t2 | agent | 0:01.0-0:02.0] so", "t1, t77", "t99"]) == (
        ["t2", "t1"],
        2,
    )


def test_ids_of_another_form_are_looked_up_too() -> None:
    call = TurnReferences(["a-1", "a-2", "last"])
    assert call.looked_up(["A-1", "[a-2 | agent | 0:00.0-0:01.0] hi", "last"]) == (["a-1", "a-2", "last"], 0)


@given(st.text(max_size=80))
def test_whatever_is_written_only_turns_of_the_call_come_back(said: str) -> None:
    found, dropped = CALL.looked_up([said])
    assert set(found) <= {f"t{n}" for n in range(1, 13)}
    assert found or dropped


@given(st.integers(1, 12), st.text(max_size=40), st.sampled_from(["agent", "customer", "speaker_0"]))
def test_a_copied_line_names_its_own_turn(number: int, words: str, speaker: str) -> None:
    for line in (
        f"[t{number} | {speaker} | 0:00.3-0:07.4] {words}",
        f"[t{number} {speaker} 0:00] {words}",
        f"t{number} | {speaker} | 0:00.3-0:07.4 | {words}",
    ):
        assert CALL.looked_up([line]) == ([f"t{number}"], 0)
