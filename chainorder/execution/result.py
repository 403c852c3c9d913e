"""What came of a plan: the Jacobian, what it took, and the checks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainorder.execution.checks import (
    Check,
)
from chainorder.execution.operations import (
    OperationRecord,
)
from chainorder.execution.provenance import Printed, Provenance
from chainorder.plans.chain_operations import Operation
from chainorder.plans.chain_plan import Plan

TOLERANCE = 1e-9
"""Relative error that passes by default: far above rounding, far below any mistake."""

FULL_CHECK = 4
"""How many times the plan's own cost a full comparison with another order may take."""


@dataclass(frozen=True, eq=False, repr=False)
class Execution(Printed):
    """What came of running a plan.

    Attributes
    ----------
    plan
        The plan.
    jacobian
        F', shape (outputs, inputs): a NumPy array, or a `scipy.sparse.csr_array` where it was computed
        sparse.
    fma
        Counted over all operations.
    seconds
        Wall time of all operations, without making Jacobians and checking.
    peak_memory
        The most stored matrix entries live at once.
    records
        One for each operation.
    checks
        Every comparison that was made.
    symbolic
        Whether counts are of symbolic patterns.
    provenance
        Where the elemental Jacobians came from; `source` is that in a word.
    """

    plan: Plan
    jacobian: Any
    fma: int
    seconds: float
    peak_memory: int
    records: tuple[OperationRecord[Operation], ...]
    checks: tuple[Check, ...] = ()
    symbolic: bool = True
    provenance: Provenance = Provenance()

    @property
    def title(self) -> str:
        """The chain in a line."""
        return self.plan.chain.title

    @property
    def passed(self) -> bool:
        """Whether every check passed and the counts are those of the plan, if that has exact ones."""
        exact = self.plan.estimate is None and self.symbolic
        counted = self.fma == self.plan.fma and self.peak_memory == self.plan.peak_memory
        return (counted or not exact) and all(check.passed for check in self.checks)
