"""Matrix-free pipelines whose costs nobody states: measured, planned, and held against all orders.

An order's time is that of its operations, and there are few of these: each is timed by itself, the dynamic
program finds the fastest of all orders, and that and others are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from statistics import mean, median
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_banded
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from turns import least, spent

from chainorder import Chain, Plan, measure, plan, prepare
from chainorder.costs.steps import Row, Step, Steps, instruction_of
from chainorder.execution.backends import CHUNK_ENTRIES
from chainorder.execution.kernels import multiply
from chainorder.execution.model import by_adjoints, by_tangents
from chainorder.execution.operand import DenseOperand
from chainorder.execution.prepared import Prepared
from chainorder.execution.sources import Jacobians, gather
from chainorder.report.model import Cell, Report
from chainorder.structures.dense import DensePattern

STAGES = 6
SIZES = (10, 500)
RUNS = 15

Generator = np.random.Generator


def layer(outputs: int, inputs: int, generator: Generator) -> Any:
    """A product with a dense matrix, many directions at once."""
    return aslinearoperator(generator.standard_normal((outputs, inputs)) / inputs)


def interpolation(outputs: int, inputs: int, generator: Generator) -> Any:
    """A product with a sparse matrix."""
    return aslinearoperator(
        sp.random_array((outputs, inputs), density=min(1, 4 / inputs), rng=generator, format="csr")
    )


def one_by_one(outputs: int, inputs: int, generator: Generator) -> Any:
    """A program that differentiates itself, one direction a call."""
    matrix = generator.standard_normal((outputs, inputs)) / inputs
    return lambda v: matrix @ v, lambda u: u @ matrix


def smoothing(outputs: int, inputs: int, generator: Generator) -> Any:
    """An implicit step, by tridiagonal solves, and samples of it."""
    band = np.array([np.full(inputs, -1.0), np.full(inputs, 4.0), np.full(inputs, -1.0)])
    chosen = generator.integers(0, inputs, outputs)

    def scattered(u: Any) -> Any:
        wide = np.zeros((inputs, *u.shape[1:]))
        np.add.at(wide, chosen, u)
        return solve_banded((1, 1), band, wide)

    def gathered(v: Any) -> Any:
        return solve_banded((1, 1), band, v)[chosen]

    return _operator((outputs, inputs), gathered, scattered)


def spectrum(outputs: int, inputs: int, _: Generator) -> Any:
    """Coefficients of a cosine series, by its terms one after the other."""
    places = np.arange(inputs) / inputs

    def forward(v: Any) -> Any:
        return np.array([np.cos(np.pi * term * places) @ v for term in range(outputs)]) / inputs

    def backward(u: Any) -> Any:
        return sum(np.outer(np.cos(np.pi * term * places), u[term]) for term in range(outputs)) / inputs

    def shaped(v: Any) -> Any:
        return np.asarray(backward(v)).reshape(inputs, *v.shape[1:])

    return _operator((outputs, inputs), forward, shaped)


KINDS = (layer, interpolation, one_by_one, smoothing, spectrum)


def _operator(shape: tuple[int, int], forward: Callable[[Any], Any], backward: Callable[[Any], Any]) -> Any:
    return LinearOperator(
        shape, matvec=forward, rmatvec=backward, matmat=forward, rmatmat=backward, dtype=np.float64
    )


def pipelines(count: int, seed: int) -> Iterator[tuple[Chain, list[Any]]]:
    """Chains of six operators of random kinds, sizes log-uniform; of which nothing but sizes is known."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        dims = np.exp(generator.uniform(*np.log(SIZES), STAGES + 1)).astype(int).tolist()
        kinds = generator.integers(0, len(KINDS), STAGES).tolist()
        pairs = zip(kinds, dims[1:], dims[:-1], strict=True)
        yield Chain.from_dims(dims), [KINDS[kind](*shape, generator) for kind, *shape in pairs]


