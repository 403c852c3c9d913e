"""Repeated elementals: products of the same matrices are computed once and used again. A heuristic.

With entries that coincide, the cheapest computation is NP-complete to find (U. Naumann, *Optimal Jacobian
accumulation is NP-complete*, 2008). Here the least cost of a word w, the row of matrices of a subchain, is

    c(w) = min over w = u v of  fma(u, v) + c(u) + c(v),   c(v) counted only once where u = v,

which finds repeated squaring; whatever else comes twice in the tree that this gives is computed once, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chainorder.costs.exact_fill import ExactFill, FilledResults, OverBudgetError, Words
from chainorder.costs.known_costs import Outline
from chainorder.costs.sampled_fill import SampledFill
from chainorder.costs.steps import Row, Step, Steps
from chainorder.errors import SolverError
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains.estimated import price_by_samples
from chainorder.solvers.chains.lazy import Fill
from chainorder.solvers.chains.plain import MOST_REUSED

Subchain = tuple[int, int]


def solve(chain: Chain) -> Plan:
    """The best order that this heuristic finds, with equal products reused. No claim.

    Raises
    ------
    SolverError
        If an elemental has tangents or adjoints, or the chain has more than 400 elementals.
    """
    if chain.modelled or len(chain) > MOST_REUSED:
        raise SolverError(
            f"reuse takes up to {MOST_REUSED} explicit elementals without tangents and adjoints; use auto"
        )
    outline = Outline(chain)
    fill = outline.fill()
    steps = best_steps(outline, fill)
    assert steps is not None
    why = "products of the same matrices are computed once"
    return Plan.of(chain, steps, solver="reuse", why=why, results=FilledResults(chain, fill))


WORK = 500_000
"""Symbolic multiply–adds that `improve` may spend."""


def improve(plan: Plan) -> Plan | None:
    """A cheaper plan that reuses products, where one is found without much work; None if not.

    Costs are estimated where those of the plan are.
    """
    outline = Outline(plan.chain)
    fill: ExactFill | SampledFill = outline.sampled if plan.estimate is not None else outline.fill(WORK)
    why = f"products of the same matrices are computed once; without, {plan.solver} costs {plan.fma:,} fma"
    try:
        steps = best_steps(outline, fill, plan.fma)
        if steps is None:
            return None
        if isinstance(fill, SampledFill):
            found = price_by_samples(plan.chain, steps, fill, solver="reuse", why=why)
        else:
            found = Plan.of(
                plan.chain, steps, solver="reuse", why=why, results=FilledResults(plan.chain, fill)
            )
    except OverBudgetError:
        return None
    return found if found.fma < plan.fma else None


def best_steps(outline: Outline, fill: Fill, limit: float = float("inf")) -> Steps | None:
    """The steps of the best order found; None if it costs more than the limit."""
    program = _ReuseProgram(fill, Words(outline.chain.sameness()), len(outline.patterns), outline, limit)
    return program.run()


@dataclass
class _ReuseProgram:
    fill: Fill
    words: Words
    length: int
    outline: Outline
    limit: float
    _cost: dict[int, float] = field(init=False, default_factory=dict)
    _split: dict[int, int] = field(init=False, default_factory=dict)

    def run(self) -> Steps | None:
        for i in range(self.length):
            self._cost[self.words[i, i]] = 0
        for d in range(1, self.length):
            for i in range(self.length - d):
                word = self.words[i, i + d]
                if word not in self._cost:
                    self._cost[word] = self._best(i, i + d)
        whole = self.words[0, self.length - 1]
        return None if self._cost[whole] > self.limit else self._steps()

    def _best(self, i: int, j: int) -> float:
        """The least cost of a subchain; infinity beyond the limit."""
        bounds = self.outline.boundaries.products[j == self.length - 1, i == 0]
        splits = sorted((self._halves(i, k, j) + bounds[k], k) for k in range(i, j))
        best = float("inf")
        for floor, k in splits:
            if floor >= best or floor > self.limit:
                break
            cost = self._halves(i, k, j) + self.fill.product(i, k, j)
            if cost < best:
                best, self._split[self.words[i, j]] = cost, k - i
        if best < float("inf"):
            self.fill.split(i, i + self._split[self.words[i, j]], j)
        return best

    def _halves(self, i: int, k: int, j: int) -> float:
        right, left = self.words[i, k], self.words[k + 1, j]
        return self._cost[right] + (0 if left == right else self._cost[left])

    def _steps(self) -> Steps:
        """Each distinct product once, shorter ones first, and behind it the places that reuse it."""
        places: dict[int, list[Subchain]] = {}
        pending = [(0, self.length - 1)]
        while pending:
            i, j = pending.pop()
            if i == j:
                continue
            word = self.words[i, j]
            places.setdefault(word, []).append((i, j))
            if len(places[word]) == 1:
                pending += self._parts(i, j)
        rows: list[Row] = []
        for (i, j), *others in sorted(places.values(), key=lambda each: each[0][1] - each[0][0]):
            k = i + self._split[self.words[i, j]]
            rows.append((Step.MULTIPLY, j + 1, k + 1, i + 1))
            rows += [(Step.REUSE, last + 1, j + 1, first + 1) for first, last in others]
        return Steps.as_listed(rows)

    def _parts(self, i: int, j: int) -> Iterator[Subchain]:
        k = i + self._split[self.words[i, j]]
        yield i, k
        yield k + 1, j
