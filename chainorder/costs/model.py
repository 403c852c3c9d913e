"""Cost models: what fills the tables of solvers with exact integers.

Solvers add integers and compare them, and never ask what they mean. A new model is a subclass of `CostModel`
that prices a product and an evaluation; that is enough for the dynamic program, the exhaustive search and the
searches on several machines. What it knows beyond that (closed forms for all subchains of a length, bounds
that spare patterns) it may tell, too.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainorder.costs.evaluations import Accumulation, accumulation
from chainorder.costs.steps import Step
from chainorder.problems.chain import Chain
from chainorder.problems.elementals import ModelCosts
from chainorder.structures.pattern import Pattern

if TYPE_CHECKING:
    from chainorder.costs.known_costs import Outline
    from chainorder.costs.profile import Profile
    from chainorder.costs.tables import CostTables, Table


class CostModel(ABC):
    """What operations cost, as exact integers of at least 0.

    Attributes
    ----------
    unit
        What the integers count.
    cubic
        Whether a product of dense m × k and k × n matrices costs m · k · n: then there are closed forms.
    sums
        Whether adding Jacobians costs anything.
    profile
        That of the machine whose time it is; None of what is no time.
    """

    unit: ClassVar[str]
    cubic: ClassVar[bool] = False
    sums: ClassVar[bool] = False
    profile: Profile | None = None

    @abstractmethod
    def product(self, left: Pattern, right: Pattern) -> int:
        """What a product costs."""

    @abstractmethod
    def evaluation(self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None) -> int | None:
        """What a step through an elemental by its models costs, or its accumulation.

        None if there is no such model, or its tape exceeds the memory.
        """

    def check_known(self, kind: ModelCosts, called: str, memory: int | None) -> None:
        """Raise `SolverError` if it does not know what having a Jacobian, `called` so in errors, costs."""
        return

    def least_product(self, left: Pattern, right: Pattern) -> int:
        """What a product costs at least whose factors have these positions, and perhaps others.

        By default what `product` says: right where more positions never make a product cheaper.
        """
        return self.product(left, right)

    def sum(self, first: Pattern, second: Pattern, both: Pattern) -> int:
        """What adding two Jacobians costs, whose union is `both`; needs `sums`."""
        return 0

    def least_evaluation(
        self, kind: ModelCosts, step: Step, result: Pattern, memory: int | None
    ) -> int | None:
        """What `evaluation` costs at least for a result that has these positions, and perhaps others."""
        return None if self.evaluation(kind, step, result, memory) is None else 0

    def accumulation(self, kind: ModelCosts, pattern: Pattern, memory: int | None) -> Accumulation | None:
        """The cheaper accumulation of an elemental of this kind and pattern; None if there is none."""
        return accumulation(kind, pattern, memory, self.evaluation)

    def tables(self, chain: Chain) -> CostTables:
        """The costs of all subchains: by default every operation is asked for, O(n³) of them."""
        return AskedTables(self, chain)

    def outline(self, chain: Chain) -> Outline | None:
        """What is known of a chain whose patterns are worth not making; None if all are made."""
        return None


class AskedTables:
    """The tables of any model: every operation on every subchain is priced."""

    never: Any = math.inf
    dtype: np.dtype[Any] = np.dtype(object)

    def __init__(self, model: CostModel, chain: Chain) -> None:
        self.model, self.chain = model, chain
        self.length = n = len(chain)
        self._patterns: list[list[Pattern]] = []  # by first elemental, and elementals after it
        for i in range(n):
            pattern = chain.pattern(i + 1)
            self._patterns.append([pattern])
            for j in range(i + 1, n):
                pattern = chain.pattern(j + 1) @ pattern
                self._patterns[i].append(pattern)
        kinds = [chain.kind_of(number) for number in range(1, n + 1)]
        self.accumulations: Sequence[Accumulation | None] = [
            None if kind.explicit else model.accumulation(kind, row[0], chain.memory)
            for kind, row in zip(kinds, self._patterns, strict=True)
        ]

    def leaves(self) -> Table:
        return np.array([0 if each is None else each.cost for each in self.accumulations], object)

    def products(self, d: int, out: Table) -> None:
        for i in range(self.length - d):
            for t in range(d):
                out[i, t] = self.model.product(self._patterns[i + t + 1][d - t - 1], self._patterns[i][t])

    def tangent_steps(self, d: int) -> Table | None:
        return self._steps(Step.TANGENT, d, d)

    def adjoint_steps(self, d: int) -> Table | None:
        return self._steps(Step.ADJOINT, d, 0)

    def _steps(self, step: Step, d: int, stepped: int) -> Table | None:
        if not self.chain.modelled:
            return None
        costs = []
        for i in range(self.length - d):
            kind = self.chain.kind_of(i + stepped + 1)
            costs.append(self.model.evaluation(kind, step, self._patterns[i][d], self.chain.memory))
        return np.array([self.never if cost is None else cost for cost in costs], object)

    def entries(self, d: int) -> Table:
        return np.array([self._patterns[i][d].entries for i in range(self.length - d)], object)