def fastest(operators: Jacobians, sizes: Sequence[int]) -> Steps:
    """The fastest of all orders, by the times of its operations."""

    @cache
    def best(j: int, i: int) -> tuple[float, tuple[Row, ...]]:
        rows: list[tuple[Row, tuple[tuple[int, int], ...]]]
        if i == j:
            rows = [((step, i, 0, i), ()) for step in (Step.ACCUMULATE_TANGENT, Step.ACCUMULATE_ADJOINT)]
        else:
            rows = [((Step.MULTIPLY, j, k, i), ((j, k + 1), (k, i))) for k in range(i, j)]
            rows += [((Step.TANGENT, j, j - 1, i), ((j - 1, i),)), ((Step.ADJOINT, j, i, i), ((j, i + 1),))]
        totals = []
        for row, operands in rows:
            made = [best(*each) for each in operands]
            steps = tuple(step for _, before in made for step in before)
            taken = operation_seconds(operators, sizes, row) + sum(each for each, _ in made)
            totals.append((taken, (*steps, row)))
        return min(totals)

    return Steps.of_rows(list(best(len(sizes) - 1, 1)[1]))


def operation_seconds(operators: Jacobians, sizes: Sequence[int], row: Row) -> float:
    """The least time of an operation by itself, warm, on random operands."""
    step, j, _, i = row
    shapes = [(sizes[b], sizes[a - 1]) for b, a in instruction_of(*row).operands]
    generator = np.random.default_rng(0)
    operands = [DenseOperand.full(generator.standard_normal(shape)) for shape in shapes]
    if step == Step.MULTIPLY:
        return quickest(lambda: multiply(*operands))
    evaluate = by_tangents if step.by_tangents else by_adjoints
    model = operators.models[j if step.by_tangents else i]
    operand, pattern = (operands[0] if operands else None), DensePattern(sizes[j], sizes[i - 1])
    return quickest(lambda: evaluate(model, operand, pattern, CHUNK_ENTRIES))


def quickest(call: Callable[[], Any]) -> float:
    """The least processor seconds of some calls."""
    return min(spent(call) for _ in range(RUNS))


def timer(run: Prepared, operators: Sequence[Any]) -> Callable[[], float]:
    """Runs a prepared plan, and says how long that took."""
    return lambda: spent(lambda: run(operators))


def compared(stated: Chain, operators: Sequence[Any]) -> dict[str, float]:
    """Seconds of orders; the fastest is the least of them, the fastest by its operations among them."""
    chain = measure(stated, operators, time_limit=5)
    orders = {"fastest by its operations": fastest(gather(chain, operators, 0), chain.sizes.tolist())}
    orders["least seconds"] = plan(chain, objective="seconds").operations.steps
    orders["fewest fma, as of dense matrices"] = plan(chain).operations.steps
    orders |= {name: plan(chain, solver=name).operations.steps for name in ("forward", "reverse")}
    distinct = {tuple(steps): Plan.of(chain, steps, solver=name) for name, steps in orders.items()}
    runs = [prepare(each, operators) for each in distinct.values()]
    taken = dict(zip(distinct, least([timer(run, operators) for run in runs]), strict=True))
    found = {name: taken[tuple(steps)] for name, steps in orders.items()}
    return found | {"better sweep": min(found.pop("forward"), found.pop("reverse"))}


def pipeline_report(count: int, seed: int) -> Report:
    """Orders of pipelines of operators, as multiples of the fastest."""
    ratios: dict[str, list[float]] = {}
    for chain, operators in pipelines(count, seed):
        seconds = compared(chain, operators)
        for name, each in seconds.items():
            ratios.setdefault(name, []).append(each / min(seconds.values()))
    rows: list[tuple[Cell, ...]] = [
        (name, *(round(count(each), 3) for count in (mean, median, max))) for name, each in ratios.items()
    ]
    title = f"{count} pipelines of {STAGES} operators: times of the fastest order"
    return Report(title, ("order", "mean", "median", "worst"), rows)
