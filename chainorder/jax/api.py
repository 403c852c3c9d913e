"""`jacobian`: what `jax.jacrev` returns, by the best plan; `explain` and `chain` tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click
import jax

from chainorder.autodiff.choice import Choice
from chainorder.autodiff.explanation import explain_choice
from chainorder.chain import Chain
from chainorder.errors import ChainError
from chainorder.jax.calls import Call
from chainorder.jax.execution import CHUNK_ENTRIES
from chainorder.jax.task import Task

Function = Callable[..., Any] | Sequence[Callable[[Any], Any]]


def jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    *,
    chunk_entries: int = CHUNK_ENTRIES,
) -> Callable[..., Any]:
    """The Jacobian of a function by the best plan; a drop-in for `jax.jacrev` and `jax.jacfwd`.

    The function is traced and differentiated by JAX once for every shape, cut where everything flows through one
    value, and the product of the parts' Jacobians is planned (see `chainorder.plan`), compiled and cached.
    Where planning is estimated to bring nothing, this is `jax.jacrev` or `jax.jacfwd`.

    Parameters
    ----------
    fun
        A function of arrays, as for `jax.jacrev`; or a sequence of functions of one argument, input first.
    argnums, has_aux, holomorphic, allow_int
        As for `jax.jacrev`.
    chunk_entries
        Entries of the tangents or adjoints of a planned step that are in flight at once; more take turns.

    Returns
    -------
    callable
        Takes the arguments of `fun` and returns what ``jax.jacrev(fun)`` does, up to rounding. It is compiled
        (do not rely on side effects of `fun`), and composes with `jax.jit`, `jax.vmap` and differentiation.

    Raises
    ------
    TypeError
        By JAX, for what JAX does not differentiate: integer inputs, outputs that are no arrays.
    """
    function = composed(fun)
    task = Task(function, argnums, has_aux, holomorphic, allow_int, chunk_entries)
    compiled = jax.jit(lambda call, leaves: task.jacobian(*call.restored(leaves)), static_argnums=0)
    eager: set[Call] = set()

    @wraps(function)
    def jacfun(*args: Any, **kwargs: Any) -> Any:
        call, leaves = Call.of(args, kwargs, argnums)
        if not call.hashable or call in eager:
            return task.jacobian(args, kwargs)
        try:
            return compiled(call, leaves)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            # The function looks at values, not only at shapes. Outside of a transformation JAX admits that.
            if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
                raise
            eager.add(call)
            return task.jacobian(args, kwargs)

    return jacfun


def explain(fun: Function, *args: Any, argnums: int = 0, **kwargs: Any) -> Choice:
    """Print the chain that was found in a function, its plan, and what that is estimated to bring.

    Parameters
    ----------
    fun
        As for `jacobian`.
    args, kwargs
        Its arguments: arrays, or anything with a shape and a dtype (`jax.ShapeDtypeStruct`).
    argnums
        The argument to differentiate with respect to.

    Returns
    -------
    Choice
        The plan, its chain and the estimates.
    """
    choice = _choice(fun, args, kwargs, argnums)
    click.echo(explain_choice(choice))
    return choice


def chain(fun: Function, *args: Any, argnums: int = 0, **kwargs: Any) -> Chain:
    """The chain that was found in a function, to be saved, planned or scheduled; arguments as for `explain`."""
    return _choice(fun, args, kwargs, argnums).chain


def composed(fun: Function) -> Callable[..., Any]:
    """A function, or the composition of a sequence of them, input first."""
    if callable(fun):
        return fun
    stages = tuple(fun)
    if not stages or not all(map(callable, stages)):
        raise ChainError(f"the stages are {stages!r}; give at least one function, input first")

    def composition(value: Any) -> Any:
        for stage in stages:
            value = stage(value)
        return value

    return composition


def _choice(fun: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int) -> Choice:
    """The choice that is made for some arguments, by tracing alone."""
    task = Task(composed(fun), argnums)
    found: list[Choice] = []
    call, leaves = Call.of(args, kwargs, argnums)

    def look(leaves: list[Any]) -> None:
        found.append(task.choice(*call.restored(leaves)))

    jax.eval_shape(look, leaves)
    return found[0]
