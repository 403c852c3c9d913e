"""The order that is likely to run in the least time, for sparse chains. A heuristic.

An fma in a dense product takes a fiftieth of the time of one between two compressed matrices, so the order
of the fewest fma need not be the quickest. The model: formats are those of
`chainorder.costs.storage_formats`, rates were measured (`scripts/bench_formats.py`), fill-in is estimated
from 32 samples of each boundary. Where a search would take more than a small part of what the better sweep
takes, and nothing inside is so narrow that it is sure to pay, that is the answer.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from chainorder.costs import guessed_fill
from chainorder.costs.evaluations import check_feasible
from chainorder.costs.known_costs import Outline
from chainorder.costs.sampled_fill import SampledFill
from chainorder.costs.steps import Row, Step, Steps
from chainorder.costs.storage_formats import BESIDE_DENSE, quicker_dense
from chainorder.plans.chain_plan import Plan
from chainorder.problems.chain import Chain
from chainorder.solvers.chains import auto, estimated, sweeps
from chainorder.structures.dense import DensePattern

SAMPLES = 32
"""Inner indices that are looked at for each product: an error of some percent is good enough for a choice."""

DENSE, BESIDE = 0.04, 0.8
"""Nanoseconds of an fma in a dense product, and in a product of a sparse and a dense matrix."""

FMA, ENTRY, LOOKUP, ROW = 3.0, 6.0, 4.0, 8.0
"""Nanoseconds of an fma, an entry of the result, one of the left, and a row, where both are compressed."""

WRITE, TURN = 2.0, 4.0
"""Nanoseconds of a cell of a sparse result that is kept dense, and of a dense matrix left of a sparse one."""

ESTIMATE = 100_000.0
"""Nanoseconds that it takes to estimate a product."""

WORTH = 30
"""How many times as long as the search the better sweep must take, unless a gain is sure."""

FEW = 0.1
"""Error that is stated at least of fma that so few samples tell."""

CLEAR = 0.9
"""What part of the better sweep another order may take, for times that are not better known than that."""

LONGEST = 200
"""Elementals up to which orders other than sweeps are looked at."""


def solve(chain: Chain) -> Plan:
    """The order of the least estimated time. Heuristic; as `auto` where nothing fills in, or with solves.

    Raises
    ------
    InfeasibleError
        If the memory admits no plan.
    """
    if chain.modelled or not Outline.pays(chain) or not guessed_fill.estimable(chain):
        return auto.solve(chain)
    check_feasible(chain)
    outline = Outline(chain, samples=SAMPLES)
    times = Times(outline.sampled)
    forward, reverse = times.sweeps()
    name = "forward" if forward <= reverse else "reverse"
    better, search = min(forward, reverse), times.products() * ESTIMATE
    if not (search * WORTH <= better or _surely_gains(outline, search, better)):
        return _sweep(outline, name, f"the {name} sweep takes less time than to look for a better order")
    best, steps = times.best()
    if best > CLEAR * better:
        return _sweep(outline, name, f"no order is clearly quicker than the {name} sweep, by estimates")
    why = "the least time by estimates of fill-in and of what products take in their formats"
    return _doubted(estimated.price_by_samples(chain, steps, outline.sampled, solver="quickest", why=why))


def _surely_gains(outline: Outline, search: float, better: float) -> bool:
    """Whether multiplying outwards from something narrow takes half of a sweep at most, search and all."""
    return search < better / 2 and search + BESIDE * outline.most < better / 2


def _sweep(outline: Outline, name: str, why: str) -> Plan:
    """A sweep, priced exactly where it begins with a full matrix: then nothing fills in."""
    chain = outline.chain
    if guessed_fill.is_full(outline.patterns[0 if name == "forward" else -1]):
        made = sweeps.forward(chain) if name == "forward" else sweeps.reverse(chain)
    else:
        made = estimated.sweep(outline, name)
    return _doubted(replace(made, solver="quickest", why=why))


def _doubted(plan: Plan) -> Plan:
    """The same; equal counts of a few samples are no proof that all are equal."""
    if plan.estimate is None:
        return plan
    return replace(plan, estimate=replace(plan.estimate, error=max(plan.estimate.error, FEW)))


@dataclass(frozen=True, slots=True)
class _Look:
    """How a Jacobian is stored: its shape, entries, and whether they fill a dense array."""

    height: int
    width: int
    entries: float
    dense: bool

    def beside_dense(self) -> _Look:
        """The same as a factor of a dense matrix."""
        if self.dense or not quicker_dense((self.height, self.width), int(self.entries), BESIDE_DENSE):
            return self
        return _Look(self.height, self.width, self.height * self.width, dense=True)


@dataclass
class Times:
    """Nanoseconds of the products of a chain; subchains are i..j, elementals counted from 0."""

    sampled: SampledFill
    _looks: dict[Hashable, _Look] = field(init=False, default_factory=dict)

    @property
    def last(self) -> int:
        """The last elemental."""
        return len(self.sampled.patterns) - 1

    def sweeps(self) -> tuple[float, float]:
        """The forward and the reverse sweep."""
        places = range(self.last)
        forward = sum(self.product(0, k, k + 1) for k in places)
        return forward, sum(self.product(k, k, self.last) for k in places)

    def products(self) -> float:
        """How many different products there are at most."""
        if self.last >= LONGEST:
            return float("inf")
        subchains = ((i, j) for i in range(self.last + 1) for j in range(i, self.last + 1))
        lengths = {self.sampled.words[i, j]: j - i for i, j in subchains}
        return sum(lengths.values())

    def product(self, i: int, k: int, j: int) -> float:
        """The product of the subchains k+1..j and i..k."""
        right, left = self._look(i, k), self._look(k + 1, j)
        if not left.entries or not right.entries:  # free, or empty
            return 0.0
        if left.dense or right.dense:
            left, right = left.beside_dense(), right.beside_dense()
            rate = DENSE if left.dense and right.dense else BESIDE
            turned = 0.0 if right.dense else TURN * left.entries
            return rate * left.entries * right.entries / right.height + turned
        whole = self._look(i, j)
        written = 0.0 if (i, j) == (0, self.last) or not whole.dense else WRITE * whole.entries
        fma = self.sampled.estimate(i, k, j)
        entries = min(fma, whole.entries)
        looked_up = LOOKUP * left.entries + ROW * min(left.height, right.width)
        return FMA * fma + ENTRY * entries + looked_up + written

    def _look(self, i: int, j: int) -> _Look:
        # Subchains at an end are all different; their words would take O(length²) to make.
        key = (i, j) if i == 0 or j == self.last else self.sampled.words[i, j]
        if key not in self._looks:
            self._looks[key] = self._looked_at(i, j)
        return self._looks[key]

    def _looked_at(self, i: int, j: int) -> _Look:
        first, last = self.sampled.patterns[i], self.sampled.patterns[j]
        height, width = last.shape[0], first.shape[1]
        if guessed_fill.is_full(first) or guessed_fill.is_full(last):
            return _Look(height, width, height * width, dense=True)
        entries = self.sampled.entries(i, j)
        if i == j:
            return _Look(height, width, entries, isinstance(first, DensePattern))
        if quicker_dense((height, width), entries):
            return _Look(height, width, height * width, dense=True)
        return _Look(height, width, entries, dense=False)

    def best(self) -> tuple[float, Steps]:
        """The least time and its order: the dynamic program, once for all subchains that are alike."""
        words = self.sampled.words
        costs = {words[place, place]: 0.0 for place in range(self.last + 1)}
        splits: dict[int, int] = {}
        for d in range(1, self.last + 1):
            for i in range(self.last + 1 - d):
                word = words[i, i + d]
                if word in costs:
                    continue
                options = (
                    (costs[words[i, k]] + costs[words[k + 1, i + d]] + self.product(i, k, i + d), k - i)
                    for k in range(i, i + d)
                )
                costs[word], splits[word] = min(options)
        rows: list[Row] = []
        pending = [(0, self.last)]
        while pending:
            i, j = pending.pop()
            if i < j:
                k = i + splits[words[i, j]]
                rows.append((Step.MULTIPLY, j + 1, k + 1, i + 1))
                pending += [(i, k), (k + 1, j)]
        return costs[words[0, self.last]], Steps.of_rows(rows)
