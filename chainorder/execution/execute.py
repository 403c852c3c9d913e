"""Run a plan, be it for a chain or for a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from chainorder.execution import chain, graph  # noqa: F401 -- these register how plans are run
from chainorder.execution.backends import CHUNK_ENTRIES, NUMPY
from chainorder.execution.graph_result import GraphExecution
from chainorder.execution.options import Options, run
from chainorder.execution.result import Execution
from chainorder.execution.sources import Function
from chainorder.plans.chain_plan import Plan
from chainorder.plans.graph_plan import GraphPlan


@overload
def execute(
    plan: Plan,
    jacobians: Sequence[Any] | None = None,
    *,
    function: Function | None = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
    symbolic: bool = True,
    scheduler: Any = None,
    stand_ins: bool = False,
    backend: str = NUMPY,
) -> Execution: ...


@overload
def execute(
    plan: GraphPlan,
    jacobians: Mapping[tuple[str, str], Any] | None = None,
    *,
    function: Function | None = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
    scheduler: Any = None,
    stand_ins: bool = False,
    backend: str = NUMPY,
) -> GraphExecution: ...


def execute(
    plan: Plan | GraphPlan,
    jacobians: Sequence[Any] | Mapping[tuple[str, str], Any] | None = None,
    *,
    function: Function | None = None,
    point: Any = None,
    seed: int = 0,
    verify: bool = True,
    tolerance: float | None = None,
    chunk_entries: int = CHUNK_ENTRIES,
    symbolic: bool = True,
    scheduler: Any = None,
    stand_ins: bool = False,
    backend: str = NUMPY,
) -> Execution | GraphExecution:
    """Compute the Jacobian of a chain, or of a graph, in the order of a plan.

    Parameters
    ----------
    plan
        The order.
    jacobians
        The elemental Jacobians, input first: NumPy arrays or SciPy sparse matrices of shape (outputs,
        inputs), a diagonal also as its vector. For a matrix-free elemental also an object like
        `scipy.sparse.linalg.LinearOperator` (matmat: tangents; rmatmat: adjoints), or a pair of functions of
        one vector (v ↦ F'v, u ↦ uF'; None for one that is not there); they see copies of the vectors, and
        may return the same array again and again. Those of a graph by (source, target); those of identities
        may be left out. By default those of the network at a random point, or the matrices of the chain or
        graph, or random stand-ins of the declared structures; `Execution.source` says which.
    function, point
        The program itself, from the values of all inputs to those of all outputs, one after the other, and
        where it was differentiated; checked by the complex step if it takes complex arguments (it must then
        be analytic), else by central differences. By default that of the network; for a graph, else, a
        nonlinear program that has these elemental Jacobians at 0.
    seed
        Of everything that is random.
    verify
        Whether to check the result: that it is finite, against another order and against `function`, and
        tangents against adjoints.
    tolerance
        The largest relative error that passes; by default 1e-9, or 100 times the precision of the least
        precise Jacobian where that is more (float32: 1.2e-5), and 1e-5 for central differences.
    chunk_entries
        Entries of the tangents or adjoints that are in flight at once.
    symbolic
        Whether fma and entries are counted of symbolic patterns, as they were planned. Otherwise they are of
        what is stored: without entries that cancelled, with the zeros of well-filled results that are kept
        dense. That spares the symbolic products for both. Only of chains.
    scheduler
        Where the machines of the plan are: None for here, one operation after the other; ``local`` for a
        process for each; the address of a Dask scheduler, or a `distributed.Client`.
    stand_ins
        Whether random Jacobians may stand in for matrices that were in memory when the plan was saved, and
        for solves of which only the cost is known.
    backend
        What multiplies: ``numpy`` (with SciPy where it is sparse), ``jax``, ``torch``, or one that was
        registered by `chainorder.execution.backends.register_backend`.

    Raises
    ------
    ExecutionError
        If it is no plan, a Jacobian does not fit its elemental, a matrix was in memory when the plan was
        saved and is not given, the plan needs more memory than there is, workers were asked for and there
        are none, there is no such backend, or an option is not for this kind of plan.
    """
    options = Options(
        function=function,
        point=point,
        seed=seed,
        verify=verify,
        tolerance=tolerance,
        chunk_entries=chunk_entries,
        symbolic=symbolic,
        scheduler=scheduler,
        stand_ins=stand_ins,
        backend=backend,
    )
    done: Execution | GraphExecution = run(plan, jacobians, options)
    return done
