"""Backends of frameworks that multiply dense arrays: an identity or a diagonal is kept as such."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from chainorder.execution.backends import Backend, Evaluated, Map, Matrix, Settings
from chainorder.execution.memory import check_memory
from chainorder.execution.model import Model, by_adjoints, by_tangents
from chainorder.execution.operand import Array, BandOperand, DenseOperand, IdentityOperand, Operand
from chainorder.structures.dense import DensePattern
from chainorder.structures.pattern import Pattern


@dataclass(frozen=True, eq=False)
class Factor:
    """The Jacobian of a subchain in a framework.

    Attributes
    ----------
    values
        A matrix (outputs × inputs), a diagonal's vector, or None (identity).
    pattern
        Where it may be nonzero.
    """

    values: Any
    pattern: Pattern

    @property
    def diagonal(self) -> bool:
        """Whether it is kept as a diagonal."""
        return self.values is not None and self.values.ndim == 1

    @property
    def format(self) -> str:
        """Name of the representation."""
        return "identity" if self.values is None else "diagonal" if self.diagonal else "dense"


class Framework(ABC):
    """Where arrays live."""

    @abstractmethod
    def from_host(self, array: Array) -> Any:
        """An array of NumPy as one of the framework."""

    @abstractmethod
    def to_host(self, array: Any) -> Array:
        """The other way."""

    @abstractmethod
    def identity(self, size: int, like: Any = None) -> Any:
        """An identity, of the type (and on the device) of `like`."""

    @abstractmethod
    def diagonal(self, vector: Any) -> Any:
        """The square matrix of a diagonal."""

    def settled(self, array: Any) -> Any:
        """The same array when it has been computed, where that is not at once."""
        return array

    def matrix(self, factor: Factor, like: Any = None) -> Any:
        """A Jacobian as a matrix."""
        if factor.values is None:
            return self.identity(factor.pattern.shape[0], like)
        return self.diagonal(factor.values) if factor.diagonal else factor.values


class Arrays(Backend[Matrix, Map, Factor], Generic[Matrix, Map]):
    """Products and sums of arrays; what evaluates elementals is the business of subclasses."""

    framework: Framework

    def multiply(self, left: Factor, right: Factor) -> Factor:
        return Factor(_product(left, right), left.pattern @ right.pattern)

    def add(self, left: Factor, right: Factor) -> Factor:
        pattern = left.pattern | right.pattern
        if left.diagonal and right.diagonal:
            return Factor(left.values + right.values, pattern)
        kept = left if left.values is not None else right
        first, second = (self.framework.matrix(each, kept.values) for each in (left, right))
        return Factor(first + second, pattern)

    def to_host(self, value: Factor) -> Operand:
        if value.values is None:
            return IdentityOperand(value.pattern.shape[0])
        values = self.framework.to_host(value.values)
        if value.diagonal:
            return BandOperand(0, 0, values[None, :])
        filled = DensePattern(*values.shape)
        known = isinstance(value.pattern, DensePattern) and value.pattern.full
        return DenseOperand(values, filled, None if known else value.pattern)


def _product(left: Factor, right: Factor) -> Any:
    if left.values is None or right.values is None:
        return right.values if left.values is None else left.values
    if left.diagonal and not right.diagonal:
        return left.values[:, None] * right.values
    if left.diagonal or right.diagonal:
        return left.values * right.values
    return left.values @ right.values


class HostArrays(Arrays[Operand, Model]):
    """Arrays of a framework; the models of elementals are evaluated by NumPy.

    Parameters
    ----------
    framework
        Where products and sums are computed.
    settings
        How operations run.
    """

    def __init__(self, framework: Framework, settings: Settings) -> None:
        self.framework, self.settings = framework, settings

    def multiply(self, left: Factor, right: Factor) -> Factor:
        product = super().multiply(left, right)
        return Factor(self.framework.settled(product.values), product.pattern)

    def take(self, matrix: Operand) -> Factor:
        """Raises `ExecutionError` if it would not fit this machine as an array."""
        match matrix:
            case IdentityOperand():
                values = None
            case BandOperand(format="diagonal", diagonals=diagonals):
                values = self.framework.from_host(diagonals[0])
            case _:
                rows, columns = matrix.pattern.shape
                check_memory(rows * columns)
                stored = matrix.matrix()
                dense = stored if isinstance(stored, np.ndarray) else stored.toarray()
                values = self.framework.from_host(dense)
        return Factor(values, matrix.pattern)

    def tangents(self, model: Model, right: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        operand = None if right is None else self.to_host(right)
        return self._taken(by_tangents(model, operand, pattern, self.settings.chunk))

    def adjoints(self, model: Model, left: Factor | None, pattern: Pattern) -> Evaluated[Factor]:
        operand = None if left is None else self.to_host(left)
        return self._taken(by_adjoints(model, operand, pattern, self.settings.chunk))

    def _taken(self, done: Evaluated[Operand]) -> Evaluated[Factor]:
        return Evaluated(self.take(done.result), done.evaluations)
