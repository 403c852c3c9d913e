"""Dynamic programming over subchains: the best plan of any chain.

S. Godbole, *On efficient computation of matrix chain products* (1973), for dense factors; A. Griewank &
U. Naumann, *Accumulating Jacobians as chained sparse matrix products* (2003), for sparse ones; U. Naumann,
*Optimization of generalized Jacobian chain products without memory constraints* (2020, arXiv 2003.05755) and
*Matrix-free Jacobian chaining* (2024, arXiv 2406.11862), for tangents, adjoints and the tape that these need.
The least cost c_{j,i} of F'_{j,i} is, for i < j, the least of

    c_{j,k+1} + c_{k,i} + fma(F'_{j,k+1}, F'_{k,i})        over i ≤ k < j: multiply
    c_{j−1,i} + tangents(F'_{j,i}) · tangent_j             step through j by tangents
    c_{j,i+1} + adjoints(F'_{j,i}) · adjoint_i             step through i by adjoints, if its tape fits

with c_{i,i} = 0 for an explicit elemental, else the least cost of accumulating it. `tangents` and `adjoints`
are the colours of the columns and rows of the result (see `chainorder.structures.colouring`). No last term
depends on how its operands were made, because the pattern of a subchain does not depend on the bracketing;
so the recurrence is exact for every structure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainorder.costs import guessed_fill
from chainorder.costs.evaluations import Accumulation, check_feasible
from chainorder.costs.exact_fill import ExactFill, OverBudgetError, sweeps_within
from chainorder.costs.fma import FMA
from chainorder.costs.known_costs import Outline
from chainorder.costs.model import CostModel
from chainorder.costs.pricing import FilledResults, Results
from chainorder.costs.steps import Row, Step, Steps
from chainorder.costs.tables import CostTables, Table
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import estimated, lazy

MAX_LENGTH = 4_000
"""Its tables of length² entries would take gigabytes beyond."""

QUICK_LENGTH = 600
"""Elementals up to which it takes a second or two."""
WHY = "the dynamic program is exact for every structure and model"

CHEAP = 500_000
"""Symbolic multiply–adds that a search without a known good order may spend."""

BY_TANGENT, BY_ADJOINT = -1, -2
"""Choices that are no place of a split."""


def solve(chain: Chain) -> Plan:
    """The best plan of a chain, in O(n³) time and O(n²) memory. Optimal.

    Raises
    ------
    InfeasibleError
        If an elemental has only adjoints and its tape exceeds the chain's memory.
    SolverError
        If the chain has more than 4,000 elementals.
    """
    check_length(chain, "dynamic")
    check_feasible(chain)
    steps, results = exact_steps(chain)
    return Plan.of(chain, steps, solver="dynamic", optimal=True, why=WHY, results=results)


def solve_within(outline: Outline, budget: int) -> Plan:
    """The same for a sparse chain of which some is known already.

    Raises
    ------
    OverBudgetError
        If that takes more than so many symbolic multiply–adds.
    """
    fill = outline.fill(budget)
    steps = _search(outline, fill, _limit(outline, fill))
    results = FilledResults(outline.chain, fill)
    return Plan.of(outline.chain, steps, solver="dynamic", optimal=True, why=WHY, results=results)


def exact_steps(
    chain: Chain, model: CostModel = FMA, *, stepping: bool = True
) -> tuple[Steps, Results | None]:
    """The steps of a best plan by a cost model, and what their results look like, if that is known."""
    outline = model.outline(chain)
    if outline is None:
        return best_steps(model.tables(chain), stepping=stepping), None
    if outline.models is not None and not stepping:
        outline.models.forbid_steps()
    fill = outline.fill(CHEAP)
    try:
        steps = _search(outline, fill, _limit(outline, fill))
    except OverBudgetError:
        fill.budget = None
        limit = outline.most
        if stepping and guessed_fill.estimable(chain):
            # A good order, priced exactly, spares patterns of subchains that cost more than all of it.
            order = estimated.best_steps(outline)
            limit = min(
                limit, Plan.of(chain, order, solver="estimated", results=FilledResults(chain, fill)).fma
            )
        steps = _search(outline, fill, limit)
    fill.budget = None
    return steps, FilledResults(chain, fill)


def _limit(outline: Outline, fill: ExactFill) -> float:
    """What some order costs at most."""
    return outline.most if outline.models is not None else min(outline.most, sweeps_within(fill))


def _search(outline: Outline, fill: ExactFill, limit: float) -> Steps:
    steps = lazy.LazyProgram(fill, outline.boundaries, outline.models, limit).run()
    assert steps is not None
    return steps


def solve_unlimited(chain: Chain, model: CostModel = FMA) -> Plan:
    """The plan of the shortest critical path by a model, in O(n³): optimal on as many machines as it likes.

    The recurrence is that of `solve` with the longer of the two operands in place of their sum.

    Raises
    ------
    InfeasibleError, SolverError
        As `solve`.
    """
    check_length(chain, "dynamic")
    check_feasible(chain)
    return Plan.of(chain, best_steps(model.tables(chain), both=np.maximum), solver="dynamic")


def check_length(chain: Chain, solver: str) -> None:
    """Raise `SolverError` if the tables of the recurrence would be too large."""
    if len(chain) > MAX_LENGTH:
        raise SolverError(
            f"{solver} takes at most {MAX_LENGTH:,} elementals; the chain has {len(chain):,}: use auto"
        )


def best_steps(costs: CostTables, *, stepping: bool = True, both: np.ufunc = np.add) -> Steps:
    """The steps of a best plan; without `stepping`, of the best that accumulates all and then multiplies.

    `both` is what making two operands costs, of what making each does.

    Two tables hold the least costs: one by start of the subchain and length, the other by end and length,
    the longest first; so all splits of all subchains of one length are two slices.
    """
    n = costs.length
    by_start = np.zeros((n, n), costs.dtype)
    by_end = np.zeros((n, n), costs.dtype)
    choices = np.zeros((n, n), np.int32)
    # One buffer for all lengths: a new one each time would spend its time on page faults.
    buffer, other = np.empty((2, (n * n) // 4 + 1), costs.dtype)
    by_start[:, 0] = by_end[:, -1] = costs.leaves()
    for d in range(1, n):
        rows = n - d
        total = buffer[: rows * d].reshape(rows, d)
        costs.products(d, total)
        total += both(by_start[:rows, :d], by_end[d:, n - d :], out=other[: rows * d].reshape(rows, d))
        choice = total.argmin(axis=1)
        least = total[np.arange(rows), choice]
        for by_model, code in ((costs.tangent_steps, BY_TANGENT), (costs.adjoint_steps, BY_ADJOINT)):
            steps = by_model(d) if stepping else None
            if steps is not None:
                rest = by_start[:rows, d - 1] if code == BY_TANGENT else by_end[d:, n - d]
                least, choice = _less(rest + steps, code, least, choice)
        by_start[:rows, d] = least
        by_end[d:, n - 1 - d] = least
        choices[:rows, d] = choice
    return backtrack(choices, costs.accumulations)


def _less(costs: Table, code: int, least: Table, choice: Table) -> tuple[Table, Table]:
    better = costs < least
    return np.where(better, costs, least), np.where(better, code, choice)


def backtrack(choices: Table, accumulations: Sequence[Accumulation | None]) -> Steps:
    """The steps below the whole chain, from the best choice for every subchain.

    Parameters
    ----------
    choices
        Shape (length, length): by first elemental and the number of elementals after it.
    accumulations
        How each elemental is accumulated; None for explicit ones.
    """
    rows: list[Row] = []
    pending = [(0, len(choices) - 1)]  # first elemental, elementals after it
    while pending:
        first, d = pending.pop()
        j, i = first + d + 1, first + 1
        if d == 0:
            found = accumulations[first]
            if found is not None:
                rows.append((found.step, i, 0, i))
            continue
        choice = int(choices[first, d])
        if choice == BY_TANGENT:
            rows.append((Step.TANGENT, j, j - 1, i))
            pending.append((first, d - 1))
        elif choice == BY_ADJOINT:
            rows.append((Step.ADJOINT, j, i, i))
            pending.append((first + 1, d - 1))
        else:
            rows.append((Step.MULTIPLY, j, first + choice + 1, i))
            pending += ((first, choice), (first + choice + 1, d - choice - 1))
    return Steps.of_rows(rows)
