"""The dynamic program where a cost is expensive to know: costs are asked for only where a bound leaves them
open.

The recurrence is that of `chainorder.solvers.chains.dynamic`. Two bounds keep it from asking for all costs:

- A split is looked at only while the costs of its halves and a lower bound of their product are below the
  best split found for that subchain; splits are tried in that order.
- A subchain is given up where it costs, together with lower bounds of all products outside of it, more than
  some order of the whole chain. Nothing that contains it as an intermediate result is then ever asked for.

Both only skip what cannot be better, so the answer is as exact as the costs are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from chainorder.costs.exact_fill import Words
from chainorder.costs.product_bounds import Boundaries
from chainorder.costs.steps import Row, Step, Steps
from chainorder.costs.tables import Models, Table

SMALL = 2.0**60
"""Costs up to which sums of a few fit int64."""


class Fill(Protocol):
    """Costs that are worth not asking for; subchains are i..j, elementals counted from 0."""

    @property
    def words(self) -> Words:
        """Which subchains are alike."""

    def product(self, i: int, k: int, j: int) -> int:
        """What the product of the subchains k+1..j and i..k costs."""

    def tangents(self, i: int, j: int) -> int:
        """How many tangents yield the Jacobian of the subchain i..j."""

    def adjoints(self, i: int, j: int) -> int:
        """How many adjoints do."""

    def split(self, i: int, k: int, j: int) -> None:
        """Take note that the subchain i..j is best split behind k."""


Choice = tuple[Step, int]
"""The last step of a subchain, and how many elementals beyond one its first part has."""


@dataclass
class LazyProgram:
    """One run of the dynamic program.

    Attributes
    ----------
    fill
        The costs.
    boundaries
        Their bounds.
    models
        Tangents and adjoints; None if all elementals are explicit without any.
    limit
        What some order of the whole chain costs at most.
    """

    fill: Fill
    boundaries: Boundaries
    models: Models | None
    limit: float
    _choice: dict[tuple[int, int], Choice] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        n = self.length
        small = self.limit < SMALL
        self._never: Any = int(self.limit) + 1 if small else np.inf
        dtype: Any = np.int64 if small else object
        # As in the full tables: least costs by start and length, and by end and length, the longest first.
        self._by_start = np.full((n, n), self._never, dtype)
        self._by_end = np.full((n, n), self._never, dtype)
        tangents = [self._stepping(Step.TANGENT, k + 1, self.boundaries.tangents[k]) for k in range(n - 1)]
        adjoints = [self._stepping(Step.ADJOINT, k, self.boundaries.adjoints[k]) for k in range(n - 1)]
        products = self.boundaries.products
        crossed = [min(bounds) for bounds in zip(products[True, True], tangents, adjoints, strict=True)]
        self._tangents, self._adjoints = self._column(tangents), self._column(adjoints)
        self._products = {ends: self._column(bounds) for ends, bounds in products.items()}
        self._before = list(accumulate(crossed, initial=0))

    @property
    def length(self) -> int:
        """Elementals."""
        return len(self.boundaries.tangents) + 1

    def _column(self, bounds: Sequence[Any]) -> Table:
        return np.array([min(bound, self._never) for bound in bounds], self._by_start.dtype)

    def _stepping(self, step: Step, place: int, evaluations: int) -> Any:
        """What a step through an elemental with that many evaluations costs."""
        cost = None if self.models is None else self.models.stepping(step, place, evaluations)
        return self._never if cost is None else cost

    def run(self) -> Steps | None:
        """The steps of a best order; None if every order costs more than the limit."""
        n = self.length
        for place in range(n):
            accumulation = None if self.models is None else self.models.accumulations[place]
            self._record(place, place, 0 if accumulation is None else min(accumulation.cost, self._never))
        known: dict[int, tuple[int, Choice]] = {}
        for d in range(1, n):
            for i, floors in self._open(d):
                word = self.fill.words[i, i + d]
                found = known[word] if word in known else self._best(i, i + d, floors)
                if found is not None:
                    known[word] = found
                    self._record(i, i + d, found[0])
                    self._choice[i, i + d] = found[1]
        return self._steps() if n == 1 or (0, n - 1) in self._choice else None

    def _record(self, i: int, j: int, cost: Any) -> None:
        self._by_start[i, j - i] = self._by_end[j, self.length - 1 - j + i] = cost

    def _limit(self, i: int, j: int) -> Any:
        """What a subchain may cost: the limit of the whole chain without the products outside."""
        return self.limit - self._before[i] - self._before[-1] + self._before[j]

    def _open(self, d: int) -> Iterator[tuple[int, Table]]:
        """Subchains of d + 1 elementals that some order within the limit may make, and their lower bounds.

        The bounds are those of the d splits, then of the tangent step and the adjoint step.
        """
        n = self.length
        rows = n - d
        floors = np.empty((rows, d + 2), self._by_start.dtype)
        np.add(self._by_start[:rows, :d], self._by_end[d:, n - d :], out=floors[:, :d])
        floors[1:-1, :d] += np.lib.stride_tricks.sliding_window_view(self._products[False, False], d)[1:-1]
        floors[0, :d] += self._products[rows == 1, True][:d]
        if rows > 1:
            floors[-1, :d] += self._products[True, False][rows - 1 :]
        floors[:, d] = self._by_start[:rows, d - 1] + self._tangents[d - 1 :]
        floors[:, d + 1] = self._by_end[d:, n - d] + self._adjoints[:rows]
        for i, least in enumerate(floors.min(axis=1).tolist()):
            if least <= self._limit(i, i + d) and least < self._never:
                yield i, floors[i]

    def _best(self, i: int, j: int, floors: Table) -> tuple[int, Choice] | None:
        """The least cost of a subchain and its choice; None if no order within the limit makes it."""
        d, limit = j - i, self._limit(i, j)
        best: tuple[int, Choice] | None = None
        for place in np.argsort(floors, kind="stable").tolist():
            floor = floors[place]
            if floor > limit or floor >= self._never or (best is not None and floor >= best[0]):
                break
            cost, choice = self._cost(i, j, place if place < d else place - d - 2)
            if cost <= limit and (best is None or cost < best[0]):
                best = cost, choice
        if best is not None and best[1][0] is Step.MULTIPLY:
            self.fill.split(i, i + best[1][1], j)
        return best

    def _cost(self, i: int, j: int, place: int) -> tuple[int, Choice]:
        """What an alternative for a subchain costs: a split, (−2) a tangent step or (−1) an adjoint step."""
        if place == -2:
            rest = int(self._by_start[i, j - i - 1])
            return rest + self._stepping(Step.TANGENT, j, self.fill.tangents(i, j)), (
                Step.TANGENT,
                j - i - 1,
            )
        if place == -1:
            rest = int(self._by_start[i + 1, j - i - 1])
            return rest + self._stepping(Step.ADJOINT, i, self.fill.adjoints(i, j)), (Step.ADJOINT, 0)
        k = i + place
        halves = int(self._by_start[i, place]) + int(self._by_start[k + 1, j - k - 1])
        return halves + self.fill.product(i, k, j), (Step.MULTIPLY, place)

    def _steps(self) -> Steps:
        rows: list[Row] = []
        pending = [(0, self.length - 1)]
        while pending:
            first, last = pending.pop()
            if first == last:
                accumulation = None if self.models is None else self.models.accumulations[first]
                rows += [] if accumulation is None else [(accumulation.step, first + 1, 0, first + 1)]
                continue
            step, rest = self._choice[first, last]
            k = first + rest
            rows.append((step, last + 1, k + 1, first + 1))
            pending += [(first, k)] if step is not Step.ADJOINT else []
            pending += [(k + 1, last)] if step is not Step.TANGENT else []
        return Steps.of_rows(rows)
