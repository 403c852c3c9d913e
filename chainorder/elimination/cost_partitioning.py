"""Optimal cost partitioning: paths share the costs of operations so that the sum of their optima is greatest.

M. Katz & C. Domshlak, *Optimal admissible composition of abstraction heuristics*, Artificial Intelligence
174, 2010, 767–798: a path is an abstraction of the graph, the cost of every operation is partitioned among
the abstractions that have it, and then the sum of their optima is admissible, whatever the partition. The
best one is the solution of a linear program, here solved by HiGHS through SciPy.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from chainorder.elimination.path_chains import UNIT, Derivation, Key, PathChain
from chainorder.system.waiting import made_by

MANY = 15_000
"""Derivations from which an interior point is found sooner than the simplex method ends."""


def share_in_turn(paths: tuple[PathChain, ...]) -> None:
    """Give paths shares at once: long ones first, each takes all costs that no path before it has taken."""
    taken: set[Key] = set()
    for path in sorted(paths, key=lambda path: -len(path.edges)):
        keys = {each.key for _, each in path.all_derivations() if each is not None}
        path.shares.update(dict.fromkeys(keys & taken, 0))
        taken |= keys


def share_by_program(paths: tuple[PathChain, ...], until: float | None) -> bool:
    """Give paths the shares at which the bound is greatest, from the dual of a linear program.

    False if that is not solved by `until`, a reading of `time.monotonic`; then they keep those they have.
    Its variables are fractions of derivations and, for every key that paths share, what is paid for it: as
    much as the path that uses it most makes of it. Intervals are made as often as they are used. The prices
    of sharing are the shares.
    """
    from scipy.optimize import linprog

    if not paths:
        return True
    every = [(path, interval, each) for path in paths for interval, each in path.all_derivations()]
    made = [(path, interval, each) for path, interval, each in every if each is not None]
    users: dict[Key, set[int]] = {}
    for path, _, derivation in made:
        users.setdefault(derivation.key, set()).add(id(path))
    shared = {key: len(made) + at for at, key in enumerate(k for k, who in users.items() if len(who) > 1)}
    if not shared:
        return True
    scale = max(1, *(each.cost for _, _, each in made))
    objective = np.array(
        [0 if each.key in shared else each.cost / scale for _, _, each in made] + [1] * len(shared)
    )
    at_hand = {(id(path), interval) for path, interval, each in every if each is None}
    balance, right = _balance(made, at_hand)
    sharing = [(at, path, each) for at, (path, _, each) in enumerate(made) if each.key in shared]
    paid = [(row, at, each.cost / scale) for row, (at, _, each) in enumerate(sharing)]
    paid += [(row, shared[each.key], -1.0) for row, (_, _, each) in enumerate(sharing)]
    program = objective, _matrix(paid, len(sharing), len(objective)), np.zeros(len(sharing))
    equal = _matrix(balance, len(right), len(objective)), right
    left = None if until is None else max(0.0, until - time.monotonic())
    # The solver looks at the clock only now and then; its own limit is for when nobody waits any more.
    solve = partial(
        linprog,
        *program,
        *equal,
        method="highs-ipm" if len(made) > MANY else "highs",
        options={} if left is None else {"time_limit": left},
    )
    result = made_by(until, solve)
    if result is None or result.status != 0:
        return False
    prices = np.maximum(-result.ineqlin.marginals, 0)
    shares: dict[Key, list[tuple[PathChain, int]]] = {}
    for (_, path, derivation), price in zip(sharing, prices.tolist(), strict=True):
        shares.setdefault(derivation.key, []).append((path, int(price * UNIT)))
    for key, parts in shares.items():
        # Rounding in the program must not hand out more than there is.
        total = max(UNIT, sum(share for _, share in parts))
        for path, share in parts:
            path.shares[key] = share * UNIT // total
    return True


Entry = tuple[int, int, float]


def _balance(
    made: list[tuple[PathChain, tuple[int, int], Derivation]], at_hand: set[tuple[int, tuple[int, int]]]
) -> tuple[list[Entry], Any]:
    """Rows that make an interval as often as it is used, and the whole path once."""
    rows: dict[tuple[int, tuple[int, int]], int] = {}
    entries: list[Entry] = []
    whole = []
    for at, (path, interval, derivation) in enumerate(made):
        row = rows.setdefault((id(path), interval), len(rows))
        entries.append((row, at, 1.0))
        if interval == (0, len(path.edges)):
            whole.append(row)
        used = [key for operand in derivation.operands if (key := (id(path), operand)) not in at_hand]
        entries += [(rows.setdefault(key, len(rows)), at, -1.0) for key in used]
    right = np.zeros(len(rows))
    right[whole] = 1
    return entries, right


def _matrix(entries: list[Entry], rows: int, columns: int) -> Any:
    from scipy.sparse import csr_array

    at_row, at_column, values = (np.array(part) for part in zip(*entries, strict=True))
    return csr_array((values, (at_row, at_column)), shape=(rows, columns))
