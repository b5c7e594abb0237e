"""Which mutants are worth the time: writes that are left out and conditions that are turned round."""

from collections.abc import Sequence

from tests.mutation.mutants import Mutant

# Of one module. What is left out of `__init__` fails at once, and says nothing about the tests.
MOST = 9


def chosen(found: Sequence[Mutant], most: int = MOST) -> list[Mutant]:
    """The most dangerous of a module, spread over its lines."""
    ranks: dict[int, list[Mutant]] = {0: [], 1: [], 2: []}
    for mutant in found:
        if not mutant.in_init:
            ranks[_rank(mutant)].append(mutant)
    picked: list[Mutant] = []
    for rank, share in ((0, 0.6), (1, 0.4), (2, 1.0)):
        room = min(round(most * share), most - len(picked)) if rank < 2 else most - len(picked)
        picked += _spread(ranks[rank], room)
    return sorted(picked, key=lambda mutant: mutant.line)


def _rank(mutant: Mutant) -> int:
    """0 for a write, 1 for a condition, 2 for a boundary, which often changes nothing."""
    if mutant.change.endswith("left out"):
        return 0
    was, _, becomes = mutant.change.partition(" -> ")
    boundary = was.replace("=", "") == becomes.replace("=", "") and ("<" in was or ">" in was)
    return 2 if boundary or "->" not in mutant.change else 1


def _spread(some: Sequence[Mutant], room: int) -> list[Mutant]:
    if len(some) <= room:
        return list(some)
    return [some[place * len(some) // room] for place in range(room)]
