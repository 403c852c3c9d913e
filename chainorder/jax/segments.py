"""Loops in segments: of each only the state at its beginning is kept, and its steps are computed again.

Divided once, n steps keep 2 √n states rather than n, and are computed twice; divided at l − 1 levels,
l n^(1/l) states and l times. Binomial schedules (Griewank & Walther 2000) keep fewer still for the same
number of evaluations, and need a program that does not fit a compiled loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax.extend import core

from chainorder.jax.unrolling import evaluated

Carried: TypeAlias = tuple[list[Any], list[Any]]
"""The state at the end of a loop, and what its steps gave, stacked."""

SHORTEST = 16
"""Steps from which a loop is divided."""


def segmented(function: Callable[..., Any], levels: int) -> Callable[..., Any]:
    """The same function, of arrays, whose loops are divided at some levels less one."""

    def run(*args: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        results = evaluated(closed.jaxpr, closed.consts, jax.tree.leaves(args), partial(_divided, levels))
        return jax.tree.unflatten(jax.tree.structure(shape), results)

    return run


def _divided(levels: int, eqn: Any, operands: Sequence[Any]) -> list[Any] | None:
    """The results of a long loop, in segments; None of anything else."""
    if eqn.primitive.name != "scan" or eqn.params["length"] < SHORTEST:
        return None
    params = eqn.params
    fixed, carried, reverse = params["num_consts"], params["num_carry"], params["reverse"]
    consts, carry, rows = operands[:fixed], operands[fixed : fixed + carried], operands[fixed + carried :]
    step = core.jaxpr_as_fun(params["jaxpr"])

    def body(state: Any, row: Any) -> tuple[Any, Any]:
        results = step(*consts, *state, *row)
        return results[:carried], results[carried:]

    if reverse:
        rows = [row[::-1] for row in rows]
    state, made = _scan(body, list(carry), list(rows), params["length"], levels)
    return [*state, *(row[::-1] if reverse else row for row in made)]


def _scan(body: Any, state: list[Any], rows: list[Any], length: int, levels: int) -> Carried:
    """A loop in as many segments as each has parts, these divided in turn; what is left over behind them."""
    if levels == 1 or length < SHORTEST:
        whole: Carried = jax.lax.scan(body, state, rows, length=length)
        return whole
    count = round(length ** (1 / levels))
    each = length // count

    def segment(state: list[Any], rows: list[Any]) -> Carried:
        return _scan(body, state, rows, each, levels - 1)

    parts = [row[: count * each].reshape(count, each, *row.shape[1:]) for row in rows]
    state, made = jax.lax.scan(jax.checkpoint(segment), state, parts, length=count)
    made = [row.reshape(-1, *row.shape[2:]) for row in made]
    if count * each == length:
        return state, made
    state, last = jax.lax.scan(
        body, state, [row[count * each :] for row in rows], length=length - count * each
    )
    return state, [jnp.concatenate(both) for both in zip(made, last, strict=True)]
