"""`jacobian`: what `torch.func.jacrev` returns, by the best plan; `explain` and `chain` tell of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from chainorder.autodiff.captures import Captures
from chainorder.autodiff.choice import Choice, Unplanned
from chainorder.autodiff.execution import TRACED_ENTRIES
from chainorder.autodiff.explanation import tell
from chainorder.autodiff.task import Function, NotPlannedError, Output, composed
from chainorder.problems.chain import Chain
from chainorder.solvers.registry import find_solver
from chainorder.torch.calls import Call
from chainorder.torch.knowledge import KNOWLEDGE
from chainorder.torch.task import TorchTask

OUTPUTS = (Output.DENSE, Output.CSR, Output.AUTO)
"""How blocks can be returned."""


def jacobian(
    func: Function,
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    output: str = "dense",
    solver: str | None = None,
    chunk_entries: int = TRACED_ENTRIES,
) -> Callable[..., Any]:
    """The Jacobian of a function by the best plan; a drop-in for `torch.func.jacrev` and `torch.func.jacfwd`.

    The function is captured once for every shape. Where it is found to be sparse, columns (or rows) that do
    not meet are evaluated together. It is cut where everything flows through one value, or through few beside
    each other, and the product of the pieces' Jacobians is planned (`chainorder.plan`). What makes it
    is recorded in the second call and replayed after it. Where nothing is estimated to be gained, or
    the function cannot be captured or is random, this is `torch.func.jacrev` or `torch.func.jacfwd`.

    Parameters
    ----------
    func
        A function of tensors, a module, or a sequence of such of one argument, input first
        (`torch.nn.Sequential` too). Parameters and buffers of modules are read anew in every call. Of other
        tensors that it closes over, changes in place are seen; for another tensor make a new Jacobian.
    argnums, has_aux, chunk_size
        As for `torch.func.jacrev`; at most `chunk_size` tangents or adjoints are in flight at once.
    output
        How the blocks of the Jacobian, one for each output, are returned: ``"dense"`` as PyTorch does,
        ``"csr"`` as matrices, entries × entries, of layout `torch.sparse_csr`, or ``"auto"``: such where a
        block is large and at most a tenth full.
    solver
        The name of a solver (see `chainorder.plan`) whose plan is run whatever the estimates say.
    chunk_entries
        Entries of the tangents or adjoints of a planned step that are in flight at once; more take turns.

    Returns
    -------
    callable
        Takes the arguments of `func` and returns what ``torch.func.jacrev(func)`` does, up to rounding. It
        composes with `torch.func.vmap` and differentiation.

    Raises
    ------
    TypeError
        If it is no function.
    ValueError
        If `chunk_size` is not positive, or there is no such output.
    SolverError
        If there is no such solver.
    """
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"chunk_size is {chunk_size}, and has to be positive")
    if output not in OUTPUTS:
        raise ValueError(f"output is {output!r}; it can be {', '.join(OUTPUTS)}")
    if solver is not None:
        find_solver(solver)
    task = TorchTask(composed(func), argnums, has_aux, chunk_size, solver, chunk_entries, Output(output))
    captures = Captures(task.function, KNOWLEDGE, limited=solver is None)

    @wraps(task.function)
    def jacfun(*args: Any, **kwargs: Any) -> Any:
        with suppress(NotPlannedError):
            call = Call.of(args, kwargs, argnums)
            return captures.run(call.key, call.others, lambda: task.planned(call), call)
        return task.jacobian(args, kwargs)

    return jacfun


def explain(
    func: Function, *args: Any, argnums: int = 0, has_aux: bool = False, **kwargs: Any
) -> Choice | Unplanned:
    """Print the chain that was found in a function, its plan, and what that is estimated to bring.

    Parameters
    ----------
    func
        As for `jacobian`.
    args, kwargs
        Its arguments; only their shapes, dtypes and devices are looked at.
    argnums
        The argument to differentiate with respect to.
    has_aux
        As for `jacobian`.

    Returns
    -------
    Choice or Unplanned
        The plan, its chain and the estimates; or why the function is left to PyTorch.
    """
    return tell(choice_of(func, args, kwargs, argnums, has_aux))


def chain(func: Function, *args: Any, argnums: int = 0, has_aux: bool = False, **kwargs: Any) -> Chain:
    """The chain that was found in a function, to save, plan or schedule it; takes what `explain` does.

    Raises
    ------
    ChainError
        If there is none.
    """
    return choice_of(func, args, kwargs, argnums, has_aux).chain


def choice_of(
    func: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    argnums: int = 0,
    has_aux: bool = False,
) -> Choice | Unplanned:
    """The choice that is made for some arguments, by capturing alone."""
    task = TorchTask(composed(func), argnums, has_aux)
    try:
        others = Call.of(args, kwargs or {}, argnums).others()
    except NotPlannedError as reason:
        return Unplanned(str(reason))
    return Captures(task.function, KNOWLEDGE).look(others, lambda: task.choice(args, kwargs or {}))
