"""Running a plan on the Jacobians of a traced function: what does not depend on the framework."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainorder.autodiff.pieces import Kind, Part
from chainorder.costs.steps import Action
from chainorder.plans.chain_operations import Operation
from chainorder.plans.chain_plan import Plan
from chainorder.structures.pattern import Pattern

CHUNK_ENTRIES = 2**27
"""Entries of the directions that are in flight at once by default: 1 GiB of float64."""


@dataclass(frozen=True, eq=False)
class Factor:
    """The Jacobian of a subchain: a matrix (outputs × inputs), a diagonal's vector, or None (identity)."""

    values: Any = None

    @property
    def diagonal(self) -> bool:
        """Whether it is a diagonal."""
        return self.values is not None and self.values.ndim == 1

    def __matmul__(self, right: Factor) -> Factor:
        if self.values is None or right.values is None:
            return right if self.values is None else self
        if self.diagonal and not right.diagonal:
            return Factor(self.values[:, None] * right.values)
        if self.diagonal or right.diagonal:
            return Factor(self.values * right.values)
        return Factor(self.values @ right.values)


class Executor(ABC):
    """The Jacobians that are live while a plan runs; a subclass evaluates the parts in its framework.

    Parameters
    ----------
    parts
        Those of the plan's chain, input first.
    chunk
        Entries of the directions that are in flight at once.
    """

    def __init__(self, parts: Sequence[Part[Any, Any]], chunk: int) -> None:
        self.parts, self.chunk = parts, chunk
        self.live: dict[tuple[int, int], tuple[Factor, Pattern]] = {}

    def execute(self, plan: Plan) -> Factor:
        """The Jacobian of the whole chain."""
        own = [plan.chain.pattern(number) for number in range(1, len(self.parts) + 1)]
        for number, part in enumerate(self.parts, 1):
            if part.piece.kind.explicit:
                known = None if part.piece.kind is Kind.VIEW else self.matrix(part)
                self.live[number, number] = Factor(known), own[number - 1]
        for operation in plan.operations:
            self.live[operation.j, operation.i] = self._result(operation, own)
        return self.live[len(self.parts), 1][0]

    def _result(self, operation: Operation, own: Sequence[Pattern]) -> tuple[Factor, Pattern]:
        j, k, i = operation.j, operation.k, operation.i
        match operation.action, operation.mode:
            case Action.MULTIPLY, _ if k is not None:
                (left, rows), (right, columns) = self.live.pop((j, k + 1)), self.live.pop((k, i))
                return left @ right, rows @ columns
            case Action.TANGENT, _:
                right, columns = self.live.pop((j - 1, i))
                pattern = own[j - 1] @ columns
                return Factor(self.tangents(self.parts[j - 1], right, pattern)), pattern
            case Action.ADJOINT, _:
                left, rows = self.live.pop((j, i + 1))
                pattern = rows @ own[i - 1]
                return Factor(self.adjoints(self.parts[i - 1], left, pattern)), pattern
            case _, mode:
                part, pattern = self.parts[i - 1], own[i - 1]
                if part.piece.kind is Kind.PLACED:
                    return Factor(self.diagonal(part)), pattern
                evaluate = self.tangents if mode == "tangent" else self.adjoints
                return Factor(evaluate(part, Factor(), pattern)), pattern

    def width(self, part: Part[Any, Any], entries: int) -> int:
        """How many directions may be in flight where the largest value of a part has some entries."""
        return max(1, self.chunk // max(1, entries, part.segment.inputs, part.segment.outputs))

    @abstractmethod
    def matrix(self, part: Part[Any, Any]) -> Any:
        """The Jacobian of a product, its columns in the order of the part's source."""

    @abstractmethod
    def diagonal(self, part: Part[Any, Any]) -> Any:
        """The diagonal of what stays in place, by one evaluation."""

    @abstractmethod
    def tangents(self, part: Part[Any, Any], right: Factor, pattern: Pattern) -> Any:
        """The part's Jacobian times another, a matrix of some pattern: a tangent for each of its columns."""

    @abstractmethod
    def adjoints(self, part: Part[Any, Any], left: Factor, pattern: Pattern) -> Any:
        """Another Jacobian times the part's, a matrix of some pattern: an adjoint for each of its rows."""
