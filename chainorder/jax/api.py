"""`jacobian`: what `jax.jacrev` returns, by the best plan; `explain` and `chain` tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import Any

import click
import jax

from chainorder.autodiff.captures import Captures
from chainorder.autodiff.choice import Choice, Unplanned
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.explanation import tell
from chainorder.autodiff.task import Function, NotPlannedError, Output, composed
from chainorder.jax.batches import batch_size
from chainorder.jax.calls import Call, Calls
from chainorder.jax.capture import Options
from chainorder.jax.knowledge import KNOWLEDGE
from chainorder.jax.memory import fit, limit_of
from chainorder.jax.task import JaxTask
from chainorder.jax.tuning import tuned
from chainorder.problems.chain import Chain
from chainorder.solvers.registry import find_solver


def jacobian(
    fun: Function,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    *,
    output: str = "dense",
    solver: str | None = None,
    chunk_entries: int = TRACED_ENTRIES,
    memory: int | str | None = None,
    tune: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of a function by the best plan; a drop-in for `jax.jacrev` and `jax.jacfwd`.

    The function is traced and differentiated by JAX once for every shape. Where it is found to be sparse,
    columns (or rows) that do not meet are evaluated together. It is cut where everything flows through
    one value, and the product of the pieces' Jacobians is planned (`chainorder.plan`), compiled and cached.
    Where neither is estimated to bring anything, this is `jax.jacrev` or `jax.jacfwd`.

    Parameters
    ----------
    fun
        A function of arrays, as for `jax.jacrev`; or a sequence of functions of one argument, input first.
    argnums, has_aux, holomorphic, allow_int
        As for `jax.jacrev`.
    output
        How the blocks are returned, one for each array of the output and of the input: ``dense`` as by
        `jax.jacrev`; ``bcoo`` as `jax.experimental.sparse.BCOO` of the same shape; ``csr`` as matrices,
        entries of the output × entries of the input; ``auto``: ``bcoo`` where at most a tenth of a large
        block is filled. A sparse block stores all entries that are not known to be zero.
    solver
        The name of a solver (see `chainorder.plan`) whose plan is run whatever the estimates say.
    chunk_entries
        Entries of the tangents or adjoints of a planned step that are in flight at once; more take turns.
    memory
        A limit, in bytes or as ``"64MiB"``, for arguments, results and what is between, as XLA allots it.
        Where the usual way exceeds it, fewer directions are evaluated at once, and long loops keep the states
        at the beginnings of segments and are computed again. Several programs are compiled to find that out.
        Such ways know no plan: `solver` holds for the usual way alone.
    tune
        Whether the best ways by the estimates, three at most, are compiled and timed in the first call of a
        shape. The quickest is noted in the user's cache folder, for later processes, too.

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
    InfeasibleError
        If nothing keeps within the memory; it says what the least is.
    chainorder.autodiff.task.NotPlannedError
        If there is a limit of memory, and the function cannot be captured: it has effects, say.
    ValueError
        If there is no such output, or the memory is no amount.
    """
    limit = None if memory is None else limit_of(memory)
    if solver is not None:
        find_solver(solver)
    function = composed(fun)
    options = Options(argnums, has_aux, holomorphic, allow_int)
    single = JaxTask(function, options, solver, chunk_entries, Output(output))
    captures = Captures(function, KNOWLEDGE, limited=solver is None)
    calls = Calls(argnums)

    @wraps(function)
    def jacfun(*args: Any, **kwargs: Any) -> Any:
        call, arrays = calls.of(args, kwargs)
        batch = batch_size(arrays)
        task = single if batch == 1 else replace(single, batch=batch)
        try:  # quicker than `suppress`
            return captures.run(
                (call, batch), call.others, lambda: compiled(task, call, arrays, limit, tune), *arrays
            )
        except NotPlannedError:
            pass
        if limit is not None:  # what is not kept, or not feasible, is found once more; that one is told
            return fit(task, call, limit).way.jacobian(args, kwargs)
        if any(isinstance(array, jax.core.Tracer) for array in arrays):
            with suppress(NotPlannedError):  # what is traced now is not kept by us
                return task.jacobian(args, kwargs)
        return task.own(function, args, kwargs, options)

    return jacfun


def compiled(
    task: JaxTask, call: Call, arrays: Sequence[Any], limit: int | None = None, tune: bool = False
) -> tuple[Callable[..., Any], Any]:
    """The compiled Jacobian for calls of a kind, in at most so many bytes; what it makes of some arrays."""
    task = tuned(task, call, arrays) if tune else task
    jacobian = task.jacobian if limit is None else fit(task, call, limit).way.jacobian
    form: list[Any] = []

    def traced(*given: Any) -> Any:
        made = jacobian(*call.restored(given))
        leaves, tree = jax.tree.flatten(made)
        still = [None if isinstance(leaf, jax.Array) else (leaf,) for leaf in leaves]
        form[:] = [tree, still]
        return [leaf for leaf in leaves if isinstance(leaf, jax.Array)] if any(still) else made

    program = jax.jit(traced)

    def restored(made: Any) -> Any:
        each = iter(made)
        tree, still = form
        return jax.tree.unflatten(tree, [next(each) if leaf is None else leaf[0] for leaf in still])

    result = program(*arrays)
    if any(form[1]):
        return (lambda *given: restored(program(*given))), restored(result)
    return program, result


def explain(
    fun: Function,
    *args: Any,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    memory: int | str | None = None,
    **kwargs: Any,
) -> Choice | Unplanned:
    """Print the chain that was found in a function, its plan, and what that is estimated to bring.

    Parameters
    ----------
    fun
        As for `jacobian`.
    args, kwargs
        Its arguments: arrays, or anything with a shape and a dtype (`jax.ShapeDtypeStruct`).
    argnums
        The argument to differentiate with respect to, or several.
    has_aux
        As for `jacobian`.
    memory
        As for `jacobian`: what keeps within it is told too, and what it and the usual way take.

    Returns
    -------
    Choice or Unplanned
        The plan, its chain and the estimates; or why the function is left to JAX.
    """
    choice = tell(choice_of(fun, args, kwargs, argnums, has_aux))
    if memory is not None:
        call, _ = Call.of(args, kwargs, argnums)
        task = JaxTask(composed(fun), Options(argnums, has_aux))
        click.echo(f"memory: {fit(task, call, limit_of(memory))}")
    return choice


def chain(
    fun: Function, *args: Any, argnums: int | Sequence[int] = 0, has_aux: bool = False, **kwargs: Any
) -> Chain:
    """The chain that was found in a function, to save, plan or schedule it; takes what `explain` does.

    Raises
    ------
    ChainError
        If there is none.
    """
    return choice_of(fun, args, kwargs, argnums, has_aux).chain


def choice_of(
    fun: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
) -> Choice | Unplanned:
    """The choice that is made for some arguments, by tracing alone."""
    function = composed(fun)
    task = JaxTask(function, Options(argnums, has_aux))
    call, arrays = Call.of(args, kwargs or {}, argnums)
    found: list[Choice] = []

    def look(arrays: Sequence[Any]) -> None:
        found.append(task.choice(*call.restored(arrays)))

    def choice() -> Choice:
        jax.eval_shape(look, arrays)
        return found[0]

    return Captures(function, KNOWLEDGE).look(call.others(), choice)
