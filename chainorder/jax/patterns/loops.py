"""Equations that hold other programs: calls, loops, branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainorder.autodiff.footprints import CALL, Footprints, Labels
from chainorder.jax.patterns.facts import Fact, shape_of

Facts: TypeAlias = Sequence[Fact]

Read: TypeAlias = Callable[[Footprints, Any, Sequence[Any], Sequence[Fact]], list[Fact]]
"""What is known of the results of a jaxpr, by its constants and operands."""

ROUNDS = 8
"""Rounds after which what a loop carries counts as depending on everything."""


def scan(read: Read, sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A loop: step by step where the budget admits that, else any number of steps in any order."""
    fixed = eqn.params["num_consts"]
    carried = fixed + eqn.params["num_carry"]
    parts = operands[:fixed], operands[fixed:carried], operands[carried:]
    steps = int(eqn.params["length"]) * len(eqn.params["jaxpr"].jaxpr.eqns)
    return (_any_steps if steps * CALL > sets.left // 4 else _all_steps)(read, sets, eqn, *parts)


def _any_steps(
    read: Read, sets: Footprints, eqn: Any, consts: Facts, carry: Facts, rows: Facts
) -> Sequence[Labels]:
    any_row = [
        Fact(each.shape[1:], None if each.labels is None else sets.over(each.labels, [0])) for each in rows
    ]
    results = _closed(read, sets, eqn.params["jaxpr"], consts, carry, any_row)
    return [
        np.broadcast_to(each.footprint, shape_of(var)) for each, var in zip(results, eqn.outvars, strict=True)
    ]


def _all_steps(
    read: Read, sets: Footprints, eqn: Any, consts: Facts, carry: Facts, rows: Facts
) -> Sequence[Labels]:
    """Every step; those after which nothing changes any more are left out."""
    body, length, carried = eqn.params["jaxpr"], int(eqn.params["length"]), len(carry)
    steps = range(length)[::-1] if eqn.params["reverse"] else range(length)
    steady = all(each.labels is None and each.known is None for each in rows)
    made: list[list[Fact]] = []
    for step in steps:
        results = read(sets, body.jaxpr, body.consts, [*consts, *carry, *(each[step] for each in rows)])
        still = steady and all(
            _same(was, now) and now.known is None for was, now in zip(carry, results, strict=False)
        )
        carry = results[:carried]
        made.append(results[carried:])
        if still:
            made += made[-1:] * (length - len(made))
            break
    ordered = made[::-1] if eqn.params["reverse"] else made
    stacked = [
        np.stack([each[place].footprint for each in ordered]) if length else np.zeros(shape_of(var), np.intp)
        for place, var in enumerate(eqn.outvars[carried:])
    ]
    return [*(each.footprint for each in carry), *stacked]


def while_(read: Read, sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A loop of any number of steps, none included."""
    params = eqn.params
    first = params["cond_nconsts"]
    consts = operands[first : first + params["body_nconsts"]]
    carry = operands[first + params["body_nconsts"] :]
    body = params["body_jaxpr"]
    return [each.footprint for each in _closed(read, sets, body, consts, carry, [])]


def cond(read: Read, sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """Any branch."""
    _, *given = operands
    results = [read(sets, each.jaxpr, each.consts, given) for each in eqn.params["branches"]]
    return [sets.joined(*(each.footprint for each in ways)) for ways in zip(*results, strict=True)]


def call(read: Read, sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """What is called."""
    called = eqn.params["jaxpr"] if "jaxpr" in eqn.params else eqn.params["call_jaxpr"]
    jaxpr, consts = (called.jaxpr, called.consts) if hasattr(called, "consts") else (called, ())
    return [each.footprint for each in read(sets, jaxpr, consts, operands)]


def linear_solve(read: Read, sets: Footprints, eqn: Any, operands: Sequence[Fact]) -> Sequence[Labels]:
    """A solve by what is said to solve, for a right-hand side."""
    lengths, jaxprs = eqn.params["const_lengths"], eqn.params["jaxprs"]
    start = lengths.matvec + lengths.vecmat
    consts = operands[start : start + lengths.solve]
    sides = operands[start + lengths.solve + lengths.transpose_solve :]
    results = read(sets, jaxprs.solve.jaxpr, jaxprs.solve.consts, [*consts, *sides])
    return [each.footprint for each in results]


def _closed(
    read: Read,
    sets: Footprints,
    body: Any,
    consts: Facts,
    carry: Facts,
    rows: Facts,
) -> list[Fact]:
    """The results of a loop of any number of steps: of what it carries from them all, none included."""
    carry = [Fact(each.shape, each.labels) for each in carry]
    for round_ in range(ROUNDS + 2):
        results = read(sets, body.jaxpr, body.consts, [*consts, *carry, *rows])
        joined = [
            Fact(was.shape, sets.joined(was.footprint, now.footprint))
            for was, now in zip(carry, results, strict=False)
        ]
        if all(map(_same, carry, joined)):
            return [*joined, *results[len(carry) :]]
        if round_ == ROUNDS:
            label = sets.all_of([each.footprint for each in (*consts, *joined, *rows)])
            joined = [Fact(each.shape, np.broadcast_to(np.intp(label), each.shape)) for each in joined]
        carry = joined
    return [*carry, *results[len(carry) :]]


def _same(one: Fact, other: Fact) -> bool:
    return np.array_equal(one.footprint, other.footprint)


def _equations(jaxpr: Any) -> int:
    return len(jaxpr.eqns)


CALLS = ("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat2")

RULES = {
    **dict.fromkeys(CALLS, call),
    "scan": scan,
    "while": while_,
    "cond": cond,
    "custom_linear_solve": linear_solve,
}
