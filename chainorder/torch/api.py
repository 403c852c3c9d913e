"""`jacobian`: what `torch.func.jacrev` returns, by the best plan; `explain` and `chain` tell of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch

from chainorder.autodiff.choice import Choice
from chainorder.autodiff.execution import CHUNK_ENTRIES
from chainorder.autodiff.explanation import tell
from chainorder.autodiff.task import Function, composed
from chainorder.chain import Chain
from chainorder.solvers import find_solver
from chainorder.torch.task import TorchTask


def jacobian(
    func: Function,
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    solver: str | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
) -> Callable[..., Any]:
    """The Jacobian of a function by the best plan; a drop-in for `torch.func.jacrev` and `torch.func.jacfwd`.

    The function is captured by `torch.fx` once for every shape, cut where everything flows through one value,
    and the product of the parts' Jacobians is planned (`chainorder.plan`). Where planning is estimated to
    bring nothing, or the function cannot be captured or is random, this is `torch.func.jacrev` or
    `torch.func.jacfwd`.

    Parameters
    ----------
    func
        A function of tensors, a module, or a sequence of such of one argument, input first
        (`torch.nn.Sequential` too). Parameters and buffers of modules are read anew in every call. Of other
        tensors that it closes over, changes in place are seen; for another tensor make a new Jacobian.
    argnums, has_aux
        As for `torch.func.jacrev`.
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
    SolverError
        If there is no such solver.
    """
    if solver is not None:
        find_solver(solver)
    task = TorchTask(*with_modules(func), argnums, has_aux, solver, chunk_entries)

    @wraps(task.function)
    def jacfun(*args: Any, **kwargs: Any) -> Any:
        return task.jacobian(args, kwargs)

    return jacfun


def explain(func: Function, *args: Any, argnums: int = 0, **kwargs: Any) -> Choice:
    """Print the chain that was found in a function, its plan, and what that is estimated to bring.

    Parameters
    ----------
    func
        As for `jacobian`.
    args, kwargs
        Its arguments; only their shapes, dtypes and devices are looked at.
    argnums
        The argument to differentiate with respect to.

    Returns
    -------
    Choice
        The plan, its chain and the estimates.
    """
    return tell(choice_of(func, args, kwargs, argnums))


def chain(func: Function, *args: Any, argnums: int = 0, **kwargs: Any) -> Chain:
    """The chain that was found in a function, to save, plan or schedule it; takes what `explain` does."""
    return choice_of(func, args, kwargs, argnums).chain


def choice_of(
    func: Function, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, argnums: int = 0
) -> Choice:
    """The choice that is made for some arguments, by capturing alone."""
    return TorchTask(*with_modules(func), argnums).choice(args, kwargs or {})


def with_modules(func: Function) -> tuple[Callable[..., Any], list[torch.nn.Module]]:
    """A function, and the modules in it, whose parameters are read anew in every call."""
    function = composed(func)
    stages = (func,) if callable(func) else func
    return function, [stage for stage in stages if isinstance(stage, torch.nn.Module)]
