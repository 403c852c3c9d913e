"""Running a plan on the Jacobians of a traced function: what does not depend on the framework."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from chainorder.autodiff.pieces import Kind, Piece
from chainorder.costs.steps import Instruction, Place, replay
from chainorder.execution.arrays import Arrays, Factor, Framework
from chainorder.execution.backends import Evaluated
from chainorder.plans.chain_plan import Plan
from chainorder.structures.pattern import Pattern

TRACED_ENTRIES = 2**27
"""Entries of the directions that are in flight at once by default: 1 GiB of float64."""

SomePiece = TypeVar("SomePiece", bound=Piece[Any, Any])


class Executor(Arrays[SomePiece, SomePiece], Generic[SomePiece]):
    """A backend whose elementals are pieces of a traced function; a subclass evaluates them.

    Parameters
    ----------
    framework
        Where arrays live.
    pieces
        Those of the plan's chain, input first.
    chunk
        Entries of the directions that are in flight at once.
    """

    def __init__(self, framework: Framework, pieces: Sequence[SomePiece], chunk: int) -> None:
        self.framework, self.pieces, self.chunk = framework, pieces, chunk

    def execute(self, plan: Plan) -> Factor:
        """The Jacobian of the whole chain."""
        chain = plan.chain

        def make(instruction: Instruction[Place], operands: list[Factor]) -> Factor:
            number = instruction.through
            piece = None if number is None else self.pieces[number - 1]
            own = None if number is None else chain.pattern(number)
            return self.carry_out(instruction, operands, piece, own).result

        explicit = [n for n, piece in enumerate(self.pieces, 1) if piece.explicit]
        live = {(n, n): self.take(self.pieces[n - 1]) for n in explicit}
        for _ in replay(plan.operations.steps.instructions(), live, make):
            pass
        (whole,) = live.values()
        return whole

    def take(self, matrix: SomePiece) -> Factor:
        known = None if matrix.kind is Kind.VIEW else self.matrix(matrix)
        return Factor(known, matrix.structure.pattern(matrix.outputs, matrix.inputs))

    def tangents(self, model: SomePiece, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        return self._diagonal(model, right, pattern) or self.along_columns(model, right, pattern)

    def adjoints(self, model: SomePiece, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        return self._diagonal(model, left, pattern) or self.along_rows(model, left, pattern)

    def _diagonal(self, piece: SomePiece, other: Factor | None, pattern: Pattern) -> Evaluated[Factor] | None:
        """What is accumulated by one evaluation; None if that cannot be."""
        if other is not None or piece.kind is not Kind.ELEMENTWISE:
            return None
        return Evaluated(Factor(self.diagonal(piece), pattern), 1)

    def seeds(self, factor: Factor | None, size: int, like: Any) -> Any:
        """A Jacobian as a matrix, an identity of that size if None."""
        return self.framework.identity(size, like) if factor is None else self.framework.matrix(factor, like)

    def width(self, piece: SomePiece, entries: int) -> int:
        """How many directions may be in flight where the largest value of a piece has some entries."""
        return max(1, self.chunk // max(1, entries, piece.inputs, piece.outputs))

    @abstractmethod
    def matrix(self, piece: SomePiece) -> Any:
        """The Jacobian of a product, its columns in the order of the piece's source."""

    @abstractmethod
    def diagonal(self, piece: SomePiece) -> Any:
        """The diagonal of what stays in place, by one evaluation."""

    @abstractmethod
    def along_columns(self, piece: SomePiece, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        """The piece's Jacobian times another, a matrix of some pattern: a tangent for each of its columns."""

    @abstractmethod
    def along_rows(self, piece: SomePiece, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        """Another Jacobian times the piece's, a matrix of some pattern: an adjoint for each of its rows."""
