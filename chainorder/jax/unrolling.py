"""Short loops as their steps, so that a waist inside of a step becomes a cut.

Only loops with products in them: XLA fuses the steps of an unrolled stencil into each other and computes its
values again and again, which takes many times longer than the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax.extend import core

MOST_STEPS = 8
"""Steps of a loop that is unrolled."""

Rule: TypeAlias = Callable[[Any, Sequence[Any]], list[Any] | None]
"""Makes the results of an equation of its operands; None of one that it does not know."""

CALLS = ("jit", "pjit", "closed_call", "core_call")
"""Equations that only call a jaxpr."""


def unrolled(closed: Any) -> Any:
    """A jaxpr without short loops of products, traced anew if it has any."""
    if not any(_is_short(eqn) for eqn in _equations(closed.jaxpr)):
        return closed
    avals = [jax.ShapeDtypeStruct(var.aval.shape, var.aval.dtype) for var in closed.jaxpr.invars]
    return jax.make_jaxpr(lambda *args: evaluated(closed.jaxpr, closed.consts, args, _unrolled))(*avals)


def opened(eqn: Any) -> tuple[Any, Sequence[Any]]:
    """What a call calls: a jaxpr and its constants."""
    called = eqn.params["jaxpr"] if "jaxpr" in eqn.params else eqn.params["call_jaxpr"]
    return (called.jaxpr, called.consts) if isinstance(called, core.ClosedJaxpr) else (called, ())


def _equations(jaxpr: Any) -> Iterator[Any]:
    """All equations outside of loops and conditionals, those of calls too."""
    pending = [jaxpr]
    while pending:
        for eqn in pending.pop().eqns:
            yield eqn
            if eqn.primitive.name in CALLS:
                pending.append(opened(eqn)[0])


def _is_short(eqn: Any) -> bool:
    if eqn.primitive.name != "scan" or eqn.params["length"] > MOST_STEPS:
        return False
    return any(inner.primitive.name == "dot_general" for inner in _equations(eqn.params["jaxpr"].jaxpr))


def evaluated(jaxpr: Any, consts: Sequence[Any], args: Sequence[Any], rule: Rule) -> list[Any]:
    """The results of a jaxpr, calls opened; of equations that a rule knows, those that it makes."""
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *args), strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for eqn in jaxpr.eqns:
        operands = [read(atom) for atom in eqn.invars]
        if eqn.primitive.name in CALLS:
            results = evaluated(*opened(eqn), operands, rule)
        elif (known := rule(eqn, operands)) is not None:
            results = known
        else:
            results = eqn.primitive.bind(*operands, **eqn.primitive.get_bind_params(eqn.params))
            results = results if eqn.primitive.multiple_results else [results]
        values.update(zip(eqn.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _unrolled(eqn: Any, operands: Sequence[Any]) -> list[Any] | None:
    return _steps(eqn.params, operands) if _is_short(eqn) else None


def _steps(params: dict[str, Any], operands: Sequence[Any]) -> list[Any]:
    """The results of a loop: its last carry, and what its steps gave, stacked."""
    body, length = params["jaxpr"], params["length"]
    fixed, carried = params["num_consts"], params["num_carry"]
    consts, carry, rows = operands[:fixed], operands[fixed : fixed + carried], operands[fixed + carried :]
    made: dict[int, list[Any]] = {}
    for step in reversed(range(length)) if params["reverse"] else range(length):
        given = [*consts, *carry, *(row[step] for row in rows)]
        results = evaluated(body.jaxpr, body.consts, given, _unrolled)
        carry, made[step] = results[:carried], results[carried:]
    stacked = [jnp.stack(column) for column in zip(*(made[step] for step in range(length)), strict=True)]
    return [*carry, *stacked]
