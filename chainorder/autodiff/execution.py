"""Running a plan on the Jacobians of a traced function: what does not depend on the framework."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from chainorder.autodiff.pieces import Kind, Part
from chainorder.costs.steps import Instruction, Place, replay
from chainorder.execution.arrays import Arrays, Factor, Framework
from chainorder.execution.backends import Evaluated
from chainorder.plans.chain_plan import Plan
from chainorder.structures.pattern import Pattern

TRACED_ENTRIES = 2**27
"""Entries of the directions that are in flight at once by default: 1 GiB of float64."""

AnyPart = TypeVar("AnyPart", bound=Part[Any, Any])


class Executor(Arrays[AnyPart, AnyPart], Generic[AnyPart]):
    """A backend whose elementals are parts of a traced function; a subclass evaluates them.

    Parameters
    ----------
    framework
        Where arrays live.
    parts
        Those of the plan's chain, input first.
    chunk
        Entries of the directions that are in flight at once.
    """

    def __init__(self, framework: Framework, parts: Sequence[AnyPart], chunk: int) -> None:
        self.framework, self.parts, self.chunk = framework, parts, chunk

    def execute(self, plan: Plan) -> Factor:
        """The Jacobian of the whole chain."""
        chain = plan.chain

        def make(instruction: Instruction[Place], operands: list[Factor]) -> Factor:
            number = instruction.through
            part = None if number is None else self.parts[number - 1]
            own = None if number is None else chain.pattern(number)
            return self.carry_out(instruction, operands, part, own).result

        explicit = [n for n, part in enumerate(self.parts, 1) if part.piece.kind.explicit]
        live = {(n, n): self.take(self.parts[n - 1]) for n in explicit}
        for _ in replay(plan.operations.steps.instructions(), live, make):
            pass
        (whole,) = live.values()
        return whole

    def take(self, matrix: AnyPart) -> Factor:
        segment = matrix.segment
        known = None if matrix.piece.kind is Kind.VIEW else self.matrix(matrix)
        return Factor(known, segment.structure.pattern(segment.outputs, segment.inputs))

    def tangents(self, model: AnyPart, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        return self._diagonal(model, right, pattern) or self.along_columns(model, right, pattern)

    def adjoints(self, model: AnyPart, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        return self._diagonal(model, left, pattern) or self.along_rows(model, left, pattern)

    def _diagonal(self, part: AnyPart, other: Factor | None, pattern: Pattern) -> Evaluated[Factor] | None:
        """What is accumulated by one evaluation; None if that cannot be."""
        if other is not None or part.piece.kind is not Kind.ELEMENTWISE:
            return None
        return Evaluated(Factor(self.diagonal(part), pattern), 1)

    def seeds(self, factor: Factor | None, size: int, like: Any) -> Any:
        """A Jacobian as a matrix, an identity of that size if None."""
        return self.framework.identity(size, like) if factor is None else self.framework.matrix(factor, like)

    def width(self, part: AnyPart, entries: int) -> int:
        """How many directions may be in flight where the largest value of a part has some entries."""
        return max(1, self.chunk // max(1, entries, part.segment.inputs, part.segment.outputs))

    @abstractmethod
    def matrix(self, part: AnyPart) -> Any:
        """The Jacobian of a product, its columns in the order of the part's source."""

    @abstractmethod
    def diagonal(self, part: AnyPart) -> Any:
        """The diagonal of what stays in place, by one evaluation."""

    @abstractmethod
    def along_columns(self, part: AnyPart, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        """The part's Jacobian times another, a matrix of some pattern: a tangent for each of its columns."""

    @abstractmethod
    def along_rows(self, part: AnyPart, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        """Another Jacobian times the part's, a matrix of some pattern: an adjoint for each of its rows."""
