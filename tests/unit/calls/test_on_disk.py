"""Collections on disk do what a dict and a sorted list do, whatever is in them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.calls import on_disk
from include.calls.on_disk import DiskDict, DiskList, at_once
from tests.unit.database.seeding import recording

# Names as file systems give them: also bytes that are not UTF-8, and signs that end a text in C.
NAMES = st.text(st.sampled_from("aA0/. é\udce9\0￿𝄞"), max_size=4)
ITEMS = st.lists(st.tuples(NAMES, st.integers() | st.none()), max_size=30)


@pytest.fixture(autouse=True, params=[0, 5, 1_000], ids=["on disk", "first in memory", "in memory"])
def few_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(on_disk, "_IN_MEMORY", request.param)


@pytest.mark.long
@given(ITEMS, st.lists(NAMES, max_size=10))
@settings(max_examples=60, deadline=None)
def test_a_mapping_is_one_in_order_of_its_keys(items: list[tuple[str, int | None]], gone: list[str]) -> None:
    on_disk, in_memory = DiskDict(items), dict(items)
    for key in gone:
        assert on_disk.pop(key, "none") == in_memory.pop(key, "none")
    assert list(on_disk.items()) == sorted(in_memory.items())
    assert list(on_disk.values()) == [value for _, value in sorted(in_memory.items())]
    assert (on_disk, len(on_disk), bool(on_disk)) == (in_memory, len(in_memory), bool(in_memory))
    for key in [*in_memory, *gone]:
        assert (key in on_disk, on_disk.get(key)) == (key in in_memory, in_memory.get(key))
    with pytest.raises(KeyError):
        on_disk["not there"]


@pytest.mark.long
@given(ITEMS, NAMES)
@settings(max_examples=60, deadline=None)
def test_a_list_is_one_in_order_of_its_keys(items: list[tuple[str, int | None]], gone: str) -> None:
    on_disk, in_memory = DiskList(items), sorted(items, key=lambda item: item[0])
    on_disk.remove(gone)
    left = [item for item in in_memory if item[0] != gone]
    values = [value for _, value in left]
    assert list(on_disk.pairs()) == left
    assert on_disk == values and on_disk[1:3] == values[1:3] and len(on_disk) == len(values)
    assert [on_disk[at] for at in range(-len(values), len(values))] == values * 2
    for key, _ in items:
        of_key = [value for other, value in left if other == key]
        assert (on_disk.of(key), on_disk.has(key)) == (of_key, bool(of_key))
    with pytest.raises(IndexError):
        on_disk[len(values)]


def test_what_is_removed_on_the_way_is_no_trouble() -> None:
    left = DiskDict((str(number), number) for number in range(10))
    for key in left:
        del left[key]
    assert not left


def test_calls_stay_what_they_are() -> None:
    call = recording()
    assert DiskDict([("a", call)])["a"] == DiskList([("a", call)])[0] == call


def test_what_moves_to_the_disk_while_it_is_read_is_read_to_its_end() -> None:
    growing = DiskList((str(number), number) for number in range(4))
    read = growing.pairs()
    begun = [next(read), next(read)]
    growing.add_all((str(number), number) for number in range(4, 9))
    assert [*begun, *read][:4] == [(str(number), number) for number in range(4)]


def test_nothing_of_it_has_a_name_on_disk() -> None:
    """So that nothing is left, however a process ends."""
    large = DiskList((str(number), "x" * 1000) for number in range(5_000))
    files = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    assert any("etilqs" in name and name.endswith("(deleted)") for name in files)
    assert len(large) == 5_000


def test_some_at_a_time() -> None:
    assert list(at_once("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(at_once("", 2)) == []
