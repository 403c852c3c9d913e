"""`jacobian`: what `jax.jacrev` returns, by the best plan; `explain` and `chain` tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import jax

from chainorder.autodiff.choice import Choice
from chainorder.autodiff.execution import CHUNK_ENTRIES
from chainorder.autodiff.explanation import tell
from chainorder.autodiff.task import Function, composed
from chainorder.chain import Chain
from chainorder.jax.calls import Call, moving, stilled
from chainorder.jax.task import JaxTask
from chainorder.solvers import find_solver


def jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    *,
    solver: str | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
) -> Callable[..., Any]:
    """The Jacobian of a function by the best plan; a drop-in for `jax.jacrev` and `jax.jacfwd`.

    The function is traced and differentiated by JAX once for every shape, cut where everything flows through
    one value, and the product of the parts' Jacobians is planned (`chainorder.plan`), compiled and cached.
    Where planning is estimated to bring nothing, this is `jax.jacrev` or `jax.jacfwd`.

    Parameters
    ----------
    fun
        A function of arrays, as for `jax.jacrev`; or a sequence of functions of one argument, input first.
    argnums, has_aux, holomorphic, allow_int
        As for `jax.jacrev`.
    solver
        The name of a solver (see `chainorder.plan`) whose plan is run whatever the estimates say.
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
    SolverError
        If there is no such solver.
    """
    if solver is not None:
        find_solver(solver)
    function = composed(fun)
    traced = _with_stilled_aux(function) if has_aux else function
    task = JaxTask(traced, argnums, has_aux, holomorphic, allow_int, solver, chunk_entries)
    general = jax.jit(lambda call, leaves: task.jacobian(*call.restored(leaves)), static_argnums=0)
    simple = jax.jit(lambda *args: task.jacobian(args, {}))
    eager: set[Call] = set()

    @wraps(function)
    def jacfun(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and not eager and all(isinstance(arg, jax.Array) for arg in args):
            attempt = partial(simple, *args)  # the usual call, without taking it apart
        else:
            call, leaves = Call.of(args, kwargs, argnums)
            if not call.hashable or call in eager:
                return moving(task.jacobian(args, kwargs))
            attempt = partial(general, call, leaves)
        try:
            return moving(attempt()) if has_aux else attempt()
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError):
            # The function looks at values, not only at shapes. Outside of a transformation JAX admits that.
            call, leaves = Call.of(args, kwargs, argnums)
            if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
                raise
            eager.add(call)
            return moving(task.jacobian(args, kwargs))

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
    return tell(choice_of(fun, args, kwargs, argnums))


def chain(fun: Function, *args: Any, argnums: int = 0, **kwargs: Any) -> Chain:
    """The chain that was found in a function, to save, plan or schedule it; takes what `explain` does."""
    return choice_of(fun, args, kwargs, argnums).chain


def _with_stilled_aux(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def stilled_function(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        pair = isinstance(result, tuple) and len(result) == 2  # else JAX says what is wrong
        return (result[0], stilled(result[1])) if pair else result

    return stilled_function


def choice_of(
    fun: Function, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, argnums: int = 0
) -> Choice:
    """The choice that is made for some arguments, by tracing alone."""
    task = JaxTask(composed(fun), argnums)
    found: list[Choice] = []
    call, leaves = Call.of(args, kwargs or {}, argnums)

    def look(leaves: list[Any]) -> None:
        found.append(task.choice(*call.restored(leaves)))

    jax.eval_shape(look, leaves)
    return found[0]
